/**
 * Composes what goes wrong on the network of a story at a Hub.
 */
import type { Random } from '../random.js';
import { routes, type HubStory, type Route, type StreamFault, type Trouble, type Window } from './story.js';

type Network = Pick<HubStory, 'troubles' | 'windows' | 'streams'>;

export function troublesOf(random: Random, isCalm: boolean): Network {
  if (isCalm) return { troubles: {}, windows: [], streams: [] };
  const troubles: Partial<Record<Route, (Trouble | null)[]>> = {};
  for (const route of routes) {
    if (!random.chance(route === 'start' ? 0.4 : 0.2)) continue;
    troubles[route] = random.list(random.whole(1, 3), () =>
      random.chance(0.6) ? composeTrouble(random) : null,
    );
  }
  return {
    troubles,
    windows: random.chance(0.2) ? [composeWindow(random)] : [],
    streams: random.chance(0.4) ? random.list(random.whole(1, 3), () => composeFault(random)) : [],
  };
}

export function composeTrouble(random: Random): Trouble {
  const arrives = random.chance(0.5);
  switch (random.pick(['refused', 'cut', 'cut', 'hang', 'status', 'status'] as const)) {
    case 'refused':
      return { kind: 'refused' };
    case 'cut':
      return { kind: 'cut', arrives, after: random.pick([0, 0, 500, 3000]) };
    case 'hang':
      return { kind: 'hang', arrives };
    case 'status':
      return { kind: 'status', status: random.pick([502, 503, 504] as const), arrives };
  }
}

function composeWindow(random: Random): Window {
  const from = random.pick([0, 500, 3000, 8000]);
  const route = random.chance(0.6) ? 'all' : random.pick(routes);
  const to = from + random.pick([1500, 6000, 25_000, 70_000]);
  return { from, to, route, trouble: composeTrouble(random) };
}

export function composeFault(random: Random): StreamFault | null {
  if (random.chance(0.2)) return null;
  return {
    kind: random.pick(['cut', 'silent', 'silent'] as const),
    after: random.pick([0, 100, 1000, 5000, 9000]),
  };
}
