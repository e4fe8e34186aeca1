import { expect, test } from 'vitest';
import { CcError } from '../../../src/core/errors.ts';
import type { Instance } from '../../../src/workflows/core/instance.ts';
import { refusalOf } from '../../../src/workflows/effects/refusal.ts';
import { World } from '../world.ts';

const KEY = 'wf/a/1.1';

async function instance(refusals = 0): Promise<Instance> {
  const world = await World.of('nodes: { a: { role: ops } }');
  for (let time = 0; time < refusals; time += 1) {
    world.happen({ type: 'start_refused', key: KEY, text: 'no place', retry_after_ms: 1 });
    world.happen({ type: 'woken' }, 1);
  }
  return world.instance;
}

const full = new CcError('LIMIT_REACHED', 'Four are active.', { retryable: true });
const ofDay = new CcError('LIMIT_REACHED', 'No room.', {
  retryable: true,
  details: { limit: 'usd_per_day', cap: 5 },
});
const writer = new CcError('NOT_ALLOWED', 'run_1 writes there.', { details: { active: 'run_1' } });

test.each([
  ['a place that is taken', full, 0, 500],
  ['a place that is taken for long', full, 4, 5000],
  ['a cap of the day', ofDay, 12, 512_000],
  ['another writer', writer, 1, 1000],
])('%s passes by itself', async (_, error, refusals, ms) => {
  expect(refusalOf(await instance(refusals), KEY, error).retry_after_ms).toBe(ms);
});

test.each([
  ['a profile that is not there', new CcError('PROFILE_NOT_FOUND', 'No such profile.')],
  ['a key that belongs to another task', new CcError('BAD_INPUT', 'Another task.')],
  ['a defect', new TypeError('x is undefined')],
])('%s does not', async (_, error) => {
  const refused = refusalOf(await instance(), KEY, error);
  expect(refused.retry_after_ms).toBeUndefined();
  expect(refused.text).toContain(error.message);
});
