/**
 * The real program connecting to a real TLS server: certificates, and proxies in between.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { answering, type Answering, type Asked } from '../support/answering.js';
import { makeAuthority, makeCertificate, type Certificate } from '../support/certificates.js';
import { resultOf } from '../support/ndjson.js';
import { runLab, startLab, type Finished } from '../support/program.js';
import { startProxy, type Proxy, type ProxyOptions } from '../support/proxy.js';
import { temporaryFolder } from '../support/temporary.js';

const folder = temporaryFolder();
const token = 'gt-a-token-of-the-tests';
const year = 365 * 24 * 3_600_000;
const soon = (ms: number): Date => new Date(Date.now() + ms);

let authority: Certificate;
let caFile: string;
let trusted: Certificate;
before(async () => {
  authority = await makeAuthority('the authority of the tests');
  caFile = pem('ca.pem', authority.cert);
  trusted = await makeCertificate({ issuer: authority, names: ['localhost', 'data.example.org'] });
});

function pem(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** A controller that has one lab, which runs. */
function running(response: ServerResponse, { url }: Asked): void {
  const body = url.endsWith('/user-info') ? { username: 'demo' } : { status: 'running' };
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

const serving = (certificate: Certificate | null): Promise<Answering> => answering(running, certificate);

/** Asks for the state, at the name that the certificates are for. */
function status(server: Answering, env: Record<string, string>, ...args: string[]): Promise<Finished> {
  const origin = server.origin.replace('127.0.0.1', 'localhost');
  return runLab(['status', ...args], { LAB_CONTROLLER: origin, LAB_TOKEN: token, ...env });
}

describe('a certificate', { concurrency: 2 }, () => {
  it('of an authority in --ca-file, LAB_CA_FILE or NODE_EXTRA_CA_CERTS is accepted', async () => {
    await using server = await serving(trusted);
    const other = pem('other.pem', (await makeAuthority('another')).cert);
    for (const [args, env] of [
      [['--ca-file', caFile], {}],
      [[], { LAB_CA_FILE: caFile }],
      [[], { NODE_EXTRA_CA_CERTS: caFile }],
      [[], { LAB_CA_FILE: other, NODE_EXTRA_CA_CERTS: caFile }],
    ] as const) {
      const run = await status(server, env, '-v', ...args);
      assert.equal(run.code, 0, run.stderr);
      assert.match(
        run.stderr,
        /certificate authorities in addition to Node's: from (--ca-file|LAB_CA_FILE|NODE_EXTRA_CA_CERTS) \(/,
      );
    }
  });

  it('of an intermediate authority that is named is accepted, and so is a self-signed one', async () => {
    const intermediate = await makeAuthority('intermediate', authority);
    await using below = await serving(await makeCertificate({ issuer: intermediate }));
    const first = await status(below, { LAB_CA_FILE: pem('intermediate.pem', intermediate.cert) });
    assert.equal(first.code, 0, first.stderr);
    const alone = await makeCertificate();
    await using self = await serving(alone);
    const second = await status(self, { LAB_CA_FILE: pem('alone.pem', alone.cert) });
    assert.equal(second.code, 0, second.stderr);
  });

  const refused: [string, () => Promise<Certificate>, RegExp][] = [
    [
      'of an unknown authority',
      () => makeCertificate({ issuer: authority }),
      /the certificate is from an authority that is not trusted here\n.*--ca-file or LAB_CA_FILE/,
    ],
    [
      'of an unknown authority that is in the chain',
      async () => {
        const { cert, key } = await makeCertificate({ issuer: authority });
        return { cert: `${cert}\n${authority.cert}`, key };
      },
      /the certificate is from an authority that is not trusted here\n.*--ca-file or LAB_CA_FILE/,
    ],
    [
      'that is self-signed',
      () => makeCertificate(),
      /the certificate is self-signed\n.*--ca-file or LAB_CA_FILE/,
    ],
  ];
  for (const [name, make, message] of refused) {
    it(`${name} ends with 7 at once, and with the option that helps`, async () => {
      await using server = await serving(await make());
      // A deadline that is never reached: a retry would never end.
      const run = await status(server, {}, '--timeout', '0');
      assert.equal(run.code, 7);
      assert.match(run.stderr, message);
      assert.deepEqual(server.asked, []);
    });
  }

  const wrong: [string, () => Promise<Certificate>, RegExp][] = [
    [
      'that has expired',
      () => makeCertificate({ issuer: authority, notBefore: soon(-2 * year), notAfter: soon(-year) }),
      /the certificate has expired\n.*clock.*new certificate/,
    ],
    [
      'that is not valid yet',
      () => makeCertificate({ issuer: authority, notBefore: soon(year), notAfter: soon(2 * year) }),
      /the certificate is not valid yet\n.*clock/,
    ],
    [
      'for another host',
      () => makeCertificate({ issuer: authority, names: ['one.example.org', 'two.example.org'] }),
      /the certificate is not for localhost, but for one\.example\.org, two\.example\.org\n.*a host name that the certificate covers/,
    ],
  ];
  for (const [name, make, message] of wrong) {
    it(`${name} ends with 7 at once, and no option is promised to help`, async () => {
      await using server = await serving(await make());
      const run = await status(server, { LAB_CA_FILE: caFile }, '--timeout', '0');
      assert.equal(run.code, 7);
      assert.match(run.stderr, message);
      assert.doesNotMatch(run.stderr, /--ca-file/);
      assert.deepEqual(server.asked, []);
    });
  }

  it('is reported as such in JSON', async () => {
    await using server = await serving(await makeCertificate());
    const { error } = resultOf((await status(server, {}, '-o', 'json')).stdout);
    assert.equal(error?.type, 'certificate');
  });

  it('is not to be had from a server of plain http', async () => {
    await using server = await serving(null);
    const run = await runLab(['status', '--timeout', '0'], {
      LAB_CONTROLLER: `https://localhost:${server.port}`,
      LAB_TOKEN: token,
    });
    assert.equal(run.code, 7);
    assert.match(run.stderr, /the server does not speak TLS on this port\n.*host and port/);
  });
});

describe('a server that refuses the TLS connection', { concurrency: 2 }, () => {
  type Settings = Parameters<typeof createTlsServer>[0];
  const versions = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
  const wantsCertificate = { requestCert: true, rejectUnauthorized: true };
  const refusals: [string, () => Settings, RegExp][] = [
    [
      'for it speaks HTTP/2 only',
      () => ({ ALPNProtocols: ['h2'] }),
      /does not offer HTTP\/1\.1 \(it may speak HTTP\/2 only\)\n.*HTTP\/1\.1 as well/,
    ],
    [
      'for want of a client certificate',
      () => ({ ...wantsCertificate, minVersion: 'TLSv1.3' }),
      /the server requires a client certificate\n.*lab does not support client certificates/,
    ],
    [
      'for want of a client certificate, with TLS 1.2',
      () => ({ ...wantsCertificate, maxVersion: 'TLSv1.2' }),
      /the server refused the TLS handshake \(.*requires a client certificate\)\n/,
    ],
    ['for it knows old versions only', () => versions, /have no TLS version in common\n.*TLS 1\.2 or later/],
  ];
  for (const [name, settings, message] of refusals) {
    it(`${name}, says so at once, with and without a proxy between`, async () => {
      const server = createTlsServer({ ...trusted, ...settings() }, (socket) => {
        socket.on('error', () => undefined);
      });
      after(() => server.close());
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      await using proxy = await startProxy({ port });
      for (const way of [
        { LAB_CONTROLLER: `https://localhost:${port}` },
        { LAB_CONTROLLER: 'https://data.example.org', HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` },
      ]) {
        const run = await runLab(['spawn', '--user', 'rachel', '--timeout', '0', '-v'], {
          ...way,
          LAB_TOKEN: token,
          LAB_CA_FILE: caFile,
        });
        assert.equal(run.code, 7, run.stderr);
        assert.match(run.stderr, message);
        assert.doesNotMatch(run.stderr, /does not speak TLS|SSL|retrying|may still have started/);
      }
    });
  }
});

describe('a proxy', { concurrency: 2 }, () => {
  /** Asks for the state of a lab at a host that only the proxy knows. */
  async function through(
    options: Omit<ProxyOptions, 'port'>,
    url: (port: number) => string,
    ...args: string[]
  ): Promise<{ run: Finished; proxy: Proxy; server: Answering }> {
    await using server = await serving(trusted);
    await using proxy = await startProxy({ ...options, port: server.port });
    const run = await runLab(['status', ...args], {
      LAB_CONTROLLER: 'https://data.example.org/nublado',
      LAB_TOKEN: token,
      LAB_CA_FILE: caFile,
      HTTPS_PROXY: url(proxy.port),
    });
    return { run, proxy, server };
  }
  const plain = (port: number): string => `http://127.0.0.1:${port}`;

  it('leads to the controller, and sees no token', async () => {
    const { run, proxy, server } = await through({}, plain, '-v');
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stderr, new RegExp(`proxy http://127\\.0\\.0\\.1:${proxy.port}: from HTTPS_PROXY`));
    assert.deepEqual([...new Set(proxy.seen)], ['CONNECT data.example.org:443']);
    assert.deepEqual(proxy.tokens, []);
    assert.equal(server.asked[0]?.headers.authorization, `Bearer ${token}`);
    assert.equal(server.asked[0].headers['proxy-authorization'], undefined);
  });

  it('may speak TLS itself', async () => {
    const { run, proxy } = await through({ certificate: trusted }, (port) => `https://localhost:${port}`);
    assert.equal(run.code, 0, run.stderr);
    assert.equal(proxy.seen.length > 0, true);
  });

  it('may want a user name and a password, which are never printed', async () => {
    const credentials = 'me:hunter2hunter2';
    const good = await through({ credentials }, (port) => `http://${credentials}@127.0.0.1:${port}`, '-vv');
    assert.equal(good.run.code, 0, good.run.stderr);
    const encoded = Buffer.from(credentials).toString('base64');
    assert.equal((good.run.stdout + good.run.stderr).includes('hunter2'), false);
    assert.equal((good.run.stdout + good.run.stderr).includes(encoded), false);
    const none = await through({ credentials }, plain, '--timeout', '0');
    assert.equal(none.run.code, 3);
    assert.match(
      none.run.stderr,
      /the proxy http:\/\/127\.0\.0\.1:\d+ \(HTTPS_PROXY\) requires a user name and password \(HTTP 407 Proxy Authentication Required\)\n.*HTTPS_PROXY, as in http:\/\/user:password@/,
    );
  });

  it('that wants other credentials later ends the run then, as at the beginning', async () => {
    await using server = await serving(trusted);
    await using proxy = await startProxy({ port: server.port, credentials: 'me:hunter2hunter2' });
    const waiting = startLab(['wait', '--for', 'absent', '--timeout', '0'], {
      LAB_CONTROLLER: 'https://data.example.org/nublado',
      LAB_TOKEN: token,
      LAB_CA_FILE: caFile,
      HTTPS_PROXY: `http://me:hunter2hunter2@127.0.0.1:${proxy.port}`,
    });
    await waiting.seen(/the lab is running/);
    proxy.expect('me:another');
    // There is no connection left to reuse.
    await server.close();
    const run = await waiting.finished;
    assert.equal(run.code, 3, run.stderr);
    assert.match(run.stderr, /requires a user name and password \(HTTP 407/);
  });

  it('that refuses is named', async () => {
    const { run } = await through({ refuse: 403 }, plain, '--timeout', '0');
    assert.equal(run.code, 7);
    assert.match(
      run.stderr,
      /the proxy http:\/\/127\.0\.0\.1:\d+ \(HTTPS_PROXY\) refused to connect to the controller \(HTTP 403 Forbidden\)\n.*NO_PROXY/,
    );
  });

  it('that hangs up is named', async () => {
    const { run } = await through({ refuse: 'hang-up' }, plain, '--timeout', '10s');
    assert.equal(run.code, 7);
    assert.match(
      run.stderr,
      /the proxy http:\/\/127\.0\.0\.1:\d+ \(HTTPS_PROXY\) cannot be used: the connection was cut/,
    );
  });

  it('that never responds does not delay the deadline', async () => {
    const { run } = await through({ refuse: 'silence' }, plain, '--timeout', '300ms');
    assert.equal(run.code, 7);
  });

  it('that is not there is named', async () => {
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    const { port } = closed.address() as AddressInfo;
    await new Promise((resolve) => closed.close(resolve));
    const { run } = await through({}, () => plain(port), '--timeout', '10s');
    assert.equal(run.code, 7);
    assert.match(
      run.stderr,
      /the proxy http:\/\/127\.0\.0\.1:\d+ \(HTTPS_PROXY\) cannot be used: the connection was refused/,
    );
  });

  it('with a certificate that is not accepted is named', async () => {
    const { run } = await through(
      { certificate: await makeCertificate() },
      (port) => `https://localhost:${port}`,
      '--timeout',
      '0',
    );
    assert.equal(run.code, 7);
    assert.match(
      run.stderr,
      /the proxy https:\/\/localhost:\d+ \(HTTPS_PROXY\) cannot be used: the certificate is self-signed[^]*--ca-file/,
    );
  });

  it('does not hide a certificate for another host', async () => {
    await using server = await serving(
      await makeCertificate({ issuer: authority, names: ['else.example.org'] }),
    );
    await using proxy = await startProxy({ port: server.port });
    const run = await runLab(['status', '--timeout', '0'], {
      LAB_CONTROLLER: 'https://data.example.org',
      LAB_TOKEN: token,
      LAB_CA_FILE: caFile,
      HTTPS_PROXY: plain(proxy.port),
    });
    assert.equal(run.code, 7);
    assert.match(run.stderr, /the certificate is not for data\.example\.org, but for else\.example\.org/);
  });

  it('for plain http is sent the request itself, and may want a password too', async () => {
    await using server = await serving(null);
    for (const [certificate, scheme] of [
      [null, 'http'],
      [trusted, 'https'],
    ] as const) {
      await using proxy = await startProxy({
        port: server.port,
        credentials: 'me:hunter2hunter2',
        ...(certificate === null ? {} : { certificate }),
      });
      const env = { LAB_CONTROLLER: 'http://data.example.org', LAB_CA_FILE: caFile };
      const args = ['status', '--direct', '--user', 'demo'];
      const good = await runLab(args, {
        ...env,
        HTTP_PROXY: `${scheme}://me:hunter2hunter2@localhost:${proxy.port}`,
      });
      assert.equal(good.code, 0, good.stderr);
      assert.equal(proxy.seen[0], 'GET http://data.example.org/nublado/spawner/v1/user-status');
      assert.equal(server.asked.at(-1)?.headers.host, 'data.example.org');
      const none = await runLab(args, { ...env, http_proxy: `${scheme}://localhost:${proxy.port}` });
      assert.equal(none.code, 3);
      assert.match(none.stderr, /the proxy requires a user name and password[^]*HTTP_PROXY, as in/);
    }
  });

  it('may speak TLS at an address, without a word from Node', async () => {
    const certificate = await makeCertificate({ issuer: authority });
    const tunnel = await through({ certificate }, (port) => `https://127.0.0.1:${port}`, '-q');
    assert.deepEqual([tunnel.run.code, tunnel.run.stderr], [0, '']);
    await using server = await serving(null);
    await using proxy = await startProxy({ port: server.port, certificate });
    const run = await runLab(['status', '--direct', '--user', 'demo', '-q'], {
      LAB_CONTROLLER: 'http://data.example.org',
      LAB_CA_FILE: caFile,
      HTTP_PROXY: `https://127.0.0.1:${proxy.port}`,
    });
    assert.deepEqual([run.code, run.stderr], [0, '']);
  });

  it('never stands before loopback or what NO_PROXY lists', async () => {
    await using server = await serving(null);
    await using proxy = await startProxy({ port: server.port });
    const env = { LAB_CONTROLLER: server.origin, LAB_TOKEN: token, HTTP_PROXY: plain(proxy.port) };
    const run = await runLab(['status', '-v'], env);
    assert.equal(run.code, 0, run.stderr);
    assert.match(run.stderr, /no proxy: 127\.0\.0\.1 is loopback/);
    assert.deepEqual(proxy.seen, []);
  });
});
