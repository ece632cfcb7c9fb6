/**
 * What really is at the Hub and at the controller of a story, sampled at every moment at which anything happens. The client's
 * code has no part in it.
 */
import type { Clock } from '../../../src/runtime/context.js';
import { Controller, type Status } from './controller.js';
import { Hub, type Listed } from './hub.js';
import type { Incident, Plan, PlatformStory } from './story.js';

export interface Moment {
  at: number;
  /** What the Hub says; nothing while it is away. */
  listed: Listed | null;
  hubIsUp: boolean;
  /** What the controller has, and what it says. */
  status: Status | null;
  told: Status | null;
  operation: 'spawn' | 'deletion' | null;
  /** Whether Jupyter itself runs, and responds at the lab's address. */
  isAlive: boolean;
  responds: boolean;
  /** Why the Hub's last spawn failed. */
  failure: string | null;
  generation: number;
}

export class Truth {
  readonly moments: Moment[] = [];
  readonly controller: Controller;
  readonly hub: Hub;
  readonly #clock: Clock;
  #lie: (Incident & { what: 'lies' }) | null = null;

  constructor(clock: Clock, nextPlan: () => Plan) {
    this.#clock = clock;
    this.controller = new Controller(clock);
    this.hub = new Hub(clock, this.controller, nextPlan);
  }

  /** The state that the controller reports. */
  told = (): Status | null => {
    const { status } = this.controller;
    const { as } = this.#lie ?? { as: null };
    if (status === null || as === null) return status;
    return as === 'none' ? null : as;
  };

  moment(): Moment {
    const { listed, isUp, isRouted, failure } = this.hub;
    const { status, operation, isAlive, listens, generation } = this.controller;
    return {
      at: this.#clock.monotonic(),
      listed,
      hubIsUp: isUp,
      status,
      told: this.told(),
      operation: operation?.kind ?? null,
      isAlive: isAlive && listens,
      responds: isAlive && listens && isRouted,
      failure,
      generation,
    };
  }

  /** To be called whenever something may have happened. */
  sample(): void {
    const now = this.moment();
    const last = this.moments.at(-1);
    const isSame = (Object.keys(now) as (keyof Moment)[]).every(
      (key) => key === 'at' || now[key] === last?.[key],
    );
    if (!isSame) this.moments.push(now);
  }

  /** Every moment from one time to another, the one that was in force at the beginning included. */
  during(from: number, to: number): Moment[] {
    const first = this.moments.findLast(({ at }) => at <= from);
    const later = this.moments.filter(({ at }) => at > from && at <= to);
    return first === undefined ? later : [first, ...later];
  }

  /** Sets up what there is before the command begins; it has been there for a while. */
  prepare({ before, oldQueue, earlier: { plan } }: PlatformStory): void {
    const { controller, hub } = this;
    if (oldQueue !== 'none') controller.leave(oldQueue);
    const standing: Plan = {
      ...plan,
      delayMs: 0,
      podMs: 0,
      reason: null,
      listenMs: 0,
      httpTimeoutMs: 60_000,
    };
    const isOrphan = before.startsWith('orphan');
    switch (before) {
      case 'nothing':
        return;
      case 'failed':
        hub.failure = 'an earlier failure';
        return;
      case 'left':
        hub.failure = 'an earlier failure';
        controller.leave('failed');
        controller.status = 'failed';
        return;
      case 'starting':
        hub.begin(plan);
        return;
      case 'running':
      case 'dead':
      case 'stopping':
        hub.begin(standing);
        this.#clock.after(1, () => {
          if (before === 'dead') controller.isAlive = false;
          if (before === 'stopping') hub.delete(() => undefined);
        });
        return;
      case 'orphan running':
      case 'orphan starting':
      case 'orphan stopping':
        controller.create(isOrphan && before === 'orphan starting' ? plan : standing);
        if (before === 'orphan stopping')
          this.#clock.after(1, () => {
            controller.delete(() => undefined);
          });
    }
  }

  happen(incident: Incident): void {
    const { controller, hub } = this;
    switch (incident.what) {
      case 'stop at the Hub':
        if (hub.isUp) hub.delete(() => undefined);
        return;
      case 'delete at the controller':
        controller.delete(() => undefined);
        return;
      case 'die':
        controller.isAlive = false;
        return;
      case 'restart':
        hub.restart(incident.signal, incident.downMs);
        return;
      case 'lies':
        this.#lie = incident;
        this.#clock.after(incident.ms, () => {
          this.#lie = null;
        });
    }
  }
}
