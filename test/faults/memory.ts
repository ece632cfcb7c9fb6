/**
 * A story's world as a Backend without a network: fast, and exact on a fake clock.
 */
import type { Backend } from '../../src/backends/backend.js';
import { nubladoBackend } from '../../src/backends/nublado/backend.js';
import type { NubladoClient } from '../../src/backends/nublado/client.js';
import { decodeFrame as decode } from '../../src/backends/nublado/operation.js';
import type { EventStream } from '../../src/stream/event-stream.js';
import { notAController, refusal } from '../../src/backends/nublado/failures.js';
import { networkFailure } from '../../src/http/network.js';
import type { LabState } from '../../src/backends/nublado/schemas.js';
import { noSecrets } from '../../src/model/redactor.js';
import type { Failure, Result } from '../../src/model/result.js';
import type { Connection } from './connection.js';
import type { Whose } from './responses.js';
import type { Route } from './story.js';
import type { Answer } from './wire-log.js';
import type { World } from './world.js';

const base = 'http://controller.test/nublado';

export function memoryBackend(world: World, direct: boolean): Backend {
  /** The response body, if the response has this status. */
  async function ask(
    asked: string,
    route: Route,
    signal: AbortSignal,
    good: number,
    whose: Whose = 'named',
  ): Promise<Result<string>> {
    const answer = await world.ask(route, signal, whose);
    if (answer.kind === 'status' && answer.status === good) return { ok: true, value: answer.body };
    return { ok: false, failure: failureOf(asked, answer) };
  }

  async function state(signal: AbortSignal, whose: Whose): Promise<Result<LabState | null>> {
    const answer = await ask("get the lab's status", 'state', signal, 200, whose);
    if (answer.ok) return { ok: true, value: JSON.parse(answer.value) as LabState };
    return answer.failure.kind === 'not-found' ? { ok: true, value: null } : answer;
  }

  async function done(asked: string, route: Route, signal: AbortSignal, good: number): Promise<Result<null>> {
    const answer = await ask(asked, route, signal, good);
    return answer.ok ? { ok: true, value: null } : answer;
  }

  const client: NubladoClient = {
    create: (_user, _body, signal) => done('create a lab for rachel', 'create', signal, 201),
    remove: (_user, signal) => done("delete rachel's lab", 'remove', signal, 204),
    ownState: (signal) => state(signal, 'own'),
    stateOf: (_user, signal) => state(signal, 'named'),
    async events(_user, signal): Promise<Result<EventStream>> {
      const answer = await world.ask('events', signal);
      if (answer.kind === 'stream')
        return { ok: true, value: { ...stream, body: bodyOf(answer.connection, signal) } };
      return { ok: false, failure: failureOf("read rachel's event stream", answer) };
    },
    async whoAmI(signal) {
      const answer = await ask("look up the token's user", 'who', signal, 200);
      if (!answer.ok) return answer;
      return { ok: true, value: (JSON.parse(answer.value) as { username: string }).username };
    },
    list: () => Promise.reject(new Error('no story asks for a list')),
    choices: () => Promise.reject(new Error('no story asks for choices')),
    tokenExpiry: () => Promise.reject(new Error('no story asks for it')),
  };
  return nubladoBackend(client, { direct, hasToken: true });
}

const stream = { decode, replay: 'whole', heartbeat: 'comment' } as const;

function failureOf(asked: string, answer: Answer): Failure {
  const direct = { more: false, whole: true, url: base, redirects: 0, redact: noSecrets.redact };
  if (answer.kind === 'status') return refusal(asked, { ...answer, ...direct }, base);
  const how = answer.kind === 'none' ? answer.how : 'reset';
  if (how === 'stranger') {
    const page = { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>', ...direct };
    return notAController(asked, page, base, 'the answer is text/html');
  }
  const codes = { refused: 'ECONNREFUSED', reset: 'ECONNRESET', aborted: 'UND_ERR_ABORTED' } as const;
  const error = Object.assign(new Error(how), { code: codes[how] });
  return networkFailure(asked, error, base, { sent: how !== 'refused' });
}

function bodyOf(connection: Connection, signal: AbortSignal): AsyncIterable<Uint8Array> {
  if (signal.aborted) connection.close();
  signal.addEventListener('abort', () => {
    connection.close();
    connection.wake();
  });
  return {
    [Symbol.asyncIterator]: () => ({
      async next(): Promise<IteratorResult<Uint8Array, undefined>> {
        for (;;) {
          if (signal.aborted) throw new Error('aborted');
          const taken = connection.take();
          if (taken === 'end') return { done: true, value: undefined };
          if (taken === 'cut') throw new Error('cut');
          if (taken !== null) return { done: false, value: taken };
          await new Promise<void>((resolve) => {
            connection.wake = resolve;
          });
        }
      },
    }),
  };
}
