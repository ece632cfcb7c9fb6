/**
 * What a create may contain beyond what the captures show: the form's encoding, and how the image is chosen.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, create, labs, serve, status } from './client.js';

const sketchbook = 'lighthouse.ceres/library/sketchbook';

interface Options {
  image: string;
  size: string;
  enable_debug: boolean;
  reset_user_env: boolean;
}

test('the form may be passed on as JupyterHub has it', async (t) => {
  const { controller } = await serve(t);
  const told = await create(controller, {
    image_class: [],
    image_list: [`${sketchbook}:w_2077_43@sha256:5678`],
    image_dropdown: [`${sketchbook}:latest_daily`], // always sent, regardless of the radio button
    size: ['Medium'],
    enable_debug: ['true'],
    reset_user_env: ['false'],
  });
  assert.equal(told.status, 201);
  const { options } = JSON.parse((await ask(controller, `${labs}/rachel`)).body) as { options: Options };
  assert.deepEqual(options, {
    size: 'medium',
    enable_debug: true,
    reset_user_env: false,
    image: `${sketchbook}:w_2077_43@sha256:5678`,
  });
});

const meant: readonly (readonly [asked: Record<string, string>, image: string | null])[] = [
  [{ image_class: 'recommended' }, 'recommended@sha256:5678'],
  [{ image_class: 'latest-weekly' }, 'w_2077_43@sha256:5678'],
  [{ image_class: 'latest-daily' }, 'd_2077_10_23@sha256:1234'],
  [{ image_tag: 'latest_daily' }, 'latest_daily@sha256:1234'],
  // The digest decides; of two tags, the one that is not an alias is shown.
  [{ image_list: `${sketchbook}:recommended@sha256:5678` }, 'w_2077_43@sha256:5678'],
  [{ image_list: `${sketchbook}@sha256:1234` }, 'd_2077_10_23@sha256:1234'],
  [
    { image_list: 'use_image_from_dropdown', image_dropdown: `${sketchbook}:w_2077_43` },
    'w_2077_43@sha256:5678',
  ],
  [{ image_list: `${sketchbook}:w_2077_43@sha256:unheard-of` }, 'w_2077_43@sha256:5678'],
  [{ image_list: 'docker.io/library/sketchbook:w_2077_43@sha256:5678' }, null],
  [{ image_list: 'lighthouse.ceres/library/other:w_2077_43' }, null],
];
for (const [asked, image] of meant) {
  test(`${JSON.stringify(asked)} means ${image ?? 'nothing'}`, async (t) => {
    const { controller } = await serve(t);
    const told = await create(controller, { image_class: null, ...asked });
    if (image === null) {
      assert.ok([400, 422].includes(told.status), told.body);
      return;
    }
    assert.equal(told.status, 201);
    const { options } = JSON.parse((await ask(controller, `${labs}/rachel`)).body) as { options: Options };
    assert.equal(options.image, `${sketchbook}:${image}`);
  });
}

for (const reference of ['sketchbook:w_2077_43', 'foo', `${sketchbook}:`]) {
  test(`${reference} cannot be parsed, and the controller breaks over it each time`, async (t) => {
    const { controller } = await serve(t);
    for (let time = 0; time < 2; time++) {
      const told = await create(controller, { image_class: null, image_list: reference });
      assert.deepEqual([told.status, told.body], [500, 'Internal Server Error']);
      assert.match(told.headers['content-type'] ?? '', /^text\/plain/);
    }
    assert.equal(await status(controller), undefined);
  });
}
