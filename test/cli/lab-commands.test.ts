/**
 * The commands around a lab: the real program against the real simulated controller. What the controller surprises with
 * is in `surprises.test.ts`.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { answering } from '../support/answering.js';
import { parseLines, resultOf } from '../support/ndjson.js';
import { runLab } from '../support/program.js';
import { at, url } from '../support/site.js';
import { temporaryFolder } from '../support/temporary.js';

describe('lab status', { concurrency: 4 }, () => {
  it('is 4 without a lab, 8 while it comes up, 0 when it runs', () =>
    at({ scenario: 'slow-pull', speed: 1 }, async ({ lab, controller }) => {
      const none = await lab('status');
      assert.deepEqual([none.code, none.stdout], [4, '']);
      assert.match(none.stderr, /demo has no lab\n.*`lab spawn`/);
      controller.beginSpawn();
      const pending = await lab('status', '-o', 'json');
      assert.equal(pending.code, 8);
      assert.deepEqual(
        [resultOf(pending.stdout).outcome, resultOf(pending.stdout).lab?.status],
        ['pending', 'pending'],
      );
    }));

  it('is not an error while the lab starts, and its text is sanitised in a pipe', async () => {
    await using server = await answering((response, { url }) => {
      const answer = url.endsWith('/user-info')
        ? { username: 'demo' }
        : url.endsWith('/labs')
          ? ['\u001b[2Janna', 'otto']
          : { status: 'pending', options: { image: 'a:\u202eb', size: 'small' } };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
    const env = { LAB_CONTROLLER: server.origin, LAB_TOKEN: 'gt-a.b' };
    const status = await runLab(['status', '-q'], env);
    assert.deepEqual([status.code, status.stderr], [8, '']);
    assert.match(status.stdout, /^image {3}a:\\u202eb$/m);
    assert.equal((await runLab(['list', '-q'], env)).stdout, '\\x1b[2Janna\notto\n');
  });

  it('requests the user and the state on one connection', async () => {
    await using server = await answering((response, { url }) => {
      const answer = url.endsWith('/user-info') ? { username: 'demo' } : { status: 'running' };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
    const run = await runLab(['status'], { LAB_CONTROLLER: server.origin, LAB_TOKEN: 'gt-a.b' });
    assert.equal(run.code, 0, run.stderr);
    assert.equal(server.asked.length, 2);
    assert.equal(new Set(server.asked.map(({ remotePort }) => remotePort)).size, 1);
  });

  it('is 0 when it runs and 1 when it has failed, in text and json', async () => {
    await at({ scenario: 'immediate' }, async ({ lab }) => {
      assert.equal((await lab('spawn')).code, 0);
      const text = await lab('status');
      assert.equal(text.code, 0);
      assert.match(
        text.stdout,
        /^status {2}running\nuser {4}demo\nimage {3}\S+\nsize {4}small\nurl {5}http:\S+\n$/,
      );
      const json = resultOf((await lab('status', '-o', 'json')).stdout);
      assert.deepEqual([json.outcome, json.exit_code, json.lab?.status], ['running', 0, 'running']);
    });
    await at({ scenario: 'create-failure' }, async ({ lab }) => {
      assert.equal((await lab('spawn')).code, 1);
      assert.equal((await lab('status')).code, 1);
      assert.equal(resultOf((await lab('status', '-o', 'json')).stdout).outcome, 'failed');
    });
  });

  it('says where each setting came from with -v', () =>
    at({}, async ({ lab }) => {
      const { stderr } = await lab('status', '-v');
      assert.match(stderr, /controller http:\S+: from LAB_CONTROLLER/);
      assert.match(stderr, /token: from LAB_TOKEN\n/);
      assert.match(stderr, /user demo: from the token\n/);
    }));

  it('names with -v what a demo brings, and each setting of the display that is not the default', async () => {
    const { stderr } = await runLab(['status', '--demo', '-v', '--color', 'never'], { LAB_OUTPUT: 'json' });
    for (const line of [
      'user demo: from --demo',
      'token: from --demo',
      'output json: from LAB_OUTPUT',
      'color never: from --color',
    ]) {
      assert.ok(stderr.includes(` ${line}\n`), `${line} in ${stderr}`);
    }
    assert.doesNotMatch(stderr, /progress/);
  });

  it('says the status once: as the result, unless that is for a script', async () => {
    const [text, json] = await Promise.all([
      runLab(['status', '--demo']),
      runLab(['status', '--demo', '-o', 'json']),
    ]);
    assert.deepEqual([text.code, text.stderr, json.code, json.stderr], [8, '', 8, 'the lab is pending\n']);
    assert.match(text.stdout, /^status {2}pending\nuser {4}demo\n/);
  });

  it('needs no option inside a lab, and -v names each origin', () =>
    at({ scenario: 'immediate' }, async ({ lab, controller }) => {
      await lab('spawn');
      // A user's own token: it grants only what every user has.
      const token = controller.tokens.user;
      for (const [name, own] of [
        ['NUBLADO_TOKEN', { NUBLADO_TOKEN: token }],
        ['ACCESS_TOKEN', { ACCESS_TOKEN: token }],
        ['NUBLADO_TOKEN', { NUBLADO_TOKEN: token, ACCESS_TOKEN: 'an-older-token', JUPYTERHUB_USER: 'demo' }],
      ] as [string, Record<string, string>][]) {
        const env = { EXTERNAL_INSTANCE_URL: controller.origin, ...own };
        const run = await runLab(['status'], env);
        assert.deepEqual([run.code, run.stderr], [0, '']);
        assert.match(run.stdout, /^status {2}running\nuser {4}demo\n/);
        const { code, stderr } = await runLab(['status', '-v'], env);
        assert.equal(code, 0);
        const lines = stderr.split('\n');
        const user =
          'JUPYTERHUB_USER' in own ? 'user demo: from JUPYTERHUB_USER' : 'user demo: from the token';
        for (const line of [
          `controller ${controller.url}: from EXTERNAL_INSTANCE_URL`,
          `token: from ${name}`,
          user,
          'profile default: from default',
        ]) {
          assert.ok(
            lines.some((each) => each.endsWith(` ${line}`)),
            `${line} in ${stderr}`,
          );
        }
      }
    }));

  it("reads another user's lab with an admin token, and names the missing scope otherwise", () =>
    at({ scenario: 'immediate' }, async ({ lab, controller, env }) => {
      const none = await lab('status', '--user', 'other');
      assert.equal(none.code, 4);
      assert.match(none.stderr, /other has no lab/);
      assert.doesNotMatch(none.stderr, /lab spawn/);
      const missed = await lab('wait', '--user', 'other', '-o', 'json');
      const { error } = resultOf(missed.stdout);
      assert.deepEqual([error?.type, error?.status, error?.hint], ['no_lab', 404, null]);
      const denied = await runLab(['status', '--user', 'other'], {
        ...env,
        LAB_TOKEN: controller.tokens.user,
      });
      assert.equal(denied.code, 3);
      assert.match(denied.stderr, /The token lacks the scope admin:jupyterlab/);
    }));
});

describe('lab list and lab images', { concurrency: 4 }, () => {
  it('lists users with running labs, one name a line', () =>
    at({ scenario: 'immediate' }, async ({ lab, controller, env }) => {
      assert.deepEqual([(await lab('list')).stdout, (await lab('list')).code], ['', 0]);
      await lab('spawn');
      assert.equal((await lab('list')).stdout, 'demo\n');
      assert.deepEqual(resultOf((await lab('list', '-o', 'json')).stdout).users, ['demo']);
      const denied = await runLab(['list'], { ...env, LAB_TOKEN: controller.tokens.user });
      assert.equal(denied.code, 3);
      assert.match(denied.stderr, /admin:jupyterlab/);
    }));

  it('has a user to list in a demo', async () => {
    const { code, stdout, stderr } = await runLab(['list', '--demo']);
    assert.deepEqual([code, stdout, stderr], [0, 'demo\n', '1 lab is running\n']);
  });

  it('shows images and sizes as the values that the options take', () =>
    at({}, async ({ lab }) => {
      const { code, stdout } = await lab('images');
      assert.equal(code, 0);
      assert.match(
        stdout,
        /^ {2}TAG +NAME\n\* recommended +Recommended \(Weekly 2077_43\)\n {4}lighthouse\.ceres\/library\/sketchbook:recommended@sha256:5678$/m,
      );
      assert.match(stdout, /\n\n\* is the default\. [^]*--tag[^]*--image[^]*--size\.\n$/);
      for (const line of stdout.split('\n')) assert.ok(line.length <= 80, line);
      assert.match(stdout, /^\* small +1 CPU, 3 GiB$/m);
      const result = resultOf((await lab('images', '-o', 'json')).stdout);
      assert.equal(result.images?.length, 5);
      assert.deepEqual(result.sizes?.[0], { name: 'small', cpu: 1, memory: 3221225472, default: true });
    }));

  it('reports an empty offer, and a page that is not a form', async () => {
    await using closed = await answering((response) => {
      response
        .writeHead(200, { 'content-type': 'text/html' })
        .end('<h2>Notebooks unavailable</h2>\n<p>Creating…</p>');
    });
    const run = await runLab(['images', '-u', 'demo'], { LAB_CONTROLLER: closed.origin, LAB_TOKEN: 'gt-x' });
    assert.deepEqual([run.code, run.stdout], [0, '']);
    assert.match(run.stderr, /offers no labs to this user now/);
    await using strange = await answering((response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Welcome</h1>');
    });
    const other = await runLab(['images', '-u', 'demo'], {
      LAB_CONTROLLER: strange.origin,
      LAB_TOKEN: 'gt-x',
    });
    assert.equal(other.code, 7);
    assert.match(other.stderr, /the response is not a lab form/);
  });
});

describe('lab wait', { concurrency: 4 }, () => {
  it('has nothing to wait for: 4, and for absence: 0', () =>
    at({}, async ({ lab }) => {
      assert.equal((await lab('wait')).code, 4);
      const absent = await lab('wait', '--for', 'absent', '-o', 'json');
      assert.deepEqual([absent.code, resultOf(absent.stdout).outcome], [0, 'absent']);
    }));

  it('comes back to a spawn, to a running lab and to a failed one with its reason', async () => {
    await at({ speed: 1 }, async ({ lab }) => {
      assert.equal((await lab('spawn', '-d')).code, 0);
      const followed = await lab('wait', '-o', 'ndjson');
      assert.deepEqual([followed.code, resultOf(followed.stdout).outcome], [0, 'complete']);
      assert.ok(parseLines(followed.stdout).some(({ kind }) => kind === 'event'));
      const running = await lab('wait');
      assert.deepEqual([running.code, running.stdout], [0, url]);
    });
    await at({ scenario: 'create-failure' }, async ({ lab }) => {
      await lab('spawn');
      const failed = await lab('wait');
      assert.equal(failed.code, 1);
      assert.match(failed.stderr, /✖ Lab spawn failed: .*Something bad happened/);
    });
  });

  it('sees a deletion fail, with its reason: 1', () =>
    at({ scenario: 'delete-failure', speed: 0.25 }, async ({ lab, start, controller }) => {
      controller.beginSpawn();
      assert.equal((await lab('wait')).code, 0);
      // Both wait before the deletion begins, so that they overlap with it even on a busy machine.
      const text = start('wait', '--for', 'absent', '--timeout', '60s', '-v');
      const json = start('wait', '--for', 'absent', '--timeout', '60s', '-o', 'ndjson');
      await Promise.all([text.seen(/profile default: from default/), json.seen(/"kind":"state"/)]);
      const stopped = await lab('stop');
      const [told, listed] = await Promise.all([text.finished, json.finished]);
      assert.deepEqual([told.code, told.stdout, listed.code, stopped.code], [1, '', 1, 1]);
      assert.match(told.stderr, /^✖ Lab delete failed: .*etcdserver: request timed out/m);
      const { outcome, error } = resultOf(listed.stdout);
      assert.equal(outcome, 'failed');
      assert.match(error?.message ?? '', /^Lab delete failed: .*etcdserver: request timed out/);
    }));

  it('follows a deletion, and then there is nothing: 4, or 0 where that was awaited', () =>
    at({ scenario: 'immediate', speed: 1 }, async ({ lab, start }) => {
      await lab('spawn');
      const stopping = start('stop');
      await stopping.seen(/Shutting down/);
      const [running, absent] = await Promise.all([lab('wait'), lab('wait', '--for', 'absent')]);
      assert.deepEqual([running.code, absent.code, (await stopping.finished).code], [4, 0, 0]);
    }));
});

describe('lab stop', { concurrency: 4 }, () => {
  it('shows the deletion and ends with 0; without a lab it is 4', () =>
    at({ scenario: 'immediate', speed: 2 }, async ({ lab }) => {
      await lab('spawn');
      const stopped = await lab('stop', '-o', 'ndjson');
      assert.equal(stopped.code, 0);
      const events = parseLines(stopped.stdout).flatMap((line) =>
        line.kind === 'event' ? [line.event.progress] : [],
      );
      assert.deepEqual(events, [25, 62, 100]);
      assert.equal(resultOf(stopped.stdout).outcome, 'absent');
      assert.equal((await lab('stop')).code, 4);
      assert.equal((await lab('status')).code, 4);
    }));

  it('returns with -d as soon as it is under way', () =>
    at({ scenario: 'immediate', speed: 1 }, async ({ lab }) => {
      await lab('spawn');
      const detached = await lab('stop', '-d', '-o', 'json');
      assert.deepEqual([detached.code, resultOf(detached.stdout).outcome], [0, 'detached']);
      assert.equal((await lab('wait', '--for', 'absent')).code, 0);
    }));

  it('fails with the reason of the stream', () =>
    at({ scenario: 'delete-failure', speed: 3 }, async ({ lab }) => {
      await lab('spawn');
      const failed = await lab('stop');
      assert.equal(failed.code, 1);
      assert.match(failed.stderr, /✖ could not delete demo's lab/);
      assert.equal((await lab('status')).code, 1);
    }));

  it('names the scope that a user’s own token lacks', () =>
    at({ scenario: 'immediate' }, async ({ lab, controller, env }) => {
      await lab('spawn');
      const denied = await runLab(['stop'], { ...env, LAB_TOKEN: controller.tokens.user });
      assert.equal(denied.code, 3);
      assert.match(denied.stderr, /The token lacks the scope admin:jupyterlab/);
      assert.equal((await runLab(['stop'], { ...env, LAB_TOKEN: controller.tokens.hub })).code, 0);
    }));

  it('continues after a 504, because the deletion does (8)', () =>
    at({ scenario: 'immediate', speed: 1, faults: { deleteTimeoutMs: 300 } }, async ({ lab }) => {
      await lab('spawn');
      const stopped = await lab('stop', '-v');
      assert.equal(stopped.code, 0, stopped.stderr);
      assert.match(stopped.stderr, /checking the state before retrying/);
    }));

  it('is one deletion, for any number of requests (8)', () =>
    at({ scenario: 'immediate', speed: 1 }, async ({ lab }) => {
      await lab('spawn');
      const [one, other] = await Promise.all([lab('stop'), lab('stop')]);
      assert.deepEqual([one.code, other.code], [0, 0]);
    }));
});

describe('conflicts', { concurrency: 4 }, () => {
  it('attaches to a spawn in progress', () =>
    at({ scenario: 'conflict', speed: 3 }, async ({ lab }) => {
      const run = await lab('spawn');
      assert.deepEqual([run.code, run.stdout], [0, url]);
      assert.match(run.stderr, /a spawn is already in progress; following it/);
    }));

  it('follows nothing under --detach', () =>
    at({ scenario: 'conflict', speed: 3 }, async ({ lab }) => {
      const run = await lab('spawn', '--detach');
      assert.deepEqual([run.code, run.stdout], [0, '']);
      assert.match(run.stderr, /a spawn is already in progress$/m);
    }));

  it('is content with a running lab, and warns where it is another', () =>
    at({ scenario: 'immediate' }, async ({ lab }) => {
      await lab('spawn');
      const same = await lab('spawn', '-o', 'json');
      assert.deepEqual([same.code, resultOf(same.stdout).outcome], [0, 'running']);
      assert.doesNotMatch(same.stderr, /running lab/);
      const other = await lab('spawn', '--size', 'large', '--tag', 'd_2077_10_23');
      assert.equal(other.code, 0);
      assert.match(other.stderr, /the running lab's size is small, not large/);
      assert.match(other.stderr, /the running lab's image is /);
    }));

  it('waits for a deletion in progress, and then creates', () =>
    at({ scenario: 'immediate', speed: 1 }, async ({ lab, start }) => {
      await lab('spawn');
      const stopping = start('stop');
      await stopping.seen(/Shutting down/);
      const run = await lab('spawn', '-o', 'ndjson');
      assert.deepEqual([run.code, resultOf(run.stdout).outcome], [0, 'complete'], run.stderr);
      assert.equal((await stopping.finished).code, 0);
    }));

  it('replaces, and explains a scope that is refused', () =>
    at({ scenario: 'immediate', speed: 5 }, async ({ lab, controller, env }) => {
      await lab('spawn');
      const replaced = await lab('spawn', '--on-conflict', 'replace', '--size', 'large', '-o', 'json');
      assert.deepEqual([replaced.code, resultOf(replaced.stdout).outcome], [0, 'complete'], replaced.stderr);
      assert.equal((resultOf(replaced.stdout).lab?.['options'] as { size?: string }).size, 'large');
      const denied = await runLab(['spawn', '--on-conflict', 'replace'], {
        ...env,
        LAB_TOKEN: controller.tokens.user,
      });
      assert.equal(denied.code, 3);
      assert.match(denied.stderr, /admin:jupyterlab.*--on-conflict replace deletes the existing lab/);
    }));

  it('gives up with --on-conflict fail: 5', () =>
    at({ scenario: 'immediate' }, async ({ lab }) => {
      await lab('spawn');
      const run = await lab('spawn', '--on-conflict', 'fail');
      assert.equal(run.code, 5);
      assert.match(run.stderr, /Lab already exists for demo/);
    }));
});

describe('lab events --follow', () => {
  it('goes from one operation to the next, and shows none of them twice', () =>
    at({ scenario: 'immediate', speed: 2 }, async ({ lab, start }) => {
      const watching = start('events', '--follow');
      await lab('spawn');
      await watching.seen(/complete/);
      await lab('stop');
      await watching.seen(/Lab for demo deleted/);
      watching.child.kill('SIGINT');
      const { code, stdout } = await watching.finished;
      assert.equal(code, 130);
      assert.deepEqual(
        stdout.split('\n').map((line) => line.slice(15)),
        [
          'Starting lab creation for demo',
          'Created Kubernetes objects for user lab',
          'Lab Kubernetes pod started for demo',
          'Shutting down Kubernetes pod',
          'Deleting user namespace',
          'Lab for demo deleted',
          '',
        ],
      );
    }));
});

describe('errors that help', { concurrency: 4 }, () => {
  it('list the choices after a bad size or image', () =>
    at({}, async ({ lab }) => {
      assert.match(
        (await lab('spawn', '--size', 'gargantuan')).stderr,
        /--size may be: small, medium, large/,
      );
      assert.match((await lab('spawn', '--size', 'ginormous')).stderr, /--size may be: small, medium, large/);
      assert.match(
        (await lab('spawn', '--tag', 'nope')).stderr,
        /--tag may be: recommended, w_2077_43, d_2077_10_23, latest_weekly, latest_daily\n/,
      );
      const unknown = await lab('spawn', '--image', 'lighthouse.ceres/library/sketchbook:nope');
      assert.match(
        unknown.stderr,
        /Choose another image with --image, --tag or --class\. --image may be: lighthouse\.ceres/,
      );
      const { code, stderr } = await lab('spawn', '--image', 'lighthouse.ceres/library/sketchbook');
      assert.equal(code, 6);
      assert.match(stderr, /has no tag/);
    }));

  it('say what a login page and a quota are', async () => {
    await at({ scenario: 'login-page' }, async ({ lab }) => {
      const run = await lab('spawn', '-u', 'demo');
      assert.equal(run.code, 3);
      assert.match(run.stderr, /redirected to .*login[^]*Probably not signed in/);
    });
    await at({ scenario: 'quota' }, async ({ lab }) => {
      const run = await lab('spawn');
      assert.equal(run.code, 6);
      assert.match(run.stderr, /Insufficient quota/);
    });
  });
});

describe('the trace', { concurrency: 4 }, () => {
  it('writes decisions and requests to stderr and to a log file, without secrets', () =>
    at({ scenario: 'immediate' }, async ({ controller, env }) => {
      const folder = temporaryFolder();
      const run = await runLab(
        ['spawn', '-vv', '--log-file', `${folder}/log`, '--env', 'A=hunter2hunter2', '-o', 'ndjson'],
        env,
      );
      const log = await readFile(`${folder}/log`, 'utf8');
      for (const text of [run.stderr, log]) {
        assert.match(text, /token: from LAB_TOKEN/);
        assert.match(text, /> POST http:\S+\/labs\/demo\/create/);
        assert.match(text, /< 201 to POST \S+ after \d+ ms/);
      }
      assert.match(log, /ends as complete, exit 0/);
      for (const text of [run.stdout, run.stderr, log]) {
        assert.equal(text.includes(controller.token), false);
        assert.doesNotMatch(text, /hunter2|[Aa]uthorization/);
      }
    }));
});
