/**
 * What the real program sends to a terminal, or into a log, that does not read UTF-8.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readsUtf8 } from '../../src/display/locale.js';
import { displayWidth } from '../../src/display/terminal/width.js';
import { answering } from '../support/answering.js';
import { atTerminal, runLab } from '../support/program.js';

describe('the locale', () => {
  for (const [env, utf8] of [
    [{}, true],
    [{ LANG: '' }, true],
    [{ LANG: 'en_GB.UTF-8' }, true],
    [{ LANG: 'C.utf8' }, true],
    [{ LC_CTYPE: 'UTF-8', LANG: 'C' }, true],
    [{ LC_ALL: 'C', LC_CTYPE: 'en_GB.UTF-8', LANG: 'en_GB.UTF-8' }, false],
    [{ LC_ALL: '', LC_CTYPE: 'POSIX', LANG: 'en_GB.UTF-8' }, false],
    [{ LANG: 'C' }, false],
    [{ LANG: 'pl_PL' }, false],
    [{ LANG: 'pl_PL.ISO-8859-2' }, false],
  ] as [Record<string, string>, boolean][]) {
    it(`${JSON.stringify(env)} is ${utf8 ? '' : 'not '}UTF-8`, () => {
      assert.equal(readsUtf8(env), utf8);
    });
  }
});

describe('in a locale that is not UTF-8', { concurrency: 2 }, () => {
  for (const env of [{ LC_ALL: 'C' }, { LANG: 'en_GB.ISO-8859-1' }]) {
    it(`a terminal gets ASCII only, and symbols that it has (${JSON.stringify(env)})`, async () => {
      const terminal = atTerminal('lab spawn --demo', { env, columns: 60 });
      await terminal.seen(/[-\\|/] Waiting for the first event 0:0\d/);
      await terminal.seen(/\d% #+-+ 0:\d\d/);
      assert.equal(await terminal.finished, 0);
      assert.match(terminal.text(), /\nok Lab is running \(0:\d\d\)\n/);
      // Cut to the width of the terminal.
      assert.match(terminal.written(), /#\S* 0:\d\d {2}[^\x1b]+\.\.\.\r?\x1b/);
      assert.doesNotMatch(terminal.written(), /[^\x00-\x7f]/);
    });
  }

  it('the text of a server is escaped, which could be control characters there, and the bar stays in its line', async () => {
    // In UTF-8, the second byte of this letter is the one that begins an escape sequence in ISO 8859.
    const message = 'a\u011b31m '.repeat(20);
    await using server = await answering((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`event: info\ndata: {"message": "${message}", "progress": 50}\n\n`);
      setImmediate(() => response.end(`event: failed\ndata: {"message": "${message}"}\n\n`));
    });
    const terminal = atTerminal('lab events -u demo -o json --progress bar >/dev/null', {
      env: { LC_ALL: 'C', LAB_CONTROLLER: server.origin, LAB_TOKEN: 'gt-a-token-of-the-tests' },
      columns: 60,
    });
    assert.equal(await terminal.finished, 1);
    assert.doesNotMatch(terminal.written(), /[^\x00-\x7f]/);
    assert.match(terminal.text(), /^ {2}0:0\d {3}50% {2}a\\u011b31m a\\u011b31m/m);
    assert.ok(
      terminal.screen().every((row) => displayWidth(row) < 60),
      terminal.text(),
    );
  });

  it('a log has ASCII, and a script gets what the server said', async () => {
    await using server = await answering((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(
        `event: info\ndata: {"message": "\u011b${'x'.repeat(3000)}"}\n\nevent: complete\ndata: {"message": "\u2714"}\n\n`,
      );
    });
    const env = { LC_ALL: 'C', LAB_CONTROLLER: server.origin, LAB_TOKEN: 'gt-a-token-of-the-tests' };
    const log = await runLab(['events', '-u', 'demo', '-o', 'json', '--progress', 'plain'], env);
    assert.equal(log.code, 0);
    assert.match(log.stderr, / {2}0:0\d {8}\\u011bx+\.\.\. \(1001 more characters\)\n/);
    assert.doesNotMatch(log.stderr, /[^\x00-\x7f]/);
    const text = await runLab(['events', '-u', 'demo'], env);
    assert.match(text.stdout, /\u011bx+/);
  });
});
