/**
 * No form of a secret remains in a text, and nothing else is changed. The encodings here share no code with the search.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createGrowingRedactor, createRedactor, type GrowingRedactor } from '../../src/model/redactor.js';
import { anyText } from '../support/arbitraries.js';
import { findLeak } from '../support/secrecy.js';

const token = 'gt-AbCdEfGhIjKlMnOpQrStUv.0123456789abcdefghijkl';

function redact(
  text: string,
  credentials: readonly string[] = [token],
  values: readonly string[] = [],
): string {
  return createRedactor({ credentials, values }).redact(text);
}

const json = (text: string): string => JSON.stringify(text).slice(1, -1);
const asciiUnit = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
const escaped = (text: string): string => text.replaceAll(/[^]/g, asciiUnit);
const bytes = (text: string): string[] =>
  [...Buffer.from(text)].map((byte) => byte.toString(16).padStart(2, '0'));
const percent = (text: string): string =>
  bytes(text)
    .map((byte) => `%${byte}`)
    .join('');
const lines = (text: string, end: string): string => Array.from(text).join(end);

/** Secrets that the encodings change, and that look like encodings. */
const awkward = [
  token,
  'hunter3 "h\u00fcnter3"\t\\hunter3',
  '/ö漢🚀/ö漢🚀',
  'C:\\new\\rad\\u0041\\',
  '\\n\\n\\n\\nx',
  '%41%25%0a%%2',
  'nnnnnnnnu0061',
  'a b+c d+e f',
  "it's 'quoted'",
  '####[[[[^]-]',
];

const forms: [string, (secret: string) => string][] = [
  ['as it is', (secret) => secret],
  ['in JSON', json],
  ['in JSON in JSON', (secret) => json(json(secret))],
  [
    'in JSON in ASCII',
    (secret) =>
      secret.replaceAll(/[^]/g, (unit) => (/[\x20-\x7e]/.test(unit) ? json(unit) : asciiUnit(unit))),
  ],
  ['as escapes', escaped],
  [
    'as escapes in capitals',
    (secret) => escaped(secret).replaceAll(/u[0-9a-f]{4}/g, (code) => `u${code.slice(1).toUpperCase()}`),
  ],
  ['as escapes in JSON', (secret) => json(escaped(secret))],
  ['percent-encoded where it must be', encodeURIComponent],
  ['percent-encoded as a form', (secret) => encodeURIComponent(secret).replaceAll('%20', '+')],
  [
    'percent-encoded in small letters',
    (secret) => encodeURIComponent(secret).replaceAll(/%../g, (code) => code.toLowerCase()),
  ],
  ['percent-encoded as a whole', percent],
  ['percent-encoded in capitals', (secret) => percent(secret).toUpperCase()],
  ['percent-encoded in part', (secret) => percent(secret.slice(0, 3)) + encodeURIComponent(secret.slice(3))],
  ['percent-encoded twice', (secret) => encodeURIComponent(encodeURIComponent(secret))],
  ...[
    '\r',
    '\n',
    '\r\n',
    '\\n',
    '\\r\\n',
    '\\\\n',
    '\\u000a',
    '\\\\u000D',
    '%0a',
    '%0D%0A',
    '\n\n\r\n\\n',
  ].map((end): [string, (secret: string) => string] => [
    `with ${JSON.stringify(end)} between its characters`,
    (secret) => lines(secret, end),
  ]),
  ['in JSON, on many lines', (secret) => Array.from(secret).map(json).join('\\n')],
  [
    'percent-encoded, on many lines',
    (secret) =>
      bytes(secret).length === Array.from(secret).length
        ? Array.from(secret).map(percent).join('\r\n')
        : secret,
  ],
];

describe('a secret in a text', () => {
  for (const [name, form] of forms) {
    it(`is replaced ${name}`, () => {
      for (const secret of awkward) {
        const text = form(secret);
        for (const [before, after] of [
          ['', ''],
          ['x=<', '>; 30%'],
          ['["', '"]\r\n'],
        ] as const) {
          assert.equal(redact(before + text + after, [secret]), `${before}[secret]${after}`, secret);
          assert.equal(redact(before + text + after, [], [secret]), `${before}[secret]${after}`, secret);
        }
      }
    });
  }

  it('is replaced wherever it stands, and as often', () => {
    assert.equal(redact(`${token}${token}, ${json(token)}`), '[secret][secret], [secret]');
  });

  it('is replaced where another begins with it, ends with it, or overlaps with it', () => {
    const secrets = [
      'hunter2hunter2',
      'hunter2hunter2-and-more',
      'more-than-enough',
      'enough-hunter2hunter2',
    ];
    for (const order of [secrets, secrets.toReversed()]) {
      assert.equal(redact('<hunter2hunter2-and-more>', [], order), '<[secret]>');
      assert.equal(redact('<hunter2hunter2-and-more-than-enough>', [], order), '<[secret]>');
      assert.equal(redact('<enough-hunter2hunter2>', [], order), '<[secret]>');
      assert.equal(redact('<hunter2hunter2-and-mo>', [], order), '<[secret]-and-mo>');
    }
  });

  it('is each of its longer lines too', () => {
    const key = '-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA\r\nshort\nz8L0Tg==\n-----END KEY-----\n';
    assert.equal(redact('MIIEpAIBAAKCAQEA short z8L0Tg==', [], [key]), '[secret] short [secret]');
    assert.equal(redact(`<${key.trim()}>`, [], [key]), '<[secret]>');
    assert.equal(redact(`<${json(key)}>`, [], [key]), '<[secret]\\n>');
    assert.equal(redact(`<${key.trim().replaceAll(/\r?\n/g, '\r\n')}>`, [], [key]), '<[secret]>');
  });

  it('is any token, but not a short value', () => {
    assert.equal(
      redact('complete: 1234567 12345678', [], ['1234567', 'small', '']),
      'complete: 1234567 12345678',
    );
    assert.equal(redact('complete: 1234567 12345678', [], ['12345678']), 'complete: 1234567 [secret]');
    assert.equal(redact('gt-x: small', ['gt-x']), '[secret]: small');
    assert.equal(redact('nothing', ['']), 'nothing');
  });

  it('is not a similar text', () => {
    for (const text of [token.slice(1), token.toUpperCase(), lines(token, ' '), token.replace('.', '\\.x')]) {
      assert.equal(redact(text), text);
    }
  });
});

/** Each character in one of its encodings, and now and then a line end between two. */
function written(secret: string): fc.Arbitrary<string> {
  const encodings = [
    (char: string) => char,
    json,
    escaped,
    (char: string) => json(json(char)),
    (char: string) => json(escaped(char)),
    percent,
    (char: string) => percent(char).toUpperCase(),
  ];
  const ends = ['', '', '', '\n', '\r\n', '\\n', '\\\\r', '%0a', '\\u000D'];
  return fc
    .tuple(
      ...Array.from(secret).map((char) =>
        fc.tuple(fc.constantFrom(...encodings), fc.constantFrom(...ends), fc.constant(char)),
      ),
    )
    .map((all) =>
      all.map(([encode, end, char], i) => encode(char) + (i === all.length - 1 ? '' : end)).join(''),
    );
}

/** Well-formed, since percent-encoding knows nothing else, and with what the encodings are made of. */
const anySecret = fc
  .oneof(
    fc.string({ unit: 'grapheme', minLength: 8, maxLength: 20 }),
    fc.string({ unit: fc.constantFrom(...Array.from('\\%nru025adAD" +/')), minLength: 8, maxLength: 12 }),
  )
  .filter((secret) => !secret.includes('|') && secret.trim() !== '' && !/^[\r\n]|[\r\n]$/.test(secret));

/** With bars around it, so that nothing outside can be a part of a secret. */
const anySurroundings = fc
  .tuple(anyText, anyText)
  .map(([before, after]) => [`${before}|`, `|${after}`] as const);

describe('any secret in any text', () => {
  it('is replaced in any mixture of its forms, and nothing else is', () => {
    fc.assert(
      fc.property(
        anySecret.chain((secret) => fc.tuple(fc.constant(secret), written(secret))),
        anySurroundings,
        ([secret, text], [before, after]) => {
          fc.pre(findLeak([before, after], [secret]) === null);
          assert.equal(redact(before + text + after, [], [secret]), `${before}[secret]${after}`);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('is replaced among others', () => {
    fc.assert(
      fc.property(
        fc.array(anySecret, { minLength: 1, maxLength: 4 }),
        fc.array(anyText, { maxLength: 5 }),
        (secrets, texts) => {
          fc.pre(secrets.every((secret) => findLeak(['|[secret]|', ...texts], [secret]) === null));
          const said = [...texts, ...secrets, ...texts].map((text) => `|${text}|`);
          assert.equal(findLeak([redact(said.join(''), [], secrets)], secrets), null);
          const kept = texts.map((text) => `|${text}|`).join('');
          assert.equal(redact(kept, [], secrets), kept);
        },
      ),
    );
  });

  it('is replaced in pieces of any size as it is in one', () => {
    fc.assert(
      fc.property(
        anySecret.chain((secret) => fc.tuple(fc.constant(secret), written(secret))),
        anySurroundings,
        fc.array(fc.nat(), { maxLength: 10 }),
        ([secret, form], [before, after], places) => {
          const redactor = createRedactor({ credentials: [], values: [secret] });
          const text = `${before}${form}${form}${after}`;
          const cuts = [
            0,
            ...places.map((place) => place % (text.length + 1)).sort((a, b) => a - b),
            text.length,
          ];
          const stream = redactor.inPieces();
          const shown = cuts.slice(1).map((cut, i) => stream.push(text.slice(cuts[i], cut)));
          assert.equal(shown.join('') + stream.end(), redactor.redact(text));
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('text in pieces', () => {
  it('is not held back without need', () => {
    const stream = createRedactor({ credentials: [token], values: [] }).inPieces();
    assert.equal(stream.push('data: {"message": "pulling"}\r\n\r\n'), 'data: {"message": "pulling"}\r\n\r\n');
    assert.equal(stream.push(`<${token.slice(0, 10)}`), '<');
    assert.equal(stream.push(`${token.slice(10)}>`), '[secret]>');
    assert.equal(stream.push(token.slice(0, 5)), '');
    assert.equal(stream.end(), token.slice(0, 5));
  });

  it('is not collected without end', () => {
    const stream = createRedactor({ credentials: [token], values: [] }).inPieces();
    let shown = '';
    for (let i = 0; i < 100; i++) shown += stream.push(i === 0 ? 'g' : '\n'.repeat(2000));
    assert.ok(shown.length > 100_000);
  });
});

describe('hostile text', () => {
  // Each would take hours if every position, or every reading, were tried separately.
  for (const [name, text] of [
    ['escaped line ends', '\\n'.repeat(50_000)],
    ['backslashes', '\\'.repeat(400_000)],
    ['percent signs', '%25'.repeat(100_000)],
    ['line ends', `n${'\n'.repeat(400_000)}`],
    ['beginnings', 'nnnnnnn\n'.repeat(50_000)],
  ] as const) {
    it(`of ${name} is searched in one pass`, () => {
      assert.equal(redact(text, [], ['nnnnnnnnu', '\\n\\n\\n\\nx', '%25%25%25x', ' \\\\\\\\\\x']), text);
    });
  }
});

describe('a redactor that grows', () => {
  const growing = (): GrowingRedactor =>
    createGrowingRedactor({ credentials: ['hunter2'], values: ['a-long-value'] });

  it('finds what it was created with', () => {
    assert.equal(growing().redact('hunter2, a-long-value'), '[secret], [secret]');
  });

  it('finds what was added, in any form', () => {
    const redactor = growing();
    assert.equal(redactor.redact('cookie-one'), 'cookie-one');
    redactor.add(['cookie-one', 'cookie|two']);
    assert.equal(redactor.redact('hunter2 cookie-one cookie%7Ctwo'), '[secret] [secret] [secret]');
  });

  it('finds secrets if it had none at first', () => {
    const redactor = createGrowingRedactor({ credentials: [], values: [] });
    assert.equal(redactor.redact('cookie-one'), 'cookie-one');
    redactor.add(['cookie-one']);
    assert.equal(redactor.redact('cookie-one'), '[secret]');
  });

  it('ignores short additions', () => {
    const redactor = growing();
    redactor.add(['a', 'running']);
    assert.equal(redactor.redact('a lab is running'), 'a lab is running');
  });

  it('finds additions in a text of which pieces have arrived', () => {
    const redactor = growing();
    const pieces = redactor.inPieces();
    assert.equal(pieces.push('one '), 'one ');
    redactor.add(['cookie-one']);
    assert.equal(pieces.push('cookie'), '');
    assert.equal(pieces.push('-one two'), '[secret] two');
    assert.equal(pieces.end(), '');
  });

  it('keeps the latest additions', () => {
    const redactor = growing();
    for (let nth = 100; nth < 200; nth++) redactor.add([`cookie-${nth}`]);
    assert.equal(redactor.redact('cookie-100 cookie-199 hunter2'), 'cookie-100 [secret] [secret]');
  });
});
