/**
 * A simulated controller in its own process, so that its memory can be measured separately from the test's.
 *
 * Run as a program it serves; imported it gives `readSeparately`, which runs it and reads a stream to the end.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { startSimulator } from '../../src/simulator/server.js';
import { realClock } from '../support/clock.js';
import { labs } from './client.js';

export interface ReadSeparately {
  frames: number;
  /** How many events of `flood` came, each after the one before it. */
  inOrder: number;
  /** The most memory that the process ever had. */
  peakMiB: number;
}

const self = fileURLToPath(import.meta.url);

/** Reads a spawn's stream from the first frame to the end, while another client opens it and never reads. */
export async function readSeparately(scenario: string): Promise<ReadSeparately> {
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), self, scenario], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines: AsyncIterator<string, undefined> = createInterface(child.stdout)[Symbol.asyncIterator]();
  const line = async () => (await lines.next()).value ?? '';
  const [port = '', token = ''] = (await line()).split(' ');
  const request = `GET ${labs}/demo/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\n\r\n`;
  const [idle, reader] = [connect(Number(port), '127.0.0.1'), connect(Number(port), '127.0.0.1')];
  idle.pause();
  idle.write(request);
  await once(idle, 'connect');
  reader.write(request);
  let [frames, inOrder, rest] = [0, 0, ''];
  reader.setEncoding('latin1');
  for await (const data of reader as AsyncIterable<string>) {
    const text = rest + data;
    const last = text.lastIndexOf('\r\n\r\n');
    const end = last === -1 ? 0 : last + 4;
    rest = text.slice(end);
    for (const [, type, index] of text
      .slice(0, end)
      .matchAll(/event: (\w+)\r\ndata: \{"message": "(?:Extracted file (\d+) )?/g)) {
      frames += 1;
      if (type === 'info' && Number(index) === inOrder + 1) inOrder += 1;
    }
    if (text.endsWith('\r\n0\r\n\r\n')) break; // the final chunk
  }
  idle.destroy();
  child.stdin.end();
  return { frames, inOrder, peakMiB: Number(await line()) };
}

if (process.argv[1] === self) {
  const controller = await startSimulator({ clock: realClock, scenario: process.argv[2] ?? '', speed: 100 });
  controller.beginSpawn();
  process.stdout.write(`${new URL(controller.origin).port} ${controller.token}\n`);
  process.stdin.resume();
  await once(process.stdin, 'end');
  await controller.close();
  process.stdout.write(`${process.resourceUsage().maxRSS / 1024}\n`);
}
