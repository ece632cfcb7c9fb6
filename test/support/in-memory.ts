/**
 * A command without a network or a terminal: the real Session against any backend, on a clock that jumps from one thing that
 * falls due to the next.
 */
import type { Backend } from '../../src/backends/backend.js';
import { Session, type UserSetting } from '../../src/commands/session/session.js';
import { SilentDisplay, type Ending } from '../../src/display/display.js';
import { noSecrets } from '../../src/model/redactor.js';
import type { Input, RunState } from '../../src/model/reducer.js';
import { startDeadline } from '../../src/runtime/deadline.js';
import type { FakeClock } from './clock.js';
import { fakeContext } from './context.js';

export interface InMemory {
  backend: Backend;
  clock: FakeClock;
  /** For the whole command, in milliseconds; null for none. */
  timeout: number | null;
  user: UserSetting;
}

export interface PlayedInMemory {
  ending: Ending;
  endedAt: number;
  /** The messages of the events that were shown. */
  shown: string[];
  warnings: string[];
}

/** Long enough for every test, in milliseconds; anything still waiting then would wait for ever. */
const longest = 3_600_000;

export async function playInMemory(
  { backend, clock, timeout, user }: InMemory,
  command: (session: Session) => Promise<Ending>,
): Promise<PlayedInMemory> {
  const display = new Recorder();
  const context = fakeContext({ clock });
  const deadline = startDeadline(clock, timeout, context.signal);
  const session = new Session(
    {
      context,
      display,
      backend,
      freshBackend: () => Promise.resolve(backend),
      address: { controller: 'http://controller.test/nublado', hub: null, name: null },
      user,
      redactor: noSecrets,
      demo: false,
      limits: { timeout, idleTimeout: null },
      deadline,
    },
    'spawn',
  );
  const ended: { ending?: Ending; error?: unknown }[] = [];
  command(session).then(
    (ending) => ended.push({ ending }),
    (error: unknown) => ended.push({ error }),
  );
  await settled();
  while (ended.length === 0 && clock.nextDue !== null && clock.monotonic() < longest) {
    clock.advance(clock.nextDue - clock.monotonic());
    await settled();
  }
  session.close();
  deadline.cancel();
  const [result] = ended;
  if (result?.error !== undefined) throw result.error as Error;
  if (result?.ending === undefined) throw new Error(`it did not end by ${clock.monotonic()} ms`);
  const { shown, warnings } = display;
  return { ending: result.ending, endedAt: clock.monotonic(), shown, warnings };
}

/** Everything that can happen without time passing has happened. */
async function settled(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}

class Recorder extends SilentDisplay {
  readonly shown: string[] = [];
  readonly warnings: string[] = [];

  override show(_state: RunState, input: Input): void {
    if (input.kind === 'event') this.shown.push(input.event.message);
  }

  override warn(message: string): void {
    this.warnings.push(message);
  }
}
