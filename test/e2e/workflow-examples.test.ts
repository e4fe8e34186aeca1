import { expect, test } from 'vitest';
import { BUG, FIX } from '../support/workflows/bug-fix.ts';
import { ALL_RIGHT, DOCUMENTS } from '../support/workflows/documents.ts';
import { inShop } from '../support/workflows/in-shop.ts';
import { BLOCKER, REFACTOR } from '../support/workflows/refactor.ts';
import { AUDIT, PULL_REQUEST } from '../support/workflows/reviews.ts';
import { UP_TO_DATE, UPGRADE } from '../support/workflows/upgrade.ts';

const shop = inShop();

const states = async (id: string) => {
  const { instance } = await shop.flows.now(id);
  return Object.fromEntries(instance.nodes.map((node) => [node.id, node.state]));
};

/** What the model was told at the beginning of the nth conversation of a script. */
function prompt(script: string, nth = 0): string {
  return JSON.stringify(shop.lab.model.requestsFor(script, 0)[nth]?.body ?? '');
}

test('safe-refactor: a blocker sends the implementation back, and the second attempt stands', async () => {
  const { lab, flows } = shop;
  const task = 'Write the text of prices in one place.';
  const id = await flows.example('safe-refactor', REFACTOR, task);
  const { instance } = await flows.atRest(id);
  expect(instance, instance.reason).toMatchObject({ state: 'succeeded', round: 2 });
  expect(new Set(Object.values(await states(id)))).toEqual(new Set(['succeeded']));

  expect(prompt('safe-refactor.implementation', 0)).not.toContain(BLOCKER);
  expect(prompt('safe-refactor.implementation', 1)).toContain(BLOCKER);
  expect(flows.conversations('safe-refactor')).toEqual({
    requirements: 1,
    implementation: 2,
    testing: 2,
    review: 2,
    supervisor: 1,
  });

  const code = lab.read('src/price.mjs') ?? '';
  expect(code).toContain('Math.round(');
  expect(code.split('EUR`;')).toHaveLength(2);
  const { verdict, tests } = await flows.result(id, 'implementation');
  expect({ verdict, tests }).toEqual({
    verdict: 'accept',
    tests: { passed: 4, failed: 0, skipped: 0 },
  });

  const review = await flows.node(id, 'review');
  expect(review).toMatchObject({ round: 2, stale: [{ round: 1, state: 'succeeded' }] });
  const gate = await flows.node(id, 'quality_gate');
  expect(gate).toMatchObject({ gate_retries: 1, reason: { code: 'gate_passed' } });
  expect(JSON.stringify(gate.stale)).toContain('review.blocking_count == 0 does not hold');

  const report = await flows.report(id);
  expect(report).toContain(BLOCKER);
  expect(report).toMatch(/quality_gate did \*\*not pass\*\*; back to implementation/);
  expect(report).toMatch(/implementation[^\n]*accept/);
});

test('documentation-pass: each wrong document is corrected in a copy and brought in', async () => {
  const { lab, flows } = shop;
  const id = await flows.example('documentation-pass', DOCUMENTS, 'Are the documents right?');
  const { instance } = await flows.atRest(id);
  expect(instance, instance.reason).toMatchObject({ state: 'succeeded' });
  expect(lab.read('docs/orders.md')).toContain('10 %');
  expect(lab.read('docs/prices.md')).toContain('cents');
  expect(lab.git('status', '--short')).toBe(' M docs/orders.md\n M docs/prices.md\n');
  expect(flows.conversations('documentation-pass')).toEqual({ find: 1, correct: 2, read: 1 });
});

test('documentation-pass: where nothing is wrong nothing is done', async () => {
  const { flows } = shop;
  const id = await flows.example('documentation-pass', ALL_RIGHT, 'Are the documents right?');
  const { instance } = await flows.atRest(id);
  expect(instance, instance.reason).toMatchObject({ state: 'succeeded' });
  expect(await states(id)).toEqual({
    find: 'succeeded',
    correct: 'skipped',
    read: 'skipped',
    good: 'skipped',
  });
});

test('repository-audit: a part that cannot be read does not cost the others', async () => {
  const { lab, flows } = shop;
  const id = await flows.example('repository-audit', AUDIT, 'Audit it.');
  const { instance } = await flows.atRest(id);
  expect(instance, instance.reason).toMatchObject({ state: 'succeeded' });
  const { tasks, failure } = await flows.node(id, 'audit');
  expect(failure).toBe('continued');
  expect(tasks.map(({ state }) => state)).toEqual(['succeeded', 'succeeded', 'failed']);
  const { handoff } = await flows.result(id, 'report');
  expect(handoff?.report).toContain('An order of exactly 100 EUR');
  expect(lab.git('status', '--short')).toBe('');
});

test('bug-fix: nothing is fixed before we have seen the test fail', async () => {
  const { lab, flows } = shop;
  const id = await flows.example('bug-fix', FIX, BUG);
  const { instance } = await flows.atRest(id);
  expect(instance, instance.reason).toMatchObject({ state: 'succeeded', round: 2 });
  const shown = await flows.node(id, 'shown');
  expect(shown).toMatchObject({ state: 'failed', failure: 'continued', stale: [{ round: 1 }] });
  expect(shown.tasks[0]?.result).toMatchObject({ exit_code: 1, tests: { failed: 1 } });
  expect(prompt('bug-fix.reproduce', 1)).toContain('shown.exit_code != 0 does not hold');
  expect(prompt('bug-fix.fix')).toContain('test/limit.test.mjs');
  expect((await flows.result(id, 'tests')).exit_code).toBe(0);
  expect(lab.read('src/order.mjs')).toContain('sum >= 10000');
  expect(flows.conversations('bug-fix')).toEqual({ reproduce: 2, fix: 1, review: 1 });
});

/** A copy has no installed modules by itself. */
const setUpCopies = () =>
  shop.lab.writePolicy(
    `worktrees: {projects: {${JSON.stringify(shop.lab.project)}: {setup: "npm ci"}}}\n`,
  );

test('dependency-upgrade: adapted in a copy, tested both ways, kept when a person agrees', async () => {
  const { lab, flows } = shop;
  setUpCopies();
  const id = await flows.example('dependency-upgrade', UPGRADE, 'Upgrade what is behind.');
  const waiting = await flows.atRest(id);
  expect(waiting.instance, waiting.instance.reason).toMatchObject({ state: 'waiting_approval' });
  expect(flows.conversations('dependency-upgrade')).toEqual({ plan: 1, upgrade: 1 });
  const { tasks } = await flows.node(id, 'test');
  expect(tasks.map(({ result }) => result?.tests)).toEqual([
    { passed: 4, failed: 0, skipped: 0 },
    { passed: 4, failed: 0, skipped: 0 },
  ]);
  expect(tasks.map(({ item }) => item)).toEqual([
    { NODE_ENV: 'development' },
    { NODE_ENV: 'production' },
  ]);
  const answer = await flows.ask(id, { kind: 'approve', decision: 'approved', comment: 'go' });
  expect(answer).toMatchObject({ ok: true });
  const { instance } = await flows.atRest(id);
  expect(instance, instance.reason).toMatchObject({ state: 'succeeded' });
  expect(prompt('dependency-upgrade.hand_over')).toContain('pad is at 2.0.0');
  expect(lab.read('package.json')).toContain('file:vendor/pad-2');
  expect(lab.git('status', '--short')).toBe(
    ' M package-lock.json\n M package.json\n M src/price.mjs\n',
  );
});

test('dependency-upgrade: where nothing is behind nobody is asked', async () => {
  const { flows } = shop;
  const id = await flows.example('dependency-upgrade', UP_TO_DATE, 'Upgrade what is behind.');
  const { instance } = await flows.atRest(id);
  expect(instance, instance.reason).toMatchObject({ state: 'succeeded' });
  const { plan, ...others } = await states(id);
  expect([plan, ...new Set(Object.values(others))]).toEqual(['succeeded', 'skipped']);
});

test('review-pull-request: reviewers see the changes of the branch, and change nothing', async () => {
  const { lab, flows } = shop;
  lab.git('branch', '-M', 'main');
  lab.git('checkout', '-qb', 'topic');
  lab.write('src/order.mjs', (lab.read('src/order.mjs') ?? '').replace('0.9', '0.8'));
  lab.commit();
  const task = 'Review this branch; it goes into main.';
  const id = await flows.example('review-pull-request', PULL_REQUEST, task);
  const { instance } = await flows.atRest(id);
  const said = await states(id);
  expect(said, instance.reason).toMatchObject({ cross_check: 'succeeded', verdict: 'succeeded' });
  // The branch breaks a test, which no opinion outweighs.
  expect(said).toMatchObject({ tests: 'failed', acceptable: 'failed' });
  expect(instance).toMatchObject({ state: 'failed' });
  expect(instance.reason).toContain('tests.exit_code == 0 does not hold');
  const diff = lab.model.requestsFor('review-pull-request.correctness', 1)[0];
  expect(JSON.stringify(diff?.body)).toContain('+  return sum > 10000 ? Math.round(sum * 0.8)');
  expect((await flows.result(id, 'cross_check')).handoff?.findings).toHaveLength(1);
  expect(lab.git('status', '--short')).toBe('');
});

test('release: a file in a file, and nothing is published before somebody agrees', async () => {
  const { lab, flows } = shop;
  const inside = Object.entries(REFACTOR).map(([node, persona]) => [`refactor/${node}`, persona]);
  const id = await flows.example('release', Object.fromEntries(inside), 'Release it.');
  const waiting = await flows.atRest(id, 250_000);
  expect(waiting.instance, waiting.instance.reason).toMatchObject({ state: 'waiting_approval' });
  expect(lab.read('build/src/price.mjs')).toContain('Math.round(');
  expect(await states(id)).toMatchObject({ refactor: 'succeeded', agreed: 'waiting' });
  expect((await flows.node(id, 'publish')).tasks).toEqual([]);
  expect(prompt('safe-refactor.requirements')).toContain(
    'Make the module boundaries of src/ clear.',
  );
  await flows.ask(id, { kind: 'approve', decision: 'approved' });
  const { instance } = await flows.atRest(id);
  expect(instance, instance.reason).toMatchObject({ state: 'succeeded' });
  const { exit_code, output_tail } = await flows.result(id, 'publish');
  expect({ exit_code, output_tail }).toMatchObject({
    exit_code: 0,
    output_tail: expect.stringContaining('shop@1.2.0'),
  });
  expect(await states(id)).toMatchObject({ clean: 'skipped', publish: 'succeeded' });
});
