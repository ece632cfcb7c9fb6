/**
 * Parses the lab form: extracts the images and sizes that a user may choose from the controller's HTML.
 *
 * The form is made for a browser (contract, "Routes"); this module relies only on the names of its fields. All text
 * from the form is untrusted and kept unchanged.
 */
import { parse, type HTMLElement, type Node } from 'node-html-parser';
import type { Choices, ImageOption, SizeOption } from '../../model/choices.js';

/** Maximum depth of elements; a lab form has seven levels. Reading their text recurses, so the depth is limited. */
const depthLimit = 100;

/** The choices of a form; null if the page is not a lab form, `unavailable` if the controller offers none. */
export function parseForm(html: string): Choices | 'unavailable' | null {
  // Closing unclosed tags is quadratic, and a lab form has none.
  const root = parse(withoutOpenEnd(html), { parseNoneClosedTags: true });
  if (isDeeper(root, depthLimit)) return null;
  const labels = labelsOf(root);
  const images = imagesOf(root, labels);
  const sizes = sizesOf(root, labels);
  if (images.length > 0 && sizes.length > 0) return { images, sizes };
  return /unavailable/i.test(root.querySelector('h2')?.text ?? '') ? 'unavailable' : null;
}

/** The page up to an unterminated comment or section: the parser would search for the end from each such beginning. */
function withoutOpenEnd(html: string): string {
  const ends = [
    html.indexOf('<!--', html.lastIndexOf('-->') + 1),
    html.indexOf('<![CDATA[', html.lastIndexOf(']]>') + 1),
  ];
  return html.slice(0, Math.min(...ends.filter((at) => at !== -1), html.length));
}

function isDeeper(root: Node, limit: number): boolean {
  let level: Node[] = [root];
  for (let depth = 0; depth <= limit; depth++) level = level.flatMap(({ childNodes }) => childNodes);
  return level.length > 0;
}

/** The value of the radio button that selects the drop-down list. */
const fromDropdown = 'use_image_from_dropdown';

function imagesOf(root: HTMLElement, labels: Labels): ImageOption[] {
  const radios = root
    .querySelectorAll('input[name=image_list]')
    .filter((input) => input.getAttribute('value') !== fromDropdown)
    .map((input) => ({
      name: labelOf(input, labels),
      reference: input.getAttribute('value') ?? '',
      checked: input.hasAttribute('checked'),
    }));
  const known = new Set(radios.map(({ name, reference }) => `${reference} ${name}`));
  const dropdown = root
    .querySelectorAll('select[name=image_dropdown] option')
    .map((option) => ({
      name: words(option.text),
      reference: option.getAttribute('value') ?? '',
      checked: false,
    }))
    .filter(({ name, reference }) => !known.has(`${reference} ${name}`));
  return [...radios, ...dropdown].filter(({ reference }) => reference !== '');
}

function sizesOf(root: HTMLElement, labels: Labels): SizeOption[] {
  return root
    .querySelectorAll('input[name=size]')
    .map((input) => {
      const label = labelOf(input, labels);
      const [, cpu, memory, unit] = /\(([\d.]+) CPU, ([\d.]+) ?([KMGTP]i?)?B? RAM\)/.exec(label) ?? [];
      return {
        name: input.getAttribute('value') ?? '',
        cpu: cpu === undefined ? null : Number(cpu),
        memory: memory === undefined ? null : Number(memory) * (multiples[unit ?? ''] ?? NaN),
        default: input.hasAttribute('checked'),
      };
    })
    .filter(({ name }) => name !== '');
}

const multiples: Record<string, number> = {
  '': 1,
  ...Object.fromEntries(['K', 'M', 'G', 'T', 'P'].map((unit, i) => [unit, 1000 ** (i + 1)])),
  ...Object.fromEntries(['Ki', 'Mi', 'Gi', 'Ti', 'Pi'].map((unit, i) => [unit, 1024 ** (i + 1)])),
};

/** The labels' texts by the ids of their inputs. */
type Labels = ReadonlyMap<string, string>;

function labelsOf(root: HTMLElement): Labels {
  return new Map(
    root.querySelectorAll('label').map((label) => [label.getAttribute('for') ?? '', words(label.text)]),
  );
}

function labelOf(input: HTMLElement, labels: Labels): string {
  return labels.get(input.getAttribute('id') ?? '') ?? '';
}

function words(text: string): string {
  return text.trim().replace(/\s+/g, ' ');
}
