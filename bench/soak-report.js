/**
 * Loaded into the real program through NODE_OPTIONS: appends its memory, sockets, timers and listeners to a file every
 * second, as one line of JSON.
 *
 * Collects garbage first, so that only what is still referenced is counted. Its own timer is not counted.
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
