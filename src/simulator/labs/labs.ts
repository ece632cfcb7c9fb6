/**
 * All labs of the controller, by their owners, and what befalls them together: restart, reconciliation, the end.
 *
 * Owns who is known. What happens to a single lab belongs to lab.ts.
 */
import { Lab, type World } from './lab.js';

export class Labs {
  readonly #labs = new Map<string, Lab>();
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** The user's lab, or the place for it; undefined for whom the controller has never seen. */
  find(username: string): Lab | undefined {
    const lab = this.#labs.get(username);
    return lab?.known === true ? lab : undefined;
  }

  /** Makes a user known: from the first create that gets this far, refused or not, there is a queue to watch. */
  register(username: string): Lab {
    const lab = this.#labs.get(username) ?? new Lab(username, this.#world);
    this.#labs.set(username, lab);
    lab.known = true;
    return lab;
  }

  /** The users whose labs are running, and no others. */
  running(): string[] {
    const running = [...this.#labs].filter(([, lab]) => lab.state?.status === 'running');
    return running.map(([username]) => username);
  }

  /** The controller is gone. What happens from here on is not told. */
  goDown(): void {
    for (const lab of this.#labs.values()) lab.goDown();
  }

  /** A new controller knows only what it finds in Kubernetes. */
  comeBack(): void {
    for (const lab of this.#labs.values()) lab.comeBack();
  }

  /** Deletes the labs that have failed or whose pod is dead or gone. */
  reconcile(): void {
    for (const lab of this.#labs.values()) lab.reconcile();
  }

  /** Stops every story where it is. */
  close(): void {
    for (const lab of this.#labs.values()) lab.close();
  }
}
