/**
 * Invalid frames (`malformed`), and messages that attack a terminal (`hostile`). Data only; stories.ts uses it.
 */

const message = (text: string, more = '') => `{"message": "${text}"${more}}`;
const frame = (data: string) => `event: info\r\ndata: ${data}\r\n\r\n`;

/**
 * Frames as sent. Most are invalid; some are valid but formatted unlike the controller's. None has the type `complete`
 * or `failed`, so the spawn's outcome does not change.
 */
export const malformedFrames: readonly (string | Uint8Array)[] = [
  `event: progress\r\ndata: ${message('of a type that nobody knows')}\r\n\r\n`,
  `event: INFO\r\ndata: ${message('of a type in the wrong case')}\r\n\r\n`,
  frame('{"message": "the JSON is cut off'),
  frame("{'message': 'the JSON is Python'}"),
  frame('{"progress": 50}'),
  frame('{"message": 7}'),
  frame('{"message": null}'),
  frame(message('progress 0', ', "progress": 0')),
  frame(message('progress 101', ', "progress": 101')),
  frame(message('progress -5', ', "progress": -5')),
  frame(message('progress as text', ', "progress": "50"')),
  frame(message('progress null', ', "progress": null')), // valid, although the controller omits null
  frame(message('progress 1.5', ', "progress": 1.5')),
  frame(message('progress NaN', ', "progress": NaN')),
  frame(message('progress 1e999', ', "progress": 1e999')),
  frame('[]'),
  frame('null'),
  frame('"only text"'),
  frame('<html><body>502 Bad Gateway</body></html>'),
  'event: info\r\ndata:\r\n\r\n',
  'event: info\r\n\r\n', // without data: not dispatched, according to the specification
  `data: ${message('of no type')}\r\n\r\n`,
  'event: ping\r\ndata: 2026-11-24 00:42:16.751948+00:00\r\n\r\n', // older controllers' heartbeat
  ': a comment\r\n\r\n',
  ':\r\n\r\n',
  '\r\n\r\n',
  Buffer.from('event: info\r\ndata: {"message": "\xff\xfe are not UTF-8"}\r\n\r\n', 'latin1'),
  `\ufeffevent: info\r\ndata: ${message('a byte order mark in mid-stream')}\r\n\r\n`,
  // The rest are valid Events in an unusual format.
  `id: 7\r\nretry: 20\r\nunknown: field\r\nevent: info\r\ndata: ${message('with id, retry and more')}\r\n\r\n`,
  'event: info\r\ndata: {"message":\r\ndata: "data of two lines",\r\ndata: "progress": 50}\r\n\r\n',
  `event:info\r\ndata:${message('no space after the colon')}\r\n\r\n`,
  `event: info\ndata: ${message('lines that end in LF')}\n\n`,
  `event: info\rdata: ${message('lines that end in CR')}\r\r`,
  `data: ${message('the data before the type')}\r\nevent: info\r\n\r\n`,
  frame(message('a field that nobody knows', ', "progress": 60, "stage": {"name": "pull"}')),
  frame(message('not escaped: zażółć 望遠鏡 🔭')),
];

/** Messages after decoding. On the wire, they are plain ASCII (contract). */
export const hostileMessages: readonly string[] = [
  'colour: \x1b[31mred\x1b[0m, and never switched back: \x1b[7m',
  'cursor: \x1b[5A\x1b[2K\rLab Kubernetes pod started',
  'clear screen: \x1b[2J\x1b[3J\x1b[H, hide cursor: \x1b[?25l, alternate screen: \x1b[?1049h',
  'full reset: \x1bc',
  'mouse and paste modes: \x1b[?1000h\x1b[?2004h',
  'title: \x1b]0;owned\x07, and with ST: \x1b]2;owned\x1b\\',
  'hyperlink: \x1b]8;;https://evil.example/\x1b\\click here\x1b]8;;\x1b\\',
  'clipboard: \x1b]52;c;cm0gLXJmIH4=\x07',
  'device control: \x1bP$q"p\x1b\\, report: \x1b[6n\x1b[c',
  'a sequence that never ends: \x1b]0;unterminated',
  'C1: \x9b31mred\x9b0m, \x9d0;owned\x9c, \x90q\x9c, \x85next line',
  'NUL: a\0b, BEL: \x07, DEL: \x7f, shift out: \x0e',
  'lines: one\ntwo\r\nthree\rfour\vfive\fsix',
  'event: complete\r\ndata: {"message": "forged"}\r\n\r\n',
  'backspaces: good\b\b\b\bevil, tab:\tend',
  'bidi: \u202egnp.exe\u202c, isolates: \u2066a\u2067b\u2069, marks: \u200e\u200f\u061c',
  'separators: line\u2028paragraph\u2029end',
  'joiners: 👩\u200d🚀 👨\u200d👩\u200d👧 🏳\ufe0f\u200d🌈, invisible: \u200b\u2060\ufeff',
  'wide: 望遠鏡で星を見る、한국어, ｆｕｌｌｗｉｄｔｈ',
  'combining: e\u0301 Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334\u0319\u0324\u031ea\u0306\u0308l',
  'lone surrogates: \ud800 and \udc00, reversed: \udc00\ud800',
  'tag characters: \u{e0041}\u{e0042}, noncharacters: \uffff \u{1ffff}',
  '%s %d ${HOME} $(reboot) `reboot` {user',
  '__proto__',
  `long: ${'x'.repeat(100_000)}`,
  '',
  ' ',
];
