import { afterEach, expect, test } from 'vitest';
import { readEndings } from '../../src/routing/endings.ts';
import { readHealth } from '../../src/routing/health-store.ts';
import { userHome } from '../../src/workspace/home.ts';
import { Lab } from '../support/lab.ts';

let lab: Lab;
afterEach(async () => {
  expect(await lab.close()).toEqual([]);
});

const evidence = async () => {
  const home = userHome(lab.env);
  const endings = [...readEndings(home, Date.now())].map(([key, list]) => [
    key.replace('\n', ' '),
    list.map(({ failure }) => failure),
  ]);
  return { endings, failures: (await readHealth(home)).failures };
};

test('a run that fails sends the next task elsewhere, and one that succeeds heals', async () => {
  lab = await Lab.open([
    { name: 'bad', match: 'BAD', steps: [{ text: 'x', faults: [{ kind: 'http', status: 402 }] }] },
    { name: 'good', match: 'GOOD', steps: [{ text: 'Fine.' }] },
  ]);
  // Another host is another account, also with the same key.
  lab.addProfile('spare', lab.model.url.replace('127.0.0.1', 'localhost'));
  Object.assign(lab.env, {
    CC_PROFILE_SPARE_PRICE_INPUT: '50',
    CC_PROFILE_SPARE_PRICE_OUTPUT: '50',
  });
  const first = await lab.ended(await lab.launch({ task: 'BAD', fallback: false }));
  expect(first.record).toMatchObject({
    profile: { id: 'env:lab', account: expect.stringMatching(/^[0-9a-f]{10}$/) },
    outcome: { failure: { class: 'billing' } },
  });
  expect(await evidence()).toMatchObject({
    endings: [['env:lab lab-model-1', ['billing']]],
    failures: [{ class: 'billing', count: 1, run_id: first.record.run_id }],
  });

  const second = await lab.ended(await lab.launch({ task: 'GOOD' }));
  expect(second.record.profile.id).toBe('env:spare');
  expect(second.record.pick_reason).toContain('env:spare');

  const third = await lab.ended(await lab.launch({ task: 'GOOD', profile: 'env:lab' }));
  expect(third.record.state).toBe('succeeded');
  const after = await evidence();
  expect(after.failures).toEqual([]);
  expect(after.endings).toEqual([
    ['env:lab lab-model-1', ['billing', 'success']],
    ['env:spare spare-model', ['success']],
  ]);
});
