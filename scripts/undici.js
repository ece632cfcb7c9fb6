// What this program uses of undici, taken from undici's own files: the build puts it in the place of `undici`.
//
// The package's entry loads everything it has, fetch, WebSocket, mocks and caches included, which takes 70 ms of
// every run on Node 20; these parts take 20. A test holds that all that src/ asks of undici is here.
import connect from 'undici/lib/api/api-connect.js';
import request from 'undici/lib/api/api-request.js';
import buildConnector from 'undici/lib/core/connect.js';
import Agent from 'undici/lib/dispatcher/agent.js';
import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';
import Pool from 'undici/lib/dispatcher/pool.js';
import ProxyAgent from 'undici/lib/dispatcher/proxy-agent.js';

// As undici's entry does it, for all of its methods.
Object.assign(Dispatcher.prototype, { connect, request });

export { Agent, buildConnector, Dispatcher, Pool, ProxyAgent };
