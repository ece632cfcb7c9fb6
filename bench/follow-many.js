// Follows many labs at once through the library, and prints the cost as JSON.
import { Agent } from 'undici';
import { followEvents, LabClient } from 'nublado-lab';

const [, , origin, countText] = process.argv;
const count = Number(countText);
// A thousand streams need a thousand connections.
const dispatcher = new Agent({ connections: null });
const client = () =>
  new LabClient({ controller: `${origin}/spawn500`, user: 'demo', token: 'gt-bench', dispatcher });

const outcomes = {};
let events = 0;
async function follow(one) {
  for await (const update of followEvents(one)) {
    if (update.kind === 'event') events += 1;
    if (update.kind === 'outcome') outcomes[update.outcome.kind] = (outcomes[update.outcome.kind] ?? 0) + 1;
  }
}

const memory = () => {
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

// Follows one stream first, so that code loaded once is not counted.
await follow(client());
events = 0;
delete outcomes.complete;
const before = memory();
const cpu = process.cpuUsage();
const streams = Array.from({ length: count }, () => follow(client()));
await new Promise((resolve) => setTimeout(resolve, 3000));
const bytes = (memory() - before) / count;
await Promise.all(streams);
const { user, system } = process.cpuUsage(cpu);
await dispatcher.close();
process.stdout.write(`${JSON.stringify({ bytes, cpuMs: (user + system) / 1000, events, outcomes })}\n`);
