// The parts of undici that src/http/proxy.ts uses. A separate file, because most runs, and the library, use no proxy.
import ProxyAgent from 'undici/lib/dispatcher/proxy-agent.js';

export { buildConnector, Pool } from './undici.js';
export { ProxyAgent };
