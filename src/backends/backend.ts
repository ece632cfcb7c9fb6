/**
 * What a command needs from whoever runs labs: an interface, so that commands talk to no URL.
 *
 * The controller is the first backend; JupyterHub's own progress stream may be another.
 */
import type { Choices } from '../model/choices.js';
import type { LabState } from '../model/lab.js';
import type { LabSpecification } from '../model/specification.js';
import type { Result } from '../model/result.js';
import type { EventStream } from '../stream/event-stream.js';

export interface Backend {
  /** Asks for a lab. Success means accepted, not done. */
  create(user: string, specification: LabSpecification, signal: AbortSignal): Promise<Result<null>>;
  /** Opens the user's event stream; aborting the signal closes it. */
  events(user: string, signal: AbortSignal): Promise<Result<EventStream>>;
  /** The state of the lab of the token's own user; null where there is none. */
  ownState(signal: AbortSignal): Promise<Result<LabState | null>>;
  /** The state of any user's lab, for a token that may ask; null where there is none. */
  stateOf(user: string, signal: AbortSignal): Promise<Result<LabState | null>>;
  /** Deletes a lab. The answer comes only when the deletion has finished. */
  remove(user: string, signal: AbortSignal): Promise<Result<null>>;
  /** The users whose labs are running. */
  list(signal: AbortSignal): Promise<Result<string[]>>;
  /** What a user may choose when a lab is created; null where the controller offers nothing now. */
  choices(user: string, signal: AbortSignal): Promise<Result<Choices | null>>;
  /** The name of the token's own user. */
  whoAmI(signal: AbortSignal): Promise<Result<string>>;
}
