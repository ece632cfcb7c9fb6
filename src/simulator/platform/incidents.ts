/**
 * What happens to the simulated platform in the middle of a scenario, and when.
 *
 * Owns the effect of each incident. scenarios.ts names them.
 */
import type { LocalController } from '../controller.js';
import type { LocalHub } from '../jupyterhub/hub.js';
import type { Spawn } from '../jupyterhub/spawn.js';
import type { Timers } from '../jupyterhub/timers.js';
import type { ControllerGate } from './gate.js';
import type { Incident, PlatformScenario } from './scenarios.js';

export function letHappen(
  incident: Incident,
  platform: {
    user: string;
    hub: LocalHub;
    controller: LocalController;
    gate: ControllerGate;
  },
): void {
  const { user, hub, controller, gate } = platform;
  const { faults } = gate;
  const lab = controller.labs.of(user);
  switch (incident) {
    case 'sessions end':
      hub.endSessions();
      return;
    case 'controller away':
      faults.controller = 503;
      gate.cut();
      return;
    case 'controller back':
      Object.assign(faults, { controller: null, events: null });
      return;
    case 'events away':
      faults.events = 503;
      gate.cut();
      return;
    case 'controller restarts':
      void controller.restart();
      return;
    case 'hub restarts':
      void hub.restart({ downMs: 4000 });
      return;
    case 'lab forgotten':
      lab.forget();
      return;
    case 'lab deleted':
      void lab.delete();
      return;
    case 'lab said failed':
      if (lab.state) lab.state.status = 'failed';
      return;
    case 'lab said terminating':
      if (lab.state) lab.state.status = 'terminating';
      return;
    case 'pod dies':
      controller.killPod();
  }
}

/** Lets incidents happen at their times in a spawn that has just begun. */
export function schedule(
  incidents: NonNullable<PlatformScenario['incidents']>,
  happen: (incident: Incident) => void,
  { timers, spawn }: { timers: Timers; spawn: Spawn | null },
): void {
  for (const [when, what] of incidents) {
    if (when === 'ready') {
      spawn?.onOver(() => {
        if (spawn.outcome?.kind === 'ready') happen(what);
      });
    } else {
      timers.after(when, () => {
        happen(what);
      });
    }
  }
}
