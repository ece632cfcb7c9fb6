// The parts of undici that this program uses, from undici's own files. The build replaces `undici` by this module.
//
// The package's entry loads all of undici, including fetch, WebSocket, mocks and caches, which takes 70 ms of every run
// on Node 20; these parts take 20 ms. What only src/http/proxy.ts uses is in scripts/undici-proxy.js. If src/ needs a part
// that is missing here, the build or a test fails.
import api from 'undici/lib/api/index.js';
import buildConnector from 'undici/lib/core/connect.js';
import Agent from 'undici/lib/dispatcher/agent.js';
import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';
import Pool from 'undici/lib/dispatcher/pool.js';

// Adds `request`, `connect` and so on, as undici's entry does.
Object.assign(Dispatcher.prototype, api);

export { Agent, buildConnector, Dispatcher, Pool };
