/**
 * The lab form: from the controller's HTML to the images and sizes that a user may choose.
 *
 * The form is made for a browser (contract, "Routes"); the names of its fields are what is relied on. Everything
 * read here is from outside and kept as it came.
 */
import { parse, type HTMLElement } from 'node-html-parser';
import type { Choices, ImageOption, SizeOption } from '../model/choices.js';

/** The choices of a form; null where the page is no lab form, `unavailable` where the controller offers none. */
export function parseForm(html: string): Choices | 'unavailable' | null {
  const root = parse(html);
  const images = imagesOf(root);
  const sizes = sizesOf(root);
  if (images.length > 0 && sizes.length > 0) return { images, sizes };
  return /unavailable/i.test(root.querySelector('h2')?.text ?? '') ? 'unavailable' : null;
}

/** The radio button that stands for the drop-down list. */
const fromDropdown = 'use_image_from_dropdown';

function imagesOf(root: HTMLElement): ImageOption[] {
  const radios = root
    .querySelectorAll('input[name=image_list]')
    .filter((input) => input.getAttribute('value') !== fromDropdown)
    .map((input) => ({
      name: labelOf(root, input),
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

function sizesOf(root: HTMLElement): SizeOption[] {
  return root
    .querySelectorAll('input[name=size]')
    .map((input) => {
      const label = labelOf(root, input);
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

function labelOf(root: HTMLElement, input: HTMLElement): string {
  const id = input.getAttribute('id');
  const label = root.querySelectorAll('label').find((candidate) => candidate.getAttribute('for') === id);
  return words(label?.text ?? '');
}

function words(text: string): string {
  return text.trim().replace(/\s+/g, ' ');
}
