/**
 * `lab open`: reports the running lab's public URL, and opens it in the browser. `--open` of other commands opens it after
 * their success.
 */
import type { Ending } from '../display/display.js';
import { errorOutcome, type Outcome } from '../model/outcome.js';
import { begin } from './session/begin.js';
import { openLab, type Opened } from './session/browser.js';
import { settledState } from './session/following.js';
import type { Session } from './session/session.js';
import { judge } from './status.js';

const words = { interrupted: 'interrupted', hint: null };

/** `browser`: whether to open the URL, and not only report it. */
export async function open(session: Session, { browser }: { browser: boolean }): Promise<Ending> {
  session.backend.checkSettings('open');
  const begun = await begin(session, { command: 'open', mayBeAnother: true, words });
  if (!begun.ok) return begun.ending;
  const { subject } = begun;
  const asked = await settledState(session, subject);
  if (!asked.ok) return session.ending(session.failureOutcome(asked.failure, words));
  const { lab, outcome } = await judge(session, subject, asked.value);
  if (session.signal.aborted) return session.ending(session.cutShort(words));
  if (lab === null || outcome.kind !== 'running') return session.ending(outcome, { lab });
  const text = lab.address === null ? [] : [lab.address.url];
  if (!browser && text.length > 0) {
    return session.ending({ kind: 'ok', message: 'the lab is running' }, { lab, text, isInText: true });
  }
  const opened = await openLab(session, lab);
  return session.ending(outcomeOf(session, opened), { lab, text });
}

function outcomeOf({ display }: Session, opened: Opened): Outcome {
  switch (opened.kind) {
    case 'opened':
      return { kind: 'ok', message: 'Opened the lab in the browser' };
    case 'not opened': {
      const message = `not opened in the browser: ${opened.reason}`;
      if (opened.isWarning) display.warn(message);
      return { kind: 'ok', message: opened.isWarning ? 'The lab is running' : message };
    }
    case 'failed':
      return errorOutcome('failed', 'browser', `could not open the browser: ${opened.reason}`, {
        hint: 'Open the URL yourself, or name a browser in BROWSER.',
      });
  }
}

/** Opens the lab of a command that has ended well. The command's outcome stays what it is. */
export async function openAfter(session: Session, ending: Ending): Promise<Ending> {
  const { outcome, lab } = ending;
  if (outcome.kind !== 'complete' && outcome.kind !== 'running') return ending;
  const opened = await openLab(session, lab);
  if (opened.kind === 'not opened')
    session.display.warn(`the lab was not opened in the browser: ${opened.reason}`);
  if (opened.kind === 'failed')
    session.display.warn(`could not open the lab in the browser: ${opened.reason}`);
  return ending;
}
