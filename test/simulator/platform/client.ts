/**
 * The tests' own client of the simulated platform: an ordinary user with a token, and a session at the Hub once it has signed
 * in. It shares no code with src.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import {
  startPlatform,
  type PlatformOptions,
  type SimulatedPlatform,
} from '../../../src/simulator/platform/platform.js';
import { FakeClock } from '../../support/clock.js';
import { Client, Watch, type Ask, type Asked, type Reply } from '../jupyterhub/client.js';

/** A platform with its own clock, until the test ends. */
export async function serve(t: TestContext, options: Partial<PlatformOptions> = {}): Promise<User> {
  const clock = new FakeClock();
  let seen = (): void => undefined;
  const platform = await startPlatform({
    clock,
    ...options,
    onRequest() {
      seen();
      return false;
    },
  });
  t.after(() => platform.close());
  // Requests go to the socket, whatever the host in the URLs.
  const origin = `http://127.0.0.1:${new URL(platform.hubUrl).port}`;
  const client = new Client({ origin, tokens: platform.tokens }, clock, (callback) => {
    seen = callback;
  });
  return new User(platform, clock, client);
}

export const form = { image_class: 'recommended', size: 'small' };

export const server = '/nb/hub/api/users/demo/server';
const lab = '/nublado/spawner/v1/labs/demo';

/** An event of the Hub's stream, as text. */
export interface HubEvent {
  progress: number;
  message: string;
  ready?: boolean;
  failed?: boolean;
}

export class User {
  readonly platform: SimulatedPlatform;
  readonly clock: FakeClock;
  readonly client: Client<{ origin: string; tokens: { user: string } }>;
  readonly cookies = new Map<string, string>();

  constructor(platform: SimulatedPlatform, clock: FakeClock, client: User['client']) {
    this.platform = platform;
    this.clock = clock;
    this.client = client;
  }

  /** What accompanies every request to the Hub. */
  get headers(): Record<string, string> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    return {
      host: new URL(this.platform.hubUrl).host,
      cookie,
      'x-xsrftoken': this.cookies.get('_xsrf') ?? '',
    };
  }

  start(path: string, ask: Ask = {}): Asked {
    return this.client.start(path, {
      scheme: 'Bearer',
      ...ask,
      headers: { ...this.headers, ...ask.headers },
    });
  }

  /** The reply, for which the clock moves as far as it must. */
  async ask(path: string, ask: Ask = {}): Promise<Reply> {
    const reply = await this.client.ask(path, {
      scheme: 'Bearer',
      ...ask,
      headers: { ...this.headers, ...ask.headers },
    });
    for (const line of (reply.headers['set-cookie'] ?? '').split('\n')) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (name !== undefined && value !== undefined) this.cookies.set(name, value);
    }
    return reply;
  }

  /** Follows the redirects from the Hub's home page; returns each path and status. */
  async signIn(): Promise<string[]> {
    const steps: string[] = [];
    let path = '/nb/hub/home';
    for (;;) {
      const { status, headers } = await this.ask(path);
      steps.push(`${status} ${path}`);
      if (headers['location'] === undefined) return steps;
      path = headers['location'];
    }
  }

  /** Sends the POST, and lets the Hub ask the controller. */
  async post(options: unknown = form): Promise<Asked> {
    const asked = this.start(server, { method: 'POST', body: JSON.stringify(options) });
    await asked.arrived;
    await this.advance(60);
    return asked;
  }

  watch(): Promise<Watch> {
    return Watch.open(this.client, `${server}/progress`, { ...this.authorization, ...this.headers });
  }

  watchEvents(): Promise<Watch> {
    return Watch.open(this.client, `${lab}/events`, this.authorization);
  }

  /** Advances the clock by this much, and lets everything that becomes due have its effect. */
  async advance(ms: number): Promise<void> {
    const until = this.clock.monotonic() + ms;
    await this.client.settled();
    while (this.clock.monotonic() < until) {
      this.clock.advance(Math.min(this.clock.nextDue ?? until, until) - this.clock.monotonic());
      await this.client.settled();
    }
  }

  /** What each of them says: the Hub, the controller, and a request for `api` below the server's URL. */
  async says(): Promise<[hub: string, controller: string, probe: number]> {
    const model = await this.ask('/nb/hub/api/users/demo');
    const { servers } = JSON.parse(model.body) as {
      servers?: Record<string, { pending: string | null; ready: boolean; url: string } | undefined>;
    };
    assert.ok(servers, model.body);
    const main = servers[''];
    const hub = main?.pending ?? (main?.ready === true ? 'ready' : 'none');
    const status = await this.ask('/nublado/spawner/v1/user-status', { headers: this.platformHost });
    const controller =
      status.status === 200 ? (JSON.parse(status.body) as { status: string }).status : String(status.status);
    const { host, pathname } = new URL(main?.url ?? '/nb/user/demo/', this.platform.hubUrl);
    const probe = await this.ask(`${pathname}api`, { headers: { host } });
    return [hub, controller, probe.status];
  }

  /** Advances the clock until the spawn is over. */
  async spawned(options: unknown = form): Promise<number> {
    const asked = await this.post(options);
    const watch = await this.watch();
    await watch.follow(700_000);
    watch.leave();
    return (await asked.reply).status;
  }

  get platformHost(): Record<string, string> {
    return { host: new URL(this.platform.origin).host };
  }

  get authorization(): Record<string, string> {
    return { authorization: `Bearer ${this.platform.token}` };
  }
}

/** The events of the Hub's stream, with the time of each since the stream was opened. */
export function hubEvents(watch: Watch): [at: number, event: HubEvent][] {
  return watch.chunks.flatMap(({ at, text }) =>
    [...text.matchAll(/^data: (.*)$/gm)].map(([, json = '']): [number, HubEvent] => [
      at,
      JSON.parse(json) as HubEvent,
    ]),
  );
}

export function messages(watch: Watch): string[] {
  return hubEvents(watch).map(([, { progress, message }]) => `${progress} ${message}`);
}

/** The events of the controller's stream. */
export function labEvents(watch: Watch): string[] {
  return [...watch.text.matchAll(/^event: (\w+)\r\ndata: (.*)\r$/gm)].map(
    ([, type = '', json = '']) => `${type} ${(JSON.parse(json) as { message: string }).message}`,
  );
}
