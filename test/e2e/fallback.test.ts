import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { activeRuns } from '../../src/runs/list.ts';
import type { RunRequest } from '../../src/runs/plan.ts';
import { lookAt, lookAtTask, viewOf } from '../../src/runs/view.ts';
import { failing, http, LIMITED, openFailing, own, settled, waited } from '../support/failing.ts';
import type { Lab } from '../support/lab.ts';

let lab: Lab;
afterEach(async () => {
  expect(await lab.close()).toEqual([]);
});

const open = async (...args: Parameters<typeof openFailing>) => {
  lab = await openFailing(...args);
};
const start = (request: Partial<RunRequest> = {}) => lab.launch({ task: 'Do it.', ...request });

describe.each([
  ['a rate limit', LIMITED, 'rate_limited'],
  ['an overload', http(529), 'provider_overload'],
  ['a refused key', http(401), 'auth_failed'],
  ['an empty account', http(402), 'billing'],
  ['a model it does not have', http(404), 'provider_capability'],
])('%s', (_, fault, failure) => {
  test('sends the task on, in one wait, and says so everywhere', async () => {
    await open(failing({ 'lab-model-1': fault }));
    const run = await start();
    expect(run.record.profile.id).toBe('env:lab');
    const { reason, changed, active } = await waited(lab, run);
    expect({ reason, active }).toEqual({ reason: 'all_ended', active: [] });
    const [failed, next] = changed;
    expect(changed).toHaveLength(2);
    expect(failed).toMatchObject({
      run_id: run.record.run_id,
      state: 'failed',
      failure: { class: failure },
      moved_to: { run_id: next?.run_id, profile: 'env:spare', model: 'spare-model' },
    });
    expect(next).toMatchObject({
      state: 'succeeded',
      moved_from: [
        {
          run_id: run.record.run_id,
          profile: 'env:lab',
          model: 'lab-model-1',
          class: failure,
          until: expect.stringMatching(/^20.*Z$/),
        },
      ],
    });
    const found = await lab.find(next?.run_id ?? '');
    expect(readFileSync(found.paths.stdout, 'utf8')).toContain('Done by spare-model.');
    expect(found.record).toMatchObject({
      pick_reason: expect.stringMatching(/^Moved from env:lab lab-model-1 \(/),
      lineage: { root: run.record.run_id, kind: 'recap', index: 1, drift: expect.anything() },
      fallback: 'on',
    });
    expect(lab.events(found)[1]).toMatchObject({
      type: 'cc.run.moved',
      to: 'env:spare spare-model',
    });
    expect((await lab.find(run.record.run_id)).record.state).toBe('failed');
  });
});

test('a profile that was named is kept to, and the answer says what would be next', async () => {
  await open(failing({ 'lab-model-1': LIMITED }));
  const { changed } = await waited(lab, await start({ profile: 'env:lab' }));
  expect(changed).toHaveLength(1);
  expect(changed[0]?.not_moved).toMatch(/named.*env:spare spare-model.*fallback: true/s);
  const asked = await waited(lab, await start({ profile: 'env:lab', fallback: true }));
  expect(asked.changed.map(({ state }) => state)).toEqual(['failed', 'succeeded']);
});

test('fallback: false and the policy keep it, too', async () => {
  await open(failing({ 'lab-model-1': LIMITED }));
  const { changed } = await waited(lab, await start({ fallback: false }));
  expect(changed[0]?.not_moved).toMatch(/fallback: false/);
  lab.writePolicy('routing:\n  fallback: off\n');
  await expect(start({ fallback: true })).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  const kept = await waited(lab, await start({ profile: 'env:lab' }));
  expect(kept.changed[0]?.not_moved).toMatch(/policy/);
});

test('where every other candidate is used up the end is clear', async () => {
  await open(failing({ 'lab-model-1': http(402), 'spare-model': LIMITED }));
  const { reason, changed } = await waited(lab, await start());
  expect(reason).toBe('all_ended');
  expect(changed.map(({ state }) => state)).toEqual(['failed', 'failed']);
  expect(changed[1]?.not_moved).toMatch(/^no other profile can take it now; .* at 20/);
});

test('a context that is too small needs a window that is known to be larger', async () => {
  const overflow = http(400, { message: 'prompt is too long: 250000 tokens > 200000 maximum' });
  await open(failing({ 'lab-model-1': overflow }), ['spare', 'wide']);
  Object.assign(lab.env, { CC_PROFILE_LAB_CONTEXT_WINDOW: '200000' });
  const none = await waited(lab, await start());
  expect(none.changed[0]).toMatchObject({ failure: { class: 'context_overflow' } });
  expect(none.changed[0]?.not_moved).toMatch(/window of more than 200000/);
  Object.assign(lab.env, { CC_PROFILE_WIDE_CONTEXT_WINDOW: '1000000' });
  const moved = await waited(lab, await start());
  expect(moved.changed[0]?.moved_to).toMatchObject({ profile: 'env:wide' });
});

test('many faces at once make one successor', async () => {
  await open(failing({ 'lab-model-1': LIMITED }));
  const run = await start();
  await settled(lab, run);
  const looks = await Promise.all(
    Array.from({ length: 6 }, async () =>
      lookAtTask(lab.host(), await lab.find(run.record.run_id)),
    ),
  );
  const successors = new Set(looks.map((live) => live[1]?.run.record.run_id));
  expect(successors.size).toBe(1);
  const [id] = successors;
  own(lab, id ?? '');
  expect((await activeRuns(lab.place().workspace)).map(({ record }) => record.run_id)).toEqual([
    id,
  ]);
  await lab.ended(await lab.find(id ?? ''));
});

test('a read-only server moves nothing and says so', async () => {
  await open(failing({ 'lab-model-1': LIMITED }));
  const run = await start();
  await settled(lab, run);
  const live = await lookAt(lab.host({ readOnly: true }), await lab.find(run.record.run_id));
  expect(viewOf(live).attention).toContain(
    'its task could go on elsewhere, but this server is read-only',
  );
  expect(await activeRuns(lab.place().workspace)).toEqual([]);
});
