/**
 * Composes a story from a seed: an operation with its true outcome, and faults that must not change it.
 */
import { withEnd } from './ends.js';
import { composeFacts } from './facts.js';
import { withInterference, withRace, withSleeper } from './interference.js';
import { Random } from './random.js';
import type { Story } from './story.js';
import { withFaults } from './troubles.js';
import { truthOf } from './truth.js';

export function generate(seed: number): Story {
  const random = new Random(seed);
  const { story, result } = composeFacts(seed, random);
  const facts = withSleeper(random, story);
  const told = withRace({ ...facts, truth: truthOf(facts, result) });
  return random.chance(0.15) ? withEnd(random, told) : withFaults(random, withInterference(random, told));
}
