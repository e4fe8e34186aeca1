import { afterEach, beforeEach, expect, test } from 'vitest';
import { Lab } from '../support/lab.ts';
import { ALL_RIGHT, DOCUMENTS } from '../support/workflows/documents.ts';
import { Flows } from '../support/workflows/flows.ts';
import { BLOCKER, REFACTOR } from '../support/workflows/refactor.ts';
import { AUDIT } from '../support/workflows/reviews.ts';
import { makeShop } from '../support/workflows/shop.ts';

let lab: Lab;
let flows: Flows;
beforeEach(async () => {
  lab = await Lab.open([]);
  makeShop(lab);
  flows = new Flows(lab);
});
afterEach(async () => {
  for (const id of flows.ids) {
    await flows.noteRuns(id);
    expect(flows.supervisors(id)).toEqual([]);
  }
  expect(await lab.close()).toEqual([]);
});

const states = async (id: string) => {
  const { instance } = await flows.now(id);
  return Object.fromEntries(instance.nodes.map((node) => [node.id, node.state]));
};

/** What the model was told at the beginning of the nth conversation of a script. */
function prompt(script: string, nth = 0): string {
  const request = lab.model.requestsFor(script, 0)[nth];
  return JSON.stringify(request?.body ?? '');
}

test('safe-refactor: a blocker sends the implementation back, and the second attempt stands', async () => {
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
});

test('documentation-pass: each wrong document is corrected in a copy and brought in', async () => {
  const id = await flows.example('documentation-pass', DOCUMENTS, 'Are the documents right?');
  const { instance } = await flows.atRest(id);
  expect(instance, instance.reason).toMatchObject({ state: 'succeeded' });
  expect(lab.read('docs/orders.md')).toContain('10 %');
  expect(lab.read('docs/prices.md')).toContain('cents');
  expect(lab.git('status', '--short')).toBe(' M docs/orders.md\n M docs/prices.md\n');
  expect(flows.conversations('documentation-pass')).toEqual({ find: 1, correct: 2, read: 1 });
});

test('documentation-pass: where nothing is wrong nothing is done', async () => {
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
