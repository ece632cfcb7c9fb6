/**
 * The command in BROWSER: its words, and the place of the URL.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { browserCommand } from '../../src/process/browser-command.js';

const url = 'https://hub.test/user/ann/$&?a=%s';

describe('the command in BROWSER', () => {
  const rows: [string, [string, ...string[]] | null][] = [
    ['', null],
    ['  ', null],
    ['firefox', ['firefox', url]],
    [' firefox  --new-window ', ['firefox', '--new-window', url]],
    ['firefox %s', ['firefox', url]],
    ['firefox --url=%s --new', ['firefox', `--url=${url}`, '--new']],
    ['app %s %s', ['app', url, url]],
    ['"/opt/my browser/run" -x', ['/opt/my browser/run', '-x', url]],
    ["open -a 'Google Chrome'", ['open', '-a', 'Google Chrome', url]],
    [`x '' "a"'b'c`, ['x', '', 'abc', url]],
    ['"C:\\Program Files\\b.exe" %s', ['C:\\Program Files\\b.exe', url]],
    ['x $(id) ; y | z > f', ['x', '$(id)', ';', 'y', '|', 'z', '>', 'f', url]],
    // A program's name is not a place for a URL.
    ['%s', ['%s', url]],
  ];
  for (const [browser, expected] of rows) {
    it(`is read: ${JSON.stringify(browser)}`, () => {
      const command = browserCommand(browser, url);
      assert.deepEqual(command === null ? null : [command.program, ...command.args], expected);
    });
  }

  for (const browser of ['"firefox', "x 'y", 'x"']) {
    it(`is refused: ${browser}`, () => {
      assert.throws(() => browserCommand(browser, url), /^Error: BROWSER: a quote is not closed$/);
    });
  }
});
