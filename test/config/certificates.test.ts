import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { resolveCertificates } from '../../src/config/certificates.js';
import { UsageError } from '../../src/model/usage-error.js';
import { makeAuthority, type Certificate } from '../support/certificates.js';
import { temporaryFolder } from '../support/temporary.js';

const folder = temporaryFolder();

function fileOf(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

let one: Certificate;
let other: Certificate;
before(async () => {
  one = await makeAuthority('one');
  other = await makeAuthority('other');
});

const lines = (pem: string): string => pem.replace(/\r\n/g, '\n').trim();

describe('a file of certificate authorities', () => {
  it('is named by the option, then by the variable, and need not be', async () => {
    const [first, second] = [fileOf('one.pem', one.cert), fileOf('other.pem', other.cert)];
    const option = await resolveCertificates(first, { LAB_CA_FILE: second });
    assert.deepEqual([option?.value.map(lines), option?.origin], [[lines(one.cert)], `--ca-file (${first})`]);
    const variable = await resolveCertificates(undefined, { LAB_CA_FILE: second });
    assert.deepEqual(
      [variable?.value.map(lines), variable?.origin],
      [[lines(other.cert)], `LAB_CA_FILE (${second})`],
    );
    assert.equal(await resolveCertificates(undefined, { LAB_CA_FILE: '' }), null);
  });

  it('may hold several, with other text around them', async () => {
    const path = fileOf('bundle.pem', `# one\r\n${one.cert.replace(/\r?\n/g, '\r\n')}\r\n${other.cert}\nend`);
    assert.equal((await resolveCertificates(path, {}))?.value.length, 2);
  });

  it('is read from a pipe', async () => {
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    const found = resolveCertificates(path, {});
    writeFileSync(path, one.cert);
    assert.equal((await found)?.value.length, 1);
  });

  it("are used in addition to Node's extra ones, which can be missing", async () => {
    const path = fileOf('one.pem', one.cert);
    const extra = fileOf('extra.pem', other.cert);
    assert.equal((await resolveCertificates(path, { NODE_EXTRA_CA_CERTS: extra }))?.value.length, 2);
    assert.equal((await resolveCertificates(path, { NODE_EXTRA_CA_CERTS: '/nonexistent' }))?.value.length, 1);
    assert.equal(await resolveCertificates(undefined, { NODE_EXTRA_CA_CERTS: extra }), null);
  });

  const damaged = (): string => one.cert.replace(/\n.{40}/, `\n${'A'.repeat(40)}`);
  const wrong: [string, () => string, RegExp][] = [
    ['missing', () => join(folder, 'nope'), /^--ca-file: cannot read .*nope: no such file$/],
    ['a folder', () => folder, /^--ca-file: cannot read .*: it is a directory$/],
    ['empty', () => fileOf('empty', ''), /^--ca-file: there is no certificate in/],
    ['a key', () => fileOf('key', one.key), /^--ca-file: there is no certificate in/],
    ['endless', () => '/dev/zero', /^--ca-file: there is no certificate in/],
    [
      'damaged in the second place',
      () => fileOf('damaged', one.cert + damaged()),
      /^--ca-file: certificate 2 in .* is damaged$/,
    ],
  ];
  for (const [name, path, message] of wrong) {
    it(`that is ${name} is wrong usage`, async () => {
      await assert.rejects(
        resolveCertificates(path(), {}),
        (error) => error instanceof UsageError && message.test(error.message),
      );
    });
  }

  it('is named by its variable where that is wrong', async () => {
    await assert.rejects(
      resolveCertificates(undefined, { LAB_CA_FILE: '/nonexistent' }),
      /^UsageError: LAB_CA_FILE: /,
    );
  });
});
