/**
 * Node's own warnings, such as the one that certificates are not checked.
 *
 * Owns who shows them: whoever draws on the terminal, or else Node, as it always does. They would be written into the
 * middle of a bar.
 */
import type { Context } from '../context.js';

export function watchWarnings(): Context['takeWarnings'] {
  const shownByNode = process.listeners('warning');
  // With --no-warnings there is nobody to take them from.
  if (shownByNode.length === 0) return () => () => undefined;
  const takers = new Set<(message: string) => void>();
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    const { name, message } = warning;
    for (const take of takers) take(`Node: ${name === 'Warning' ? '' : `${name}: `}${message}`);
    if (takers.size > 0) return;
    for (const show of shownByNode) show(warning);
  });
  return (take) => {
    takers.add(take);
    return () => takers.delete(take);
  };
}
