/**
 * Loaded into the real program by NODE_OPTIONS: says every second, a line of JSON each, what it holds.
 *
 * Its own timer is not counted, and garbage is collected first: what is left is what is held.
 */
import { appendFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');

setInterval(() => {
  gc();
  const { rss, heapUsed } = process.memoryUsage();
  const resources = process.getActiveResourcesInfo();
  const count = (name) => resources.filter((resource) => resource === name).length;
  const listeners = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
  const sample = {
    rss: rss / 2 ** 20,
    heap: heapUsed / 2 ** 20,
    sockets: count('TCPSocketWrap'),
    timers: count('Timeout'),
    listeners,
  };
  appendFileSync(process.env.SOAK_FILE, `${JSON.stringify(sample)}\n`);
}, 1000).unref();
