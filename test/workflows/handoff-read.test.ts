import { expect, test } from 'vitest';
import { handoffsOfNode } from '../../src/tools/workflows/read-handoff.ts';
import type { WorkflowNow } from '../../src/workflows/instances/read.ts';
import { World } from './world.ts';

function read({ plan, instance }: World, node: string) {
  const record = { workflow_id: 'wf' };
  return handoffsOfNode({ plan, instance, record, seq: 1 } as WorkflowNow, node);
}

test('a handoff is shown as data: no secret, no control character, none too large', async () => {
  const token = `ghp_${'a1B2c3D4e5F6g7H8i9J0'.repeat(2).slice(0, 36)}`;
  const world = await World.of(
    'nodes: { a: { role: review, task: x }, b: { role: review, task: y }, c: { role: ops, needs: b } }',
  );
  world.says('a', { summary: `\u001b[2Jsee ${token}`, nested: [{ deep: `\u0007${token}` }] });
  const large = Array.from({ length: 30 }, (_, at) => `${at} `.repeat(90));
  world.says('b', { blocking_issues: large });
  const a = JSON.stringify(read(world, 'a'));
  expect(a).toContain('see ');
  expect(a).not.toContain('ghp_');
  expect(a).not.toMatch(/u001b|u0007/);
  const [b] = read(world, 'b').handoffs;
  expect(b?.cut).toBeUndefined();
  expect(read(world, 'c')).toMatchObject({ state: 'running', handoffs: [{ handoff: null }] });
});

test('many large handoffs share what fits; the rest are excerpts that say how large they are', async () => {
  const world = await World.of(
    'nodes: { a: { role: review, task: x, matrix: { n: [1, 2, 3, 4] } } }',
  );
  const issues = Array.from({ length: 7 }, () => '語'.repeat(600));
  for (const task of [0, 1, 2, 3]) world.says('a', { blocking_issues: issues }, task);
  const { handoffs } = read(world, 'a');
  expect(handoffs.map(({ cut }) => cut !== undefined)).toEqual([false, false, true, true]);
  expect(handoffs[3]?.cut).toBeGreaterThan(12_000);
  expect(Buffer.byteLength(JSON.stringify(handoffs))).toBeLessThan(40_000);
  expect(read(world, 'a[3]').handoffs).toMatchObject([{ task: 'a[3]', state: 'succeeded' }]);
  expect(read(world, 'a[3]').handoffs[0]?.cut).toBeUndefined();
  expect(read(world, 'a[9]').handoffs).toEqual([]);
});
