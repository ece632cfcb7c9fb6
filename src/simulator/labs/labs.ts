/**
 * All labs of the controller, by owner, and what happens to all of them at once: restart, reconciliation, close.
 *
 * Owns which users are known. A single lab belongs to lab.ts.
 */
import { Lab, type World } from './lab.js';

export class Labs {
  readonly #labs = new Map<string, Lab>();
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** The user's lab, which may not exist yet; undefined for a user whom the controller has never seen. */
  find(username: string): Lab | undefined {
    const lab = this.#labs.get(username);
    return lab?.known === true ? lab : undefined;
  }

  /** Makes a user known. From the first create that gets this far, even a refused one, there is a queue to read. */
  register(username: string): Lab {
    const lab = this.of(username);
    lab.known = true;
    return lab;
  }

  /** The same without making the user known. */
  of(username: string): Lab {
    const lab = this.#labs.get(username) ?? new Lab(username, this.#world);
    this.#labs.set(username, lab);
    return lab;
  }

  /** The users with running labs. */
  running(): string[] {
    const running = [...this.#labs].filter(([, lab]) => lab.state?.status === 'running');
    return running.map(([username]) => username);
  }

  /** The controller is down. From here on, nothing is reported. */
  goDown(): void {
    for (const lab of this.#labs.values()) lab.goDown();
  }

  /** A new controller knows only what it finds in Kubernetes. */
  comeBack(): void {
    for (const lab of this.#labs.values()) lab.comeBack();
  }

  /** Deletes labs that have failed, or whose pod is dead or gone. */
  reconcile(): void {
    for (const lab of this.#labs.values()) lab.reconcile();
  }

  /** Stops all stories. */
  close(): void {
    for (const lab of this.#labs.values()) lab.close();
  }
}
