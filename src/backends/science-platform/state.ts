/**
 * The state of a lab by the Hub and by the controller, and what follows where the two contradict each other.
 *
 * The Hub decides. The controller adds the image and the size, and it must agree before a lab counts as running: a Hub may
 * say `ready` of a lab that is being deleted. A contradiction may only be a moment between two changes, so both are requested
 * again for five seconds before it counts.
 */
import type { Lab, RawLab } from '../../model/lab.js';
import { isFinal, type Result } from '../../model/result.js';
import type { Clock } from '../../runtime/context.js';
import { isAborted, sleep } from '../../runtime/deadline.js';
import type { RemoteLab } from '../backend.js';

export interface Sides {
  hub: Pick<RemoteLab, 'state'>;
  controller: Pick<RemoteLab, 'state'>;
  clock: Clock;
}

/** How long a contradiction is checked again, and how often, in milliseconds. */
const doubt = 5_000;
const again = 1_000;

type State = Result<Lab | null>;

/** `isLast`: nothing can be requested again, so a contradiction decides nothing. */
export async function stateOf(sides: Sides, signal: AbortSignal, isLast = false): Promise<State> {
  const { clock } = sides;
  const since = clock.monotonic();
  for (;;) {
    const { state, meanwhile } = await look(sides, signal);
    if (meanwhile === null || clock.monotonic() - since >= doubt) return state;
    if (isLast || isAborted(signal)) return { ok: true, value: meanwhile };
    await sleep(clock, again, signal);
  }
}

interface Look {
  state: State;
  /** If this is a contradiction: the lab for as long as that may be only a moment. */
  meanwhile: Lab | null;
}

async function look({ hub, controller }: Sides, signal: AbortSignal): Promise<Look> {
  const listed = await hub.state(signal);
  const lab = listed.ok ? listed.value : null;
  if (!listed.ok || (lab !== null && lab.phase !== 'running' && lab.phase !== 'failed')) return sure(listed);
  const seen = await controller.state(signal);
  if (!seen.ok) {
    // It was given up, perhaps long after the Hub's response.
    if (isAborted(signal)) return sure(seen);
    // A lab that the Hub does not know may still be at the controller, so that has to be found out.
    return sure(lab?.phase === 'running' || isFinal(seen.failure) ? listed : seen);
  }
  return lab?.phase === 'running' ? whileReady(lab, seen.value) : whileAbsent(lab, seen.value);
}

/** What follows if the Hub says that the lab is ready. */
function whileReady(lab: Lab, seen: Lab | null): Look {
  switch (seen?.phase) {
    case 'running':
      return sure({ ok: true, value: merged(lab, seen) });
    case undefined:
    case 'failed':
    case 'stopping':
    case 'orphaned':
      return doubtful(contradicted(lab, seen));
    case 'starting':
    case 'unsettled':
    case 'other':
      return sure({ ok: true, value: notYet(lab) });
  }
}

/** What follows if the Hub has no lab, or only the reason of its last failure. */
function whileAbsent(lab: Lab | null, seen: Lab | null): Look {
  switch (seen?.phase) {
    case undefined:
      return sure({ ok: true, value: lab });
    case 'stopping':
    case 'unsettled':
      return sure({ ok: true, value: merged(seen, seen) });
    case 'failed':
      // What is left of it at the controller can still be deleted there.
      return sure({ ok: true, value: { ...merged(lab ?? seen, seen), gone: false, isCertain: true } });
    case 'starting':
    case 'running':
    case 'other':
    case 'orphaned':
      return doubtful(orphaned(seen));
  }
}

function sure(state: State): Look {
  return { state, meanwhile: null };
}

function doubtful(lab: Lab): Look {
  return { state: { ok: true, value: lab }, meanwhile: notYet(lab) };
}

/** The Hub's lab with what only the controller knows about it. */
function merged(lab: Lab, { image, size, raw }: Lab): Lab {
  const all: RawLab = { ...raw, ...lab.raw, status: lab.status, internal_url: raw.internal_url ?? null };
  return { ...lab, image, size, raw: all };
}

/** The controller is not done with it. */
function notYet(lab: Lab): Lab {
  return { ...lab, phase: 'starting', status: 'pending', raw: { ...lab.raw, status: 'pending' } };
}

function contradicted(lab: Lab, seen: Lab | null): Lab {
  const is = seen === null ? 'has no lab' : `says that it is ${seen.status}`;
  return {
    ...lab,
    phase: 'failed',
    status: 'failed',
    isCertain: true,
    reason: `the Hub says that the lab is ready, but the controller ${is}`,
    raw: { ...lab.raw, status: 'failed' },
  };
}

/** A lab that the controller has and the Hub does not know. A spawn through the Hub would delete it. */
export function orphaned(seen: Lab): Lab {
  const raw = { ...seen.raw, status: 'orphaned' };
  return { ...seen, phase: 'orphaned', status: 'orphaned', address: null, url: null, raw };
}
