/**
 * Node's own warnings, such as the one that certificates are not checked.
 *
 * Owns who shows them: the display, because Node would write them into the middle of a bar; without a display, Node.
 */
import type { Context } from '../runtime/context.js';

export function watchWarnings(): Context['takeWarnings'] {
  const shownByNode = process.listeners('warning');
  // Node was started with --no-warnings.
  if (shownByNode.length === 0) return () => undefined;
  let taken: ((message: string) => void) | null = null;
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    const { name, message } = warning;
    if (taken !== null) taken(`Node: ${name === 'Warning' ? '' : `${name}: `}${message}`);
    else for (const show of shownByNode) show(warning);
  });
  return (take) => {
    taken = take;
  };
}
