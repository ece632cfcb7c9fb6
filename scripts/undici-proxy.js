// The parts of undici that src/http/proxy.ts uses. In a file of their own, because the library and most runs need no proxy.
import ProxyAgent from 'undici/lib/dispatcher/proxy-agent.js';

export { buildConnector, Pool } from './undici.js';
export { ProxyAgent };
