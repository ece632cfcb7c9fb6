/**
 * Which strings of errors and states are free text, and have no secrets in them.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { redactError } from '../../../src/http/redact-error.js';
import type { LabState } from '../../../src/backends/nublado/schemas.js';
import { redactState } from '../../../src/backends/nublado/state.js';
import { createRedactor } from '../../../src/model/redactor.js';

const { redact } = createRedactor({ credentials: ['gt-hunter2'], values: ['rachel01', 'complete'] });

describe('an error of a library', () => {
  it('has no secrets in its message, in its causes, and in the certificate that it is about', () => {
    const cause = Object.assign(new Error('invalid header value "gt-hunter2"'), { code: 'ERR_X' });
    const several = new AggregateError([new Error('first gt-hunter2'), new Error('second')], 'rachel01', {
      cause,
    });
    const names = Object.assign(new Error('not in gt%2Dhunter2'), {
      cert: { subjectaltname: 'DNS:gt-hunter2.example' },
    });
    const error = new Error('fetch failed', { cause: several });
    for (const each of [error, names]) redactError(each, redact);
    assert.equal(error.message, 'fetch failed');
    assert.equal(several.message, '[secret]');
    assert.deepEqual(
      several.errors.map(({ message }: Error) => message),
      ['first [secret]', 'second'],
    );
    assert.deepEqual([cause.message, cause.code], ['invalid header value "[secret]"', 'ERR_X']);
    assert.deepEqual([names.message, names.cert.subjectaltname], ['not in [secret]', 'DNS:[secret].example']);
    redactError('gt-hunter2', redact);
    redactError(null, redact);
  });
});

describe('a state', () => {
  it('keeps names, keys and the values that scripts use', () => {
    const state: LabState = {
      status: 'complete',
      internal_url: 'http://lab/nb/user/rachel01',
      user: { username: 'rachel01', name: 'rachel01', uid: 1, groups: [{ name: 'rachel01', id: 1 }] },
      options: { image: 'complete', image_tag: 'complete', size: 'complete', enable_debug: false },
      quota: null,
      rachel01: 1,
    };
    assert.deepEqual(redactState(state, redact), state);
  });

  it('has no secrets in any other text, however deep', () => {
    const state = {
      status: 'running',
      env: { rachel01: 'gt-hunter2', __proto__x: 'rachel01' },
      message: 'by rachel01',
      options: { note: ['complete'], deep: { image: 'gt-hunter2' } },
      user: {
        username: 'rachel',
        name: null,
        token: 'gt-hunter2',
        groups: [{ name: 'g', note: 'rachel01' }],
      },
    };
    assert.deepEqual(redactState(state, redact), {
      status: 'running',
      env: { rachel01: '[secret]', __proto__x: '[secret]' },
      message: 'by [secret]',
      options: { note: ['[secret]'], deep: { image: '[secret]' } },
      user: { username: 'rachel', name: null, token: '[secret]', groups: [{ name: 'g', note: '[secret]' }] },
    });
  });
});
