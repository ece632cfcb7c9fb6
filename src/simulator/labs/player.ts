/**
 * Plays the steps of a story at their times.
 *
 * Owns the timer between two steps. The effect of a step belongs to lab.ts.
 */
import type { Clock } from '../../runtime/context.js';
import type { Step, Story } from '../stories/story.js';

export interface Player {
  /** Stops the story. */
  cancel: () => void;
}

/**
 * Takes the steps before the first pause immediately, the others at their times. `speed` divides all pauses. Checks
 * `isOver` after every step, because a step can end the operation that it belongs to.
 */
export function play(
  story: Story,
  {
    clock,
    speed,
    take,
    isOver,
    finished,
  }: {
    clock: Clock;
    speed: number;
    take: (step: Step) => void;
    isOver: () => boolean;
    finished: () => void;
  },
): Player {
  const steps = story[Symbol.iterator]();
  const player: Player = { cancel: () => undefined };
  const go = (): void => {
    for (let next = steps.next(); !next.done; next = steps.next()) {
      const ms = next.value.kind === 'wait' ? next.value.ms / speed : 0;
      if (ms > 0) {
        player.cancel = clock.after(ms, go);
        return;
      }
      take(next.value);
      if (isOver()) return;
    }
    finished();
  };
  go();
  return player;
}
