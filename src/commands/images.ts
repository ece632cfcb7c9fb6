/**
 * `lab images`: the images and sizes that the user may choose, as the values that `--image` and `--size` take.
 */
import type { Ending } from '../display/display.js';
import { sanitise } from '../model/text.js';
import { tagOf } from '../model/image-reference.js';
import type { Choices } from '../model/choices.js';
import { begin } from './session/begin.js';
import type { Session } from './session/session.js';

const words = { interrupted: 'interrupted', hint: null };

export async function images(session: Session): Promise<Ending> {
  session.backend.checkSettings('choices');
  const begun = await begin(session, { command: 'images', mayBeAnother: false, words });
  if (!begun.ok) return begun.ending;
  const { choices } = begun.lab;
  if (choices === null) throw new Error('a backend without choices has to say so in checkSettings');
  const asked = await session.requests.ask(choices);
  if (!asked.ok) return session.ending(session.failureOutcome(asked.failure, words));
  if (asked.value === null) {
    session.display.warn(`${session.server} offers no labs to this user now`);
    return session.ending({ kind: 'ok', message: 'unavailable' }, { more: { images: [], sizes: [] } });
  }
  const { images: offered, sizes } = asked.value;
  return session.ending(
    { kind: 'ok', message: `${offered.length} images, ${sizes.length} sizes` },
    { text: describe(asked.value).map(sanitise), more: { images: offered, sizes } },
  );
}

/** Two tables, and the meaning of their marks and columns. A reference is long, so it has its own row. */
function describe({ images: offered, sizes }: Choices): string[] {
  const imageRows = offered.map(({ name, reference, checked }) => [
    mark(checked),
    tagOf(reference) ?? '-',
    name,
  ]);
  const sizeRows = sizes.map(({ name, cpu, memory, default: isDefault }) => [
    mark(isDefault),
    name,
    [...(cpu === null ? [] : [`${cpu} CPU`]), ...(memory === null ? [] : [`${memory / 2 ** 30} GiB`])].join(
      ', ',
    ),
  ]);
  const [imageHead = '', ...imageLines] = table([[' ', 'TAG', 'NAME'], ...imageRows]);
  return [
    'IMAGES',
    imageHead,
    ...offered.flatMap(({ reference }, i) => [imageLines[i] ?? '', `    ${reference}`]),
    '',
    'SIZES',
    ...table(sizeRows),
    '',
    '* is the default. `lab spawn` takes a tag with --tag, or the line below it with',
    '--image, and a size with --size.',
  ];
}

function mark(isDefault: boolean): string {
  return isDefault ? '*' : ' ';
}

/** Rows of cells as lines: a mark, then columns. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widthOf = (column: number): number => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  return rows.map((row) => {
    const [first = '', ...cells] = row.map((cell, column) => cell.padEnd(widthOf(column)));
    return `${first} ${cells.join('  ')}`.trimEnd();
  });
}
