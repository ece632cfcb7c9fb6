/**
 * Models of servers as labs, and how far their addresses are trusted.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addressOf } from '../../../src/backends/jupyterhub/address.js';
import { UserModel } from '../../../src/backends/jupyterhub/schemas.js';
import { labOf } from '../../../src/backends/jupyterhub/state.js';
import { noSecrets } from '../../../src/model/redactor.js';
import { readScenario } from '../../simulator/jupyterhub/captures.js';

const hub = new URL('http://127.0.0.1:18000/nb/');
const { redact } = noSecrets;

function captured(scenario: string, step: string, server = ''): ReturnType<typeof labOf> {
  const exchange = readScenario('6.1.1', scenario).exchanges[step];
  assert.ok(exchange, `${scenario}.${step}`);
  const model = UserModel.parse(JSON.parse(exchange.body)).servers?.[server];
  return model === undefined ? null : labOf(model, hub, redact);
}

describe('a captured model of a server', () => {
  for (const [scenario, step, phase, status] of [
    ['01-quick', 'user-ready', 'running', 'running'],
    ['02-slow', 'user-pending', 'starting', 'pending'],
    ['33-parallel', 'user-held-slow', 'starting', 'pending'],
    ['09-stop', 'user-stopping', 'stopping', 'terminating'],
    ['08-delete-during-spawn', 'user-after-cancel-slow', 'running', 'running'],
  ] as const) {
    it(`${scenario}.${step} is ${phase}`, () => {
      const lab = captured(scenario, step);
      assert.equal(lab?.phase, phase);
      assert.equal(lab.status, status);
      assert.equal(lab.raw.status, status);
    });
  }

  it('that is stopped is no lab', () => {
    assert.equal(captured('10-named', 'user-stopped-included', 'work'), null);
    assert.equal(captured('01-quick', 'user-after'), null);
  });

  it('has its address, and in JSON what was chosen and nothing of the Spawner', () => {
    const lab = captured('10-named', 'user', 'work');
    assert.equal(lab?.url, 'http://127.0.0.1:18000/nb/user/nina/work/');
    assert.deepEqual(Object.keys(lab.raw), [
      'status',
      'internal_url',
      'url',
      'server',
      'pending',
      'ready',
      'started',
      'last_activity',
      'user_options',
    ]);
    assert.deepEqual(lab.raw['user_options'], { story: 'slow', arg: 3 });
    assert.equal(lab.raw['server'], 'work');
  });
});

describe('a model of a server', () => {
  const phaseOf = (model: Record<string, unknown>): string | undefined => labOf(model, hub, redact)?.phase;

  it('of a pending that is not known is some operation', () => {
    assert.equal(phaseOf({ pending: 'teleport', ready: false }), 'other');
    assert.equal(phaseOf({ pending: 'constructor' }), 'other');
    assert.equal(labOf({ pending: 'teleport' }, hub, redact)?.status, 'teleport');
  });

  it('is starting while the Hub checks it, or renames it', () => {
    assert.equal(phaseOf({ pending: 'check', ready: false }), 'starting');
    assert.equal(phaseOf({ pending: 'rename', ready: true }), 'starting');
  });

  it('that says nothing is between two phases', () => {
    assert.equal(phaseOf({}), 'unsettled');
  });

  it('shows no secret among the options', () => {
    const options = { token: 'hunter2', deep: [{ text: 'x hunter2 y' }] };
    const lab = labOf({ ready: true, user_options: options }, hub, (text) =>
      text.replaceAll('hunter2', '[secret]'),
    );
    assert.deepEqual(lab?.raw['user_options'], { token: '[secret]', deep: [{ text: 'x [secret] y' }] });
  });
});

describe('the address of a server', () => {
  const at = (base: string, url: string, progress: string | null = null) => {
    const address = addressOf({ url, full_progress_url: progress }, new URL(base));
    return address === null
      ? null
      : `${address.url.href} ${address.trust}${address.hasCapitals ? ' capitals' : ''}`;
  };

  for (const [base, url, progress, expected] of [
    ['https://hub.test/nb/', '/nb/user/ann/', null, 'https://hub.test/nb/user/ann/ hub'],
    [
      'https://hub.test:8443/',
      'https://ann.hub.test:8443/user/ann/',
      null,
      'https://ann.hub.test:8443/user/ann/ hub',
    ],
    ['https://hub.test/', 'https://a.b.hub.test/user/a.b/', null, 'https://a.b.hub.test/user/a.b/ hub'],
    // Another port, scheme or host is not the Hub's.
    [
      'https://hub.test/',
      'https://ann.hub.test:444/user/ann/',
      null,
      'https://ann.hub.test:444/user/ann/ other',
    ],
    ['https://hub.test/', 'http://ann.hub.test/user/ann/', null, 'http://ann.hub.test/user/ann/ other'],
    ['https://hub.test/', 'https://evilhub.test/user/ann/', null, 'https://evilhub.test/user/ann/ other'],
    ['https://hub.test/', 'https://hub.test.evil/user/ann/', null, 'https://hub.test.evil/user/ann/ other'],
    ['https://hub.test/', '//evil.test/user/ann/', null, 'https://evil.test/user/ann/ other'],
    // If the Hub's public name is different.
    [
      'http://10.0.0.1:8081/',
      'https://ann.www.hub.test/user/ann/',
      'https://www.hub.test/hub/api/users/ann/server/progress',
      'https://ann.www.hub.test/user/ann/ public',
    ],
    ['https://hub.test/', 'https://evil.test/', 'https://www.hub.test/p', 'https://evil.test/ other'],
    [
      'https://hub.test/',
      'https://ANN.hub.test/user/ANN/',
      null,
      'https://ann.hub.test/user/ANN/ hub capitals',
    ],
    ['https://hub.test/', 'https://ann.hub.test/user/ANN/', null, 'https://ann.hub.test/user/ANN/ hub'],
    ['https://hub.test/', 'https://u:p@hub.test/user/ann/', null, null],
    ['https://hub.test/', 'javascript:alert(1)', null, null],
    ['https://hub.test/', 'https://[/', null, null],
    ['https://hub.test/', '', null, null],
  ] as const) {
    it(`${url} at ${base} is ${expected ?? 'none'}`, () => {
      assert.equal(at(base, url, progress), expected);
    });
  }
});
