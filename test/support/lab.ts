/**
 * Labs for tests that are about no backend.
 */
import { labOf } from '../../src/backends/nublado/state.js';
import type { Lab } from '../../src/model/lab.js';

/** A lab in one of the controller's states. */
export function testLab(status: string): Lab {
  return labOf({ status });
}
