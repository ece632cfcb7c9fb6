// What this program uses of undici, taken from undici's own files: the build puts it in the place of `undici`.
//
// The package's entry loads everything it has, fetch, WebSocket, mocks and caches included, which takes 70 ms of
// every run on Node 20; these parts take 20. What src/ asks for and is not here is an error of the build or of
// a test.
import api from 'undici/lib/api/index.js';
import buildConnector from 'undici/lib/core/connect.js';
import Agent from 'undici/lib/dispatcher/agent.js';
import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';
import Pool from 'undici/lib/dispatcher/pool.js';
import ProxyAgent from 'undici/lib/dispatcher/proxy-agent.js';

// As undici's entry does it: `request`, `connect` and the like.
Object.assign(Dispatcher.prototype, api);

export { Agent, buildConnector, Dispatcher, Pool, ProxyAgent };
