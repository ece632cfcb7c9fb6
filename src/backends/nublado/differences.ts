/**
 * Compares a lab that is there already with the requested one: its image, without the digest, and its size.
 */
import { tagOf, withoutDigest } from '../../model/image-reference.js';
import type { Lab } from '../../model/lab.js';
import type { LabRequest } from '../../model/lab-request.js';

export function differences({ phase, image, size }: Lab, asked: LabRequest): string[] {
  const whose = `the ${phase === 'running' ? 'running' : 'existing'} lab's`;
  const tag = image === null ? null : tagOf(image);
  const found: string[] = [];
  if (
    'image_list' in asked.image &&
    image !== null &&
    withoutDigest(image) !== withoutDigest(asked.image.image_list)
  ) {
    found.push(`${whose} image is ${image}, not ${asked.image.image_list}`);
  }
  if ('image_tag' in asked.image && tag !== null && tag !== asked.image.image_tag) {
    found.push(`${whose} image is ${image ?? ''}, not tag ${asked.image.image_tag}`);
  }
  if (size !== null && size !== asked.size) {
    found.push(`${whose} size is ${size}, not ${asked.size}`);
  }
  return found;
}
