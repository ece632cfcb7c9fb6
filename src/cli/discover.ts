/**
 * Service discovery on the command line: the connection, the retries, and how long it may take.
 *
 * It comes before the command's own requests, so a platform that is away must not use up the command's deadline. Leaves the
 * request and its meaning to `backends/discovery.ts`. No token is sent.
 */
import { proxySecrets } from '../config/proxy.js';
import type { Servers } from '../config/servers.js';
import { createRedactor } from '../model/redactor.js';
import type { Failure } from '../model/result.js';
import { sleep, startDeadline } from '../runtime/deadline.js';
import { Retry } from '../runtime/retry.js';

/** How long all attempts may take together, in milliseconds. */
const timeout = 10_000;

/** How long a platform that does not respond as it should is retried, in milliseconds. */
const patience = 5_000;

export const discoverServices: Servers['discover'] = async (site, settings, context, signal) => {
  const { clock, random, turn } = context;
  const [{ discover }, dispatcher] = await Promise.all([
    import('../backends/discovery.js'),
    context.connect(settings),
  ]);
  const { redact } = createRedactor({ credentials: proxySecrets(settings.proxy), values: [] });
  const options = {
    dispatcher,
    turn,
    clock,
    redact,
    trace: (message: string) => {
      context.trace(2, message);
    },
  };
  const limit = startDeadline(clock, timeout, signal);
  const begun = clock.monotonic();
  const left = (): number => patience - (clock.monotonic() - begun);
  const retry = new Retry({ clock, random, contact: { reached: false }, left });
  try {
    for (;;) {
      const found = await discover(options, site, limit.signal);
      signal.throwIfAborted();
      if (found.ok) return found;
      const { failure } = found;
      if (limit.expired) return { ok: false, failure: noResponse(failure, site) };
      const wait = retry.after(failure);
      if (wait === null || wait > left()) return found;
      context.trace(1, `${failure.error.message}; retrying`);
      await sleep(clock, wait, limit.signal);
    }
  } finally {
    limit.cancel();
    await dispatcher.destroy();
  }
};

function noResponse(failure: Failure, { origin }: URL): Failure {
  const message = `could not find the services of ${origin}: no response within ${timeout / 1000} s`;
  return { ...failure, error: { ...failure.error, message } };
}
