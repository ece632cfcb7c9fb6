/**
 * The hint after a refused image or size: the values to choose from.
 *
 * Owns the words only; `lab images` prints the whole list.
 */
import type { Choices } from '../model/choices.js';
import type { ErrorInfo } from '../model/outcome.js';
import { tagOf } from '../model/image-reference.js';
import type { ImageChoice } from '../model/lab-request.js';

/** The maximum number of values. More would hide the error above them. */
const shown = 5;

/** The error's own hint, followed by the valid values of the option that the user gave. */
export function choicesHint(
  { hint }: ErrorInfo,
  refused: 'size' | 'image',
  image: ImageChoice,
  { sizes, images }: Choices,
): string | null {
  const byTag = 'image_tag' in image;
  const references = images.map(({ reference }) => reference);
  const [option, all] =
    refused === 'size'
      ? ['--size', sizes.map(({ name }) => name)]
      : byTag
        ? ['--tag', [...new Set(references.map(tagOf).filter((tag) => tag !== null))]]
        : ['--image', references];
  if (all.length === 0) return hint;
  const some = refused === 'size' ? all : all.slice(0, shown);
  const more = some.length < all.length ? ', …; see `lab images`' : '';
  const list = `${option} may be: ${some.join(', ')}${more}`;
  return hint === null ? list : `${hint} ${list}`;
}
