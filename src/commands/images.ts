/**
 * `lab images`: the images and sizes that the user may choose, as the values that `--image` and `--size` take.
 */
import type { Ending } from '../display/display.js';
import { harmless } from '../model/text.js';
import type { Choices } from '../model/choices.js';
import type { Session } from './session/session.js';

const words = { interrupted: 'interrupted', hint: null };

export async function images(session: Session): Promise<Ending> {
  session.backend.checkSettings('choices');
  const subject = await session.subject(false);
  if (!subject.ok) return session.ending(session.failureOutcome(subject.failure, words));
  const { name } = subject.value;
  session.display.start({ command: 'images', user: name, controller: session.controller, request: null });
  const { choices } = session.backend.lab(subject.value);
  if (choices === null) throw new Error('a backend without choices has to say so in checkSettings');
  const asked = await session.ask(choices);
  if (!asked.ok) return session.ending(session.failureOutcome(asked.failure, words));
  if (asked.value === null) {
    session.display.warn('the controller offers no labs to this user now');
    return session.ending({ kind: 'ok', message: 'unavailable' }, { more: { images: [], sizes: [] } });
  }
  const { images: offered, sizes } = asked.value;
  return session.ending(
    { kind: 'ok', message: `${offered.length} images, ${sizes.length} sizes` },
    { text: describe(asked.value).map(harmless), more: { images: offered, sizes } },
  );
}

/** Two tables; a star marks what is taken where nobody chooses. */
function describe({ images: offered, sizes }: Choices): string[] {
  const width = Math.max(...offered.map(({ reference }) => reference.length));
  const names = Math.max(...sizes.map(({ name }) => name.length));
  return [
    'IMAGES',
    ...offered.map(
      ({ name, reference, checked }) => `${checked ? '*' : ' '} ${reference.padEnd(width)}  ${name}`,
    ),
    '',
    'SIZES',
    ...sizes.map(({ name, cpu, memory, default: standard }) => {
      const what = [
        ...(cpu === null ? [] : [`${cpu} CPU`]),
        ...(memory === null ? [] : [`${memory / 2 ** 30} GiB`]),
      ];
      return `${standard ? '*' : ' '} ${name.padEnd(names)}  ${what.join(', ')}`;
    }),
  ];
}
