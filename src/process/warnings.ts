/**
 * Node's own warnings, such as the one that certificates are not checked.
 *
 * Owns who shows them: whoever draws on the terminal, or else Node, as it always does. They would be written into the
 * middle of a bar.
 */
import type { Context } from '../runtime/context.js';

export function watchWarnings(): Context['takeWarnings'] {
  const shownByNode = process.listeners('warning');
  // With --no-warnings, Node shows none.
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
