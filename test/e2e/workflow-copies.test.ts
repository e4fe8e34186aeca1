import { expect, test } from 'vitest';
import { edits, handOver, type Persona } from '../support/workflows/actor.ts';
import { inShop } from '../support/workflows/in-shop.ts';

const shop = inShop();

const writer = (name: string) =>
  `  ${name}: { role: implementation, task: Do ${name} in a copy., allow_write: true, isolation: worktree, write_scope: { allow: [src/] } }`;
const TWO = ['schema_version: 1', 'id: copies', 'nodes:', writer('one'), writer('two'), ''].join(
  '\n',
);

/** Changes a line only when the other one has begun, so that both begin from the same state. */
const changes =
  (file: string, from: string, to: string, hold: string): Persona =>
  ({ path }) => {
    const [read, edit] = edits(path(file), from, to);
    return [
      { ...read, hold: { at: 'before_headers', name: hold } },
      edit ?? {},
      handOver('implementation', { summary: 'Done.', changed_files: [file] }),
    ];
  };

async function bothBegun(): Promise<void> {
  const { model } = shop.lab;
  await Promise.all([model.waitForHold('one', 100_000), model.waitForHold('two', 100_000)]);
  model.release('one');
  model.release('two');
}

test('two that write side by side work in copies, and both results are brought in', async () => {
  const { lab, flows } = shop;
  const id = await flows.text(TWO, {
    one: changes('src/order.mjs', 'sum > 10000', 'sum >= 10000', 'one'),
    two: changes('src/price.mjs', '0.19', '0.2', 'two'),
  });
  await bothBegun();
  const { instance } = await flows.atRest(id);
  expect(instance, instance.reason).toMatchObject({ state: 'succeeded' });
  expect(lab.read('src/order.mjs')).toContain('sum >= 10000');
  expect(lab.read('src/price.mjs')).toContain('cents * 0.2)');
});

test('results that cannot both be had: one stands, and the other one is told as a conflict', async () => {
  const { lab, flows } = shop;
  const id = await flows.text(TWO, {
    one: changes('src/order.mjs', 'sum > 10000', 'sum >= 10000', 'one'),
    two: changes('src/order.mjs', 'sum > 10000', 'sum > 9999', 'two'),
  });
  await bothBegun();
  const { instance } = await flows.atRest(id);
  expect(instance.state, instance.reason).toBe('failed');
  const failed = instance.nodes.filter(({ state }) => state === 'failed');
  expect(failed).toMatchObject([{ reason: { code: 'rejected' } }]);
  expect(failed[0]?.reason?.text).toMatch(/could not be brought into the project.*src\/order\.mjs/);
  const one = failed[0]?.id === 'two';
  expect(lab.read('src/order.mjs')).toContain(one ? 'sum >= 10000' : 'sum > 9999');
});
