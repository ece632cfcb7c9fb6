/**
 * The bar as a person sees it: the real program at a real pseudo-terminal, read by a terminal emulator.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { displayWidth } from '../../src/display/terminal/width.js';
import { startSimulator } from '../../src/simulator/server.js';
import { realClock } from '../support/clock.js';
import { answering } from '../support/answering.js';
import { atTerminal, runLab } from '../support/program.js';

const bar = /^ *(\d+)% [█░]+ \d+:\d\d/;

/** The message with this text, and below it, as the last row, the bar. */
const barBelow = (message: string): RegExp =>
  new RegExp(`${message}[^]*\\n *\\d+% [█░]*[^\\n]*0:\\d\\d[^\\n]*$`);

// Each takes several seconds, and none waits for another.
describe('the bar at a terminal', { concurrency: 6 }, () => {
  it('shows a spinner, then a bar below the messages, then the result', async () => {
    const terminal = atTerminal('lab spawn --demo');
    await terminal.seen(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] Waiting for the first event 0:0\d/);
    assert.equal(terminal.cursorHidden(), true);
    await terminal.seen(barBelow('Created Kubernetes objects'));
    const rows = terminal.screen();
    assert.match(rows[0] ?? '', /^ {2}0:0\d {4}1% {2}Starting lab creation for demo$/);
    assert.match(rows.at(-1) ?? '', bar);
    assert.equal(rows.filter((row) => bar.test(row)).length, 1);
    assert.equal(await terminal.finished, 0);
    const end = terminal.screen();
    assert.match(end.at(-3) ?? '', /^ {2}0:0\d {3}73% {2}Container notebook is ready$/);
    assert.match(end.at(-2) ?? '', /^✔ Lab is running \(0:0\d\)$/);
    assert.equal(end.at(-1), 'http://lab.userlabs-demo:8888/nb/user/demo/');
    assert.doesNotMatch(terminal.text(), /[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏█░]/);
    assert.equal(terminal.cursorHidden(), false);
  });

  it('stays a bar when the DELETE is retried, because the deletion continues', async () => {
    const faults = { deleteTimeoutMs: 100 };
    const controller = await startSimulator({ clock: realClock, scenario: 'immediate', speed: 0.2, faults });
    controller.beginSpawn();
    const env = { LAB_CONTROLLER: controller.url, LAB_TOKEN: controller.token };
    try {
      const terminal = atTerminal('lab wait --progress none; lab stop -v', { env, columns: 200 });
      assert.equal(await terminal.finished, 0);
      assert.match(terminal.text(), /checking the state before retrying/);
      const [, fromTheBarOn = ''] = /\d+% \x1b\[\d+m([^]*)/.exec(terminal.written()) ?? [];
      assert.match(fromTheBarOn, /100%/);
      assert.doesNotMatch(fromTheBarOn, /[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/);
    } finally {
      await controller.close();
    }
  });

  it('never moves back, and reaches 100 only in the end', async () => {
    const terminal = atTerminal('lab spawn --demo');
    assert.equal(await terminal.finished, 0);
    const drawn = [...terminal.written().matchAll(/\r? *(\d+)% \x1b\[3[26]m/g)].map(([, percent]) =>
      Number(percent),
    );
    assert.ok(drawn.length > 5);
    assert.deepEqual(
      drawn,
      [...drawn].sort((a, b) => a - b),
    );
    assert.equal(drawn.at(-1), 100);
    assert.ok(drawn.filter((percent) => percent === 100).length <= 2);
  });

  it('stays below 100 when the lab fails', async () => {
    const terminal = atTerminal('lab spawn --demo image-pull-failure');
    assert.equal(await terminal.finished, 1);
    assert.doesNotMatch(terminal.written(), /100% \x1b/);
    assert.match(terminal.written(), / 69% \x1b\[31m█/);
    const rows = terminal.screen();
    const error = rows.findIndex((row) => /^ {2}0:0\d {8}error: Pod .* ImagePullBackOff/.test(row));
    assert.match(rows[error + 1] ?? '', /^ {14}\S/);
    assert.match(rows.at(-1) ?? '', /^✖ Lab spawn failed \(0:0\d\)$/);
    assert.doesNotMatch(terminal.text(), /[█░]|failed:/);
    assert.equal(terminal.cursorHidden(), false);
  });

  for (const columns of [20, 30, 40, 80, 132, 300]) {
    it(`fits into ${columns} columns`, async () => {
      const terminal = atTerminal('lab spawn --demo', { columns, rows: 50 });
      await terminal.seen(barBelow('Successfully'));
      const rows = terminal.screen();
      const last = rows.at(-1) ?? '';
      assert.match(last, columns < 30 ? /^ *\d+% [█░]* *0:\d\d/ : bar);
      assert.ok(displayWidth(last) < columns, last);
      terminal.type('\x03');
      assert.equal(await terminal.finished, 130);
    });
  }

  for (const [columns, wrapped] of [
    [
      80,
      `  0:0\\d {3}35%  Scaling up the cluster: node pool "notebooks" goes from 3 nodes
              to 4 \\(of at most 20\\)`,
    ],
    [
      40,
      `  0:0\\d {3}35%  Scaling up the cluster:
              node pool "notebooks"
              goes from 3 nodes to 4
              \\(of at most 20\\)`,
    ],
    [
      24,
      `0:0\\d 35% Scaling up the
  cluster: node pool
  "notebooks" goes from
  3 nodes to 4 \\(of at
  most 20\\)`,
    ],
  ] as const) {
    it(`wraps long messages at words in ${columns} columns, with an indent`, async () => {
      const terminal = atTerminal('lab spawn --demo', { columns, rows: 60 });
      assert.equal(await terminal.finished, 0);
      const lines = terminal.text().split('\n');
      assert.match(terminal.text(), new RegExp(`^${wrapped}$`, 'm'));
      // Every row is written separately; only the URL is wrapped by the terminal.
      for (const line of lines.slice(0, -1)) assert.ok(displayWidth(line) < columns, line);
      assert.match(lines.at(-2) ?? '', /^✔ Lab is running \(0:0\d\)$/);
    });
  }

  it('reports a lost connection and its return in two lines, of which one is a warning', async () => {
    for (const [scenario, lines] of [
      [
        'cut',
        [
          '⚠ event stream lost: the connection was cut; reconnecting',
          'reconnected',
          '⚠ event stream lost: the connection was cut; reconnecting',
          'reconnected',
        ],
      ],
      [
        'restart',
        [
          '⚠ event stream lost: the connection was cut; reconnecting',
          '⚠ reconnected: a new operation has begun; progress starts over',
        ],
      ],
    ] as const) {
      const terminal = atTerminal(`lab spawn --demo ${scenario}`, { rows: 50 });
      assert.equal(await terminal.finished, 0);
      assert.deepEqual(terminal.text().match(/(⚠|reconnected).*$/gm), lines, terminal.text());
    }
  });

  it('erases each row by itself, so that tmux keeps no spinner in its history', async () => {
    const terminal = atTerminal('lab spawn --demo immediate');
    assert.equal(await terminal.finished, 0);
    assert.match(terminal.written(), /\x1b\[K\x1b\[J/);
    assert.doesNotMatch(terminal.written(), /(?<!\x1b\[K)\x1b\[J/);
  });

  it('reports a refused connection in two lines, on a terminal and in a log', async () => {
    await using server = await answering(() => undefined);
    await server.close();
    const env = { LAB_CONTROLLER: server.origin, LAB_TOKEN: 'gt-a-token-of-the-tests' };
    const terminal = atTerminal('lab spawn', { env });
    assert.equal(await terminal.finished, 7);
    const log = await runLab(['spawn'], env);
    for (const text of [terminal.text(), log.stderr.trimEnd()]) {
      assert.match(text, /^✖ could not [^\n]*: the connection was refused\n {2}[^\n]*$/);
    }
  });

  it('survives being made narrower and wider', async () => {
    const terminal = atTerminal('lab spawn --demo', { columns: 100, rows: 40 });
    await terminal.seen(barBelow('nodes are available'));
    await terminal.resize(35, 40);
    await terminal.seen(barBelow('Mounted the volume'));
    assert.equal(terminal.screen().filter((row) => /[█░]/.test(row)).length, 1, terminal.screen().join('\n'));
    // What is printed from here on is wrapped for the new width.
    assert.match(terminal.text(), /^ {2}0:0\d {3}63% {2}Mounted the volume\n {14}"home" of demo$/m);
    await terminal.resize(120, 40);
    assert.equal(await terminal.finished, 0);
    assert.doesNotMatch(terminal.text(), /[█░]/);
    assert.match(terminal.text(), /\n✔ Lab is running \(0:\d\d\)\nhttp/);
  });

  it('sanitises hostile messages', async () => {
    const terminal = atTerminal('lab spawn --demo hostile', { columns: 60, rows: 50 });
    assert.equal(await terminal.finished, 0);
    const text = terminal.text();
    assert.match(text, /\\x1b/);
    assert.match(text, /✔ Lab is running \(0:0\d\)\nhttp:\/\/lab/);
    // All that the program itself sends: colours, erasing, the cursor, synchronised output.
    const rest = terminal.written().replace(/\x1b\[(\d+m|[JK]|\?25[lh]|\?2026[lh])|[\r\n]/g, '');
    assert.doesNotMatch(rest, /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u);
  });

  it('is not drawn if TERM is dumb, under CI, or if disabled', async () => {
    const plain = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ +0:00 {4}1% {2}Starting lab creation for demo/;
    for (const [env, script] of [
      [{ TERM: 'dumb' }, 'lab spawn --demo immediate'],
      [{ CI: 'true' }, 'lab spawn --demo immediate'],
      [{ LAB_PROGRESS: 'plain' }, 'lab spawn --demo immediate'],
      [{}, 'lab spawn --demo immediate --progress plain'],
    ] as const) {
      const terminal = atTerminal(script, { columns: 120, env });
      assert.equal(await terminal.finished, 0);
      assert.match(terminal.screen()[0] ?? '', plain);
      assert.equal(terminal.written().includes('\x1b'), false);
    }
  });
});

describe('stdout and the bar on one terminal', { concurrency: 6 }, () => {
  it('are never both written to', async () => {
    for (const script of [
      'lab events --demo immediate --progress bar',
      'lab spawn --demo immediate -o ndjson --progress bar',
    ]) {
      const terminal = atTerminal(script, { columns: 200 });
      assert.equal(await terminal.finished, 0);
      assert.equal(terminal.text().match(/(?<!"text":")Starting lab creation/g)?.length, 1, terminal.text());
      assert.doesNotMatch(terminal.text(), /[█░]/);
    }
  });
});

describe('keys typed at the terminal', { concurrency: 6 }, () => {
  for (const mode of ['cooked', 'raw']) {
    it(`Ctrl-C leaves a ${mode} terminal as it was, with exit 130`, async () => {
      const set = mode === 'raw' ? 'stty raw -echo' : 'true';
      // With a trap, the script continues after a Ctrl-C.
      const terminal = atTerminal(
        `trap : INT; ${set}; before=$(stty -g); lab spawn --demo slow-pull; code=$?; after=$(stty -g); stty sane
         echo; echo "code=$code"; [ "$before" = "$after" ] && echo same modes`,
      );
      await terminal.seen(barBelow('Starting lab creation'));
      terminal.type('\x03');
      assert.equal(await terminal.finished, 0);
      assert.match(terminal.text(), /code=130\nsame modes/);
      assert.match(terminal.text(), /interrupted; the demo ends here/);
      assert.equal(terminal.cursorHidden(), false);
    });
  }

  it('Ctrl-\\ leaves the cursor visible', async () => {
    const terminal = atTerminal('ulimit -c 0; lab spawn --demo slow-pull; echo "code=$?"');
    await terminal.seen(barBelow('Starting lab creation'));
    terminal.type('\x1c');
    await terminal.seen(/code=131/);
    assert.equal(terminal.cursorHidden(), false);
  });

  it('Ctrl-Z does not stop it where no shell could continue it', async () => {
    // As over `ssh -t host lab …`: the program leads the session itself.
    const terminal = atTerminal('exec "$node" "$lab" spawn --demo');
    await terminal.seen(barBelow('nodes are available'));
    terminal.type('\x1a');
    assert.equal(await terminal.finished, 0);
    assert.match(terminal.text(), /✔ Lab is running/);
  });

  it('Ctrl-Z stops the program with a sane terminal, and it continues afterwards', async () => {
    const terminal = atTerminal(
      'set -m; lab spawn --demo; echo "stopped=$?"; read -r; fg >/dev/null; echo "code=$?"',
    );
    await terminal.seen(barBelow('nodes are available'));
    terminal.type('\x1a');
    await terminal.seen(/stopped=1/);
    assert.equal(terminal.cursorHidden(), false);
    terminal.type('\n');
    assert.equal(await terminal.finished, 0);
    assert.match(terminal.text(), /✔ Lab is running[^]*code=0/);
  });
});
