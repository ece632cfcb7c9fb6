/** Compares `lab --version` and `lab --help` with a Node process that does nothing. */
import { bin } from '../test/support/program.js';
import { ratio, runs, sideBySide, time, type Node, type Row } from './measure.js';

export async function startup({ binary }: Node): Promise<Row[]> {
  const programs = {
    node: () => time(binary, ['-e', '0']),
    version: () => time(binary, [bin, '--version']),
    help: () => time(binary, [bin, '--help']),
  };
  // More runs than elsewhere: the differences are small compared with the noise.
  const { node, version, help } = await sideBySide(programs, 5 * runs);
  return [
    ratio('lab --version', version, 'node -e 0', node, 1.15),
    {
      what: 'lab --help, over node -e 0',
      measured: `${help.toFixed(0)} ms, node -e 0 ${node.toFixed(0)} ms`,
      figure: help - node,
      unit: 'ms',
      goal: 12,
    },
  ];
}
