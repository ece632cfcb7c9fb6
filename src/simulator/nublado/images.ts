/**
 * The images and sizes of this site, and the resolution of a reference, class or tag.
 *
 * Owns the tables, which are those of the captures. The form that shows them belongs to form.ts.
 */
import { gibibyte } from '../labs/people.js';
import { internalError, invalidReference, unknownImage } from './refusals.js';
import type { Reply } from '../http/reply.js';
import { findScenario, scenarioTagPrefix } from '../stories/scenarios.js';

export interface Image {
  tag: string;
  name: string;
  /** The digest of this tag in the registry. */
  digest: string;
  /** Whether the controller has looked up the digest already; it shows the digest only then. */
  resolved: boolean;
  aliases: readonly string[];
  prepulled: boolean;
}

export interface Size {
  name: string;
  cpu: number;
  /** In bytes. */
  memory: number;
}

/** One of the ways to name an image (contract, "Routes"). */
export interface ImageRequest {
  option: 'image_list' | 'image_dropdown' | 'image_class' | 'image_tag';
  value: string;
}

const registry = 'lighthouse.ceres';
const repository = 'library/sketchbook';

export const recommended: Image = {
  tag: 'recommended',
  name: 'Recommended (Weekly 2077_43)',
  digest: 'sha256:5678',
  resolved: true,
  aliases: ['w_2077_43'],
  prepulled: true,
};
const weekly: Image = { ...recommended, tag: 'w_2077_43', name: 'Weekly 2077_43', aliases: ['recommended'] };
const daily: Image = {
  tag: 'd_2077_10_23',
  name: 'Daily 2077_10_23',
  digest: 'sha256:1234',
  resolved: true,
  aliases: [],
  prepulled: false,
};
const unresolved = { resolved: false, aliases: [], prepulled: false };

export const images: readonly Image[] = [
  recommended,
  weekly,
  daily,
  { tag: 'latest_weekly', name: 'latest_weekly', digest: weekly.digest, ...unresolved },
  { tag: 'latest_daily', name: 'latest_daily', digest: daily.digest, ...unresolved },
];

export const small: Size = { name: 'small', cpu: 1, memory: 3 * gibibyte };

export const sizes: readonly Size[] = [
  small,
  { name: 'medium', cpu: 2, memory: 6 * gibibyte },
  { name: 'large', cpu: 9, memory: 27 * gibibyte },
  { name: 'huge', cpu: 12, memory: 36 * gibibyte },
];

/** The image's reference, with the digest. */
export function reference(image: Image): string {
  return `${registry}/${repository}:${image.tag}@${image.digest}`;
}

/** The reference in the menus: without the digest if the controller has not looked it up. */
export function shownReference(image: Image): string {
  return image.resolved ? reference(image) : `${registry}/${repository}:${image.tag}`;
}

/** The requested image, or the refusal. */
export function resolveImage({ option, value }: ImageRequest): { image: Image } | { refusal: Reply } {
  switch (option) {
    case 'image_class': {
      const image = new Map([
        ['recommended', recommended],
        ['latest-weekly', weekly],
        ['latest-daily', daily],
      ]).get(value);
      return image ? { image } : { refusal: unknownImage(`No ${value} image found`, option) };
    }
    case 'image_tag': {
      const image = imageForTag(value);
      return image ? { image } : { refusal: unknownImage(`Docker tag "${value}" not found`, option) };
    }
    case 'image_list':
    case 'image_dropdown':
      return imageForReference(option, value);
  }
}

function imageForReference(option: string, value: string): { image: Image } | { refusal: Reply } {
  const unknown = () => ({ refusal: unknownImage(`Docker reference "${value}" not found`, option) });
  const parts = /^([^/]+)\/([^:@]+)(?::([^:@/]+))?(?:@(.+))?$/.exec(value);
  // The controller responds 500 to every reference that it cannot parse (contract, "Refusals").
  if (!parts) return { refusal: internalError };
  const [, host, path, tag, digest] = parts;
  if (host !== registry || path !== repository) return unknown();
  // The digest identifies the image, regardless of the tag; of two tags, the one that is not an alias.
  const known = images.find((image) => image.resolved && image !== recommended && image.digest === digest);
  if (known) return { image: known };
  if (tag === undefined) {
    return { refusal: invalidReference(`Docker reference "${value}" has no tag`, option) };
  }
  const image = imageForTag(tag);
  return image ? { image } : unknown();
}

function imageForTag(tag: string): Image | undefined {
  if (tag.startsWith(scenarioTagPrefix) && findScenario(tag.slice(scenarioTagPrefix.length))) {
    return { tag, name: tag, digest: 'sha256:9abc', ...unresolved };
  }
  return images.find((image) => image.tag === tag);
}

/** The body of `GET images`. */
export function imageList(): unknown {
  const entry = (image: Image) => ({
    reference: `${registry}/${repository}:${image.tag}`,
    tag: image.tag,
    name: image.name,
    ...(image.resolved ? { digest: image.digest } : {}),
    aliases: image.aliases,
    prepulled: image.prepulled,
  });
  return {
    recommended: entry(recommended),
    latest_weekly: entry(weekly),
    latest_daily: entry(daily),
    all: images.map(entry),
  };
}

/** The body of `GET prepulls`. */
export function prepulls(): unknown {
  const entry = ({ tag, name, digest }: Image, size: number, nodes: string[], missing: string[]) => ({
    ...{ reference: `${registry}/${repository}:${tag}`, tag, name, digest, size, nodes, missing },
  });
  const node = (name: string, cached: Image[]) => ({
    ...{ name, eligible: true, comment: null },
    cached: cached.map(({ tag }) => `${registry}/${repository}:${tag}`),
  });
  return {
    config: {
      source: { type: 'docker', registry, repository },
      refresh_interval: 300,
      prepull_timeout: 600,
      recommended_tag: recommended.tag,
      num_releases: 1,
      num_weeklies: 2,
      num_dailies: 3,
      cycle: null,
      pin: [],
      alias_tags: [],
    },
    images: {
      prepulled: [entry(weekly, 65537, ['node1', 'node2'], [])],
      pending: [entry(daily, 69105, ['node1'], ['node2'])],
    },
    nodes: [node('node1', [weekly, daily]), node('node2', [weekly])],
  };
}
