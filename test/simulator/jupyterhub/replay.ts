/**
 * Plays a captured scenario again: the requests of the capture go to the simulated Hub, and each reply must be the
 * captured one.
 *
 * Owns which client sends requests, and when. How two replies are compared belongs to captures.ts.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { HubOptions } from '../../../src/simulator/jupyterhub/hub.js';
import {
  neutral,
  readScenario,
  sameHeaders,
  sameReply,
  streamText,
  type Exchange,
  type Folder,
  type Release,
  type Stream,
} from './captures.js';
import { pagesOnly } from './not-reproduced.js';
import { Watch, serve, type Ask, type Asked, type Client, type Reply } from './client.js';

const versions = { '4.1.6': 4, '5.5.4': 5, '6.1.1': 6 } as const;

/** The recorder's services. */
const services = {
  'service:root': ['admin:users', 'admin:servers', 'tokens', 'access:servers', 'read:hub', 'list:users'],
  'service:starter': ['servers', 'read:users'],
  'service:nothing': [],
} as const;

/** What was compared, as `FOLDER/SCENARIO.STEP`. */
export const replayed = new Set<string>();

export interface ReplayOptions extends Partial<HubOptions> {
  release: Release;
  scenario: string;
  /** The folders with the captures; the first that has a step is used. Default: the release's, then 6.1.1. */
  folders?: readonly Folder[];
}

/** Milliseconds until a process of the recorded machine listened. */
export const startupTime = 600;

/** Milliseconds by which the time of a chunk may differ: the recorded machine was busy. */
const tolerance = 1000;

export class Replay {
  readonly release: Release;
  readonly client: Client;
  readonly #scenario: string;
  readonly #folders: readonly Folder[];
  readonly #tokens: Map<string, string>;
  /** The cookies that the Hub has set, which take the place of the captured ones. */
  readonly #cookies = new Map<string, string>();
  readonly #renamed: (readonly [captured: string | RegExp, found: string])[] = [];

  private constructor(client: Client, { release, scenario, folders }: ReplayOptions) {
    this.release = release;
    this.client = client;
    this.#scenario = scenario;
    this.#folders = folders ?? [release, '6.1.1'];
    this.#tokens = new Map(Object.keys(services).map((name) => [name, tokenOf(name)]));
  }

  static async open(t: TestContext, options: ReplayOptions, users: readonly string[] = []): Promise<Replay> {
    const tokens: Record<string, NonNullable<HubOptions['tokens']>[string]> = {};
    for (const [name, scopes] of Object.entries(services)) {
      tokens[tokenOf(name)] = { owner: { kind: 'service', name: name.slice(8) }, scopes };
    }
    for (const name of users) tokens[tokenOf(`user:${name}`)] = { owner: { kind: 'user', name } };
    const { client } = await serve(t, {
      version: versions[options.release],
      prefix: '/nb/',
      slowSpawnMs: 1000,
      slowStopMs: 1000,
      ...options,
      scenario: 'hub-quick',
      ...(users[0] === undefined ? {} : { user: users[0] }),
      users,
      tokens,
    });
    client.hub.setStartupTime(startupTime);
    const replay = new Replay(client, options);
    for (const name of users) replay.#tokens.set(`user:${name}`, tokenOf(`user:${name}`));
    return replay;
  }

  /** Whether the Hub is this release or a newer one. */
  since(major: 4 | 5 | 6): boolean {
    return versions[this.release] >= major;
  }

  /** Gives a name of the captures the token that belongs to it. */
  remember(name: string, token: string): void {
    this.#tokens.set(name, token);
  }

  /** A part of the captured paths is another one here. */
  rename(captured: RegExp, found: string): void {
    this.#renamed.push([captured, found]);
  }

  /** Sends the captured request, and compares the reply. Advances the clock as far as needed. */
  async ask(step: string, { body }: { body?: string } = {}): Promise<Reply> {
    const { capture, compare } = this.#exchange(step);
    const own = body === undefined ? {} : { body: this.#withXsrf(body) };
    const headers = body === undefined ? {} : this.#allCookies();
    const request = this.#request(capture);
    const asked = { ...request, ...own, headers: { ...request.headers, ...headers } };
    return compare(await this.client.ask(this.#path(capture), asked));
  }

  async asks(...steps: readonly string[]): Promise<void> {
    for (const step of steps) await this.ask(step);
  }

  /** The same, and does not wait for the reply; `compared` resolves when it was compared. */
  async start(step: string): Promise<{ compared: Promise<Reply>; asked: Asked }> {
    const { capture, compare } = this.#exchange(step);
    const asked = this.client.start(this.#path(capture), this.#request(capture));
    await asked.arrived;
    await this.client.settled();
    const compared = asked.reply.then(compare);
    compared.catch(() => undefined);
    return { compared, asked };
  }

  /** A request that was not captured. */
  async quiet(method: string, path: string, who: string, body?: object): Promise<Reply> {
    const text = body === undefined ? {} : { body: JSON.stringify(body) };
    return this.client.ask(path, { method, token: this.#token(who), ...text });
  }

  /** A session through the platform's ingress. */
  async signIn(user: string): Promise<void> {
    const headers = { 'x-auth-request-user': user, 'x-auth-request-token': `gt-${user}` };
    this.#keepCookies(await this.client.ask('/nb/hub/gafaelfawr/login', { token: null, headers }));
  }

  /** Opens the captured stream, with the token of `who` or with `cookies`; `done` follows it to its end and compares it. */
  async watch(step: string, who: string): Promise<{ watch: Watch; done: (ms?: number) => Promise<void> }> {
    const { folder, capture } = this.#find(step, 'streams');
    replayed.add(`${folder}/${this.#scenario}.${step}`);
    const watch = await Watch.open(this.client, this.#withXsrf(capture.path), {
      ...(who === 'cookies' ? this.#allCookies() : { authorization: `token ${this.#token(who) ?? ''}` }),
      ...(capture.host === undefined ? {} : { host: capture.host }),
    });
    const done = async (ms = 400_000): Promise<void> => {
      await watch.follow(ms);
      this.#sameStream(watch, capture, folder, `${this.#scenario}.${step}`);
    };
    return { watch, done };
  }

  /** Opens, follows and compares it. */
  async watchAll(step: string, who: string): Promise<void> {
    const { done } = await this.watch(step, who);
    await done();
  }

  async sleep(ms: number): Promise<void> {
    const { clock } = this.client;
    const until = clock.monotonic() + ms;
    while (clock.monotonic() < until) {
      clock.advance(Math.min(clock.nextDue ?? until, until) - clock.monotonic());
      await this.client.settled();
    }
  }

  #sameStream(watch: Watch, capture: Stream, folder: Folder, name: string): void {
    // Captures that were left out as the same were compared without regard to the number of newlines.
    const own = folder.endsWith(this.release);
    const text = (each: string): string => (own ? each : each.replace(/\n{3,}/g, '\n\n'));
    const shown = `${name} (${this.release})`;
    assert.equal(watch.status, capture.status, shown);
    sameHeaders(watch.headers, capture.headers, this.release, shown);
    assert.equal(text(neutral(watch.text)), text(streamText(capture)), shown);
    assert.equal(watch.end, capture.end, shown);
    // The same events at the same times; the proxy may have sent two in one chunk.
    const times = new Map(
      capture.chunks.flatMap(({ at_ms, text }) => parts(text).map((part) => [part, at_ms])),
    );
    for (const { at, text } of watch.chunks) {
      const captured = times.get(text);
      if (captured === undefined || text === '\n\n') continue;
      assert.ok(
        Math.abs(captured - at) <= tolerance,
        `${shown}: ${text.slice(0, 90)} at ${at}, not ${captured}`,
      );
    }
  }

  #exchange(step: string): { capture: Exchange; compare: (reply: Reply) => Reply } {
    const { folder, capture } = this.#find(step, 'exchanges');
    replayed.add(`${folder}/${this.#scenario}.${step}`);
    const compare = (reply: Reply): Reply => {
      const own = folder.endsWith(this.release);
      this.#keepCookies(reply);
      const pageOnly = pagesOnly[`${folder}/${this.#scenario}`]?.includes(step) === true;
      sameReply(reply, capture, { release: this.release, own, pageOnly }, `${this.#scenario}.${step}`);
      return reply;
    };
    return { capture, compare };
  }

  #find<K extends 'exchanges' | 'streams'>(
    step: string,
    kind: K,
  ): { folder: Folder; capture: K extends 'exchanges' ? Exchange : Stream } {
    for (const folder of this.#folders) {
      const capture = readScenario(folder, this.#scenario)[kind][step];
      if (capture) return { folder, capture: capture as K extends 'exchanges' ? Exchange : Stream };
    }
    throw new Error(`no capture ${this.#scenario}.${step}`);
  }

  #path({ request }: Exchange): string {
    let path = request.path;
    for (const [captured, found] of this.#renamed) path = path.replaceAll(captured, found);
    return this.#withXsrf(path);
  }

  /** The captured `_xsrf` in a URL or a form, replaced by our own. */
  #withXsrf(text: string): string {
    const xsrf = this.#cookies.get('_xsrf');
    return xsrf === undefined ? text : text.replace(/(?<=[?&]_xsrf=)[^&]*/, xsrf);
  }

  #ownCookies(headers: Record<string, string>): Record<string, string> {
    if (this.#cookies.size === 0) return headers;
    const own: Record<string, string> = {};
    for (const [name, value] of Object.entries(headers)) {
      if (name === 'Cookie') {
        const names = value.split('; ').map((pair) => pair.replace(/=.*/, ''));
        own[name] = names.map((each) => `${each}=${this.#cookies.get(each) ?? ''}`).join('; ');
      } else own[name] = name === 'X-XSRFToken' ? (this.#cookies.get('_xsrf') ?? '') : value;
    }
    return own;
  }

  #allCookies(): { cookie: string } {
    return { cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ') };
  }

  #keepCookies({ headers }: Reply): void {
    for (const cookie of (headers['set-cookie'] ?? '').split('\n')) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (name !== undefined && value !== undefined) this.#cookies.set(name, value);
    }
  }

  #request({ request }: Exchange): Ask & { headers: Record<string, string> } {
    const { method, token, scheme = 'token', headers = {}, body, host } = request;
    return {
      method,
      scheme,
      token: this.#token(token),
      // The captured Hub's address, which it repeats.
      headers: { host: host ?? '127.0.0.1:18000', ...this.#ownCookies(headers) },
      ...(body === undefined ? {} : { body: this.#withXsrf(body) }),
    };
  }

  #token(who: string | null): string | null {
    if (who === null) return null;
    return this.#tokens.get(who) ?? '0'.repeat(32);
  }
}

function tokenOf(name: string): string {
  return `token-of-${name.replace(':', '-')}`;
}

/** The events of a chunk, each with its blank line. */
function parts(text: string): string[] {
  return text === '\n\n' ? [text] : text.split(/(?<=\n\n)/);
}
