/**
 * A real JupyterHub behind its real proxy on loopback, for the tests of one file.
 *
 * Owns the processes and the folder; what servers do is in `scripted_spawner.py`. The proxy is a separate process, so
 * that the Hub can be stopped, killed and started again behind it. No process ever outlives the tests' process.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, openSync, readFileSync, readdirSync, writeFileSync, closeSync } from 'node:fs';
import { createServer, type AddressInfo, type LookupFunction } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Agent, type Dispatcher } from 'undici';
import { makeAuthority, makeCertificate } from '../support/certificates.js';
import '../support/closing.js';
import { temporaryFolder } from '../support/temporary.js';
import { pythonOf, type HubVersion } from './versions.js';

export interface HubOptions {
  version: HubVersion;
  /** The path that the Hub is served below. */
  prefix?: string;
  /** A host name: users get hosts below it, and everything goes over TLS. Names resolve in `hub.dispatcher` only. */
  subdomainHost?: string;
  namedServers?: boolean;
  namedServerLimit?: number;
  activeServerLimit?: number;
  concurrentSpawnLimit?: number;
  /** Seconds for which a POST is held while the spawn continues; a Hub's default is 10. */
  slowSpawnTimeout?: number;
  /** The same for a DELETE. */
  slowStopTimeout?: number;
}

export interface RealHub extends AsyncDisposable {
  readonly version: HubVersion;
  /** The Hub's public prefix, with a final slash. */
  readonly url: URL;
  /** Trusts the Hub's certificate and knows its host names. */
  readonly dispatcher: Dispatcher;
  /** Null without TLS. */
  readonly authority: string | null;
  /** May do everything. It belongs to a service, which has no servers. */
  readonly adminToken: string;
  /** Creates the user, unless there is one, and a token: with these scopes, or with all that the user has. */
  token(user: string, scopes?: readonly string[]): Promise<string>;
  /** Sends a request to the Hub as the administrator. `path` is relative to `hub/api/`. */
  admin(
    method: Dispatcher.HttpMethod,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; text: string }>;
  /** Lets pass what waits at a gate of a script. */
  open(gate: string): void;
  /** Ends the Hub alone, as an update (SIGTERM) or a lost node (SIGKILL) does. The proxy and the servers stay. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Starts the Hub again; resolves when it responds. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/** A Hub takes 3 to 15 s to start; on a busy machine much longer. In milliseconds. */
const startLimit = 120_000;

const proxyBin = fileURLToPath(import.meta.resolve('configurable-http-proxy/bin/configurable-http-proxy'));
const configFile = fileURLToPath(new URL('jupyterhub_config.py', import.meta.url));

/** Ports that were free a moment ago. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}

export async function startHub(options: HubOptions): Promise<RealHub> {
  const { version, prefix = '/nb/', subdomainHost } = options;
  const folder = temporaryFolder();
  for (const name of ['gates', 'processes', 'home']) mkdirSync(join(folder, name));
  const [port = 0, hubPort = 0, proxyApiPort = 0] = await freePorts(3);
  const url = new URL(
    subdomainHost === undefined
      ? `http://127.0.0.1:${port}${prefix}`
      : `https://${subdomainHost}:${port}${prefix}`,
  );
  const [adminToken, proxyToken] = [secret(), secret()];
  writeFileSync(
    join(folder, 'settings.json'),
    JSON.stringify({
      folder,
      bind_url: `${url.protocol}//127.0.0.1:${port}${prefix}`,
      hub_bind_url: `http://127.0.0.1:${hubPort}`,
      subdomain_host: subdomainHost === undefined ? '' : url.origin,
      proxy_api_url: `http://127.0.0.1:${proxyApiPort}`,
      proxy_token: proxyToken,
      admin_token: adminToken,
      named_servers: options.namedServers ?? true,
      named_server_limit: options.namedServerLimit ?? 0,
      active_server_limit: options.activeServerLimit ?? 0,
      concurrent_spawn_limit: options.concurrentSpawnLimit ?? 0,
      slow_spawn_timeout: options.slowSpawnTimeout ?? 1,
      slow_stop_timeout: options.slowStopTimeout ?? 1,
    }),
  );

  const log = join(folder, 'log');
  /** Starts a process that writes to the log. */
  function launch(command: string, args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
    const output = openSync(log, 'a');
    const child = spawn(command, args, {
      cwd: folder,
      env: { PATH: process.env['PATH'], HOME: folder, LANG: 'C.UTF-8', ...env },
      stdio: ['ignore', output, output],
    });
    closeSync(output);
    // The command could not be started at all. The failure shows when the Hub does not respond.
    child.on('error', (error) => {
      writeFileSync(log, String(error), { flag: 'a' });
    });
    return child;
  }

  const tls = subdomainHost === undefined ? null : await writeCertificates(folder, subdomainHost);
  const proxy = launch(
    process.execPath,
    [
      proxyBin,
      ...['--ip', '127.0.0.1', '--port', String(port), '--log-level', 'warn'],
      ...['--api-ip', '127.0.0.1', '--api-port', String(proxyApiPort)],
      ...[
        '--default-target',
        `http://127.0.0.1:${hubPort}`,
        '--error-target',
        `http://127.0.0.1:${hubPort}${prefix}hub/error`,
      ],
      ...(tls === null
        ? []
        : ['--host-routing', '--ssl-key', tls.keyFile, '--ssl-cert', tls.certificateFile]),
    ],
    { CONFIGPROXY_AUTH_TOKEN: proxyToken },
  );
  const dispatcher = new Agent({
    // A request that hangs fails, and shows which one it is.
    headersTimeout: 60_000,
    bodyTimeout: 60_000,
    connect: { lookup: toLoopback, ...(tls === null ? {} : { ca: tls.authority }) },
  });

  const launchHub = (): ChildProcess =>
    launch(pythonOf(version), ['-m', 'jupyterhub', '--config', configFile], {
      LAB_TEST_HUB: join(folder, 'settings.json'),
      // Leave no files next to the sources.
      PYTHONDONTWRITEBYTECODE: '1',
    });
  let hub = launchHub();
  // Before the folder goes, whose handler came first.
  process.prependListener('exit', killServers);

  /** The servers have their own process groups. */
  function killServers(): void {
    for (const pid of readdirSync(join(folder, 'processes'))) {
      try {
        process.kill(-Number(pid), 'SIGKILL');
      } catch {
        // It has already ended.
      }
    }
  }

  async function admin(
    method: Dispatcher.HttpMethod,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; text: string }> {
    const response = await dispatcher.request({
      origin: url.origin,
      path: `${url.pathname}hub/api/${path}`,
      method,
      headers: { authorization: `token ${adminToken}` },
      body: body === undefined ? null : JSON.stringify(body),
    });
    return { status: response.statusCode, text: await response.body.text() };
  }

  async function isUp(): Promise<boolean> {
    try {
      return (await admin('GET', '')).status === 200;
    } catch {
      return false;
    }
  }

  /** Polls until the Hub responds. */
  async function awaitHub(): Promise<void> {
    const begun = performance.now();
    while (!(await isUp())) {
      const over = [hub, proxy].find((child) => child.exitCode !== null || child.signalCode !== null);
      if (over !== undefined || performance.now() - begun > startLimit) {
        const lines = readFileSync(log, 'utf8').split('\n').slice(-40).join('\n');
        throw new Error(`JupyterHub ${version} did not start:\n${lines}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  const running: RealHub = {
    version,
    url,
    dispatcher,
    authority: tls?.authority ?? null,
    adminToken,
    admin,
    async token(user, scopes) {
      const path = `users/${encodeURIComponent(user)}`;
      const created = await admin('POST', path);
      if (created.status !== 201 && created.status !== 409)
        throw new Error(`no user ${user}: ${created.text}`);
      const made = await admin('POST', `${path}/tokens`, scopes === undefined ? {} : { scopes });
      if (made.status !== 201) throw new Error(`no token for ${user}: ${made.text}`);
      return (JSON.parse(made.text) as { token: string }).token;
    },
    open(gate) {
      writeFileSync(join(folder, 'gates', gate), '');
    },
    stop: (signal = 'SIGTERM') => end(hub, signal),
    async start() {
      hub = launchHub();
      await awaitHub();
    },
    async close() {
      process.off('exit', killServers);
      await Promise.all([end(hub, 'SIGKILL'), end(proxy, 'SIGKILL'), dispatcher.destroy()]);
      killServers();
    },
    [Symbol.asyncDispose]: () => running.close(),
  };
  try {
    await awaitHub();
  } catch (error) {
    await running.close();
    throw error;
  }
  return running;
}

function secret(): string {
  return randomBytes(16).toString('hex');
}

/** All names are this machine's. */
const toLoopback: LookupFunction = (_name, options, callback) => {
  if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }]);
  else callback(null, '127.0.0.1', 4);
};

/** A certificate for the host and those of its users. */
async function writeCertificates(
  folder: string,
  host: string,
): Promise<{ authority: string; keyFile: string; certificateFile: string }> {
  const authority = await makeAuthority('the authority of a Hub of the tests');
  const { cert, key } = await makeCertificate({ issuer: authority, names: [host, `*.${host}`] });
  const [keyFile, certificateFile] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  writeFileSync(keyFile, key);
  writeFileSync(certificateFile, cert);
  return { authority: authority.cert, keyFile, certificateFile };
}
