import { existsSync, utimesSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { forgetActive, rememberActive } from '../../../src/workflows/instances/active.ts';
import { cleanWorkflows } from '../../../src/workflows/instances/clean.ts';
import { writeWorkflowRecord } from '../../../src/workflows/instances/record.ts';
import { buildSupervisors, FlowLab } from '../../support/flow-lab.ts';

const supervisor = await buildSupervisors();

let lab: FlowLab;
beforeEach(() => {
  lab = new FlowLab(supervisor);
});
afterEach(async () => {
  expect(await lab.close()).toEqual([]);
});

const LIMITS = { days: 30, max_runs: null, max_bytes: null, keep_newest: 0 };

async function age(id: string, days: number): Promise<void> {
  const { paths, record } = await lab.find(id);
  if (record.end === undefined) throw new Error('it is not over');
  const time = new Date(Date.now() - days * 86_400_000).toISOString();
  await writeWorkflowRecord(paths, { ...record, end: { ...record.end, time } });
}

it('removes workflows that ended long ago, with their parts, and no others', async () => {
  const one = 'nodes: { a: { role: research, task: A. } }';
  const outer = 'nodes: { a: { type: workflow, uses: one.yaml, task: A. } }';
  const old = await lab.launch(outer, { idempotencyKey: 'k' }, async () => one);
  const { instance } = await lab.over(old);
  const part = instance.nodes[0]?.tasks[0]?.result?.workflow_id ?? '';
  const young = await lab.launch(one);
  await lab.over(young);
  await age(old, 40);
  await age(part, 40);
  const clean = (limits: typeof LIMITS, apply: boolean) =>
    cleanWorkflows(lab.host, lab.place.workspace, limits, { apply });
  expect(await clean({ ...LIMITS, keep_newest: 2 }, true)).toEqual([]);
  const shown = await clean(LIMITS, false);
  expect(shown.map(({ workflow_id }) => workflow_id).sort()).toEqual([old, part].sort());
  const { paths } = await lab.find(old);
  expect(existsSync(paths.dir)).toBe(true);
  expect(await clean(LIMITS, true)).toHaveLength(2);
  expect(existsSync(paths.dir)).toBe(false);
  await lab.find(young);
  // The key is free again.
  const again = await lab.launch(one, { idempotencyKey: 'k' });
  expect(again).not.toBe(old);
  expect((await lab.over(again)).instance.state).toBe('succeeded');
});

it('removes what was given up long ago, once nothing of it runs any more', async () => {
  const id = await lab.launch('nodes: { a: { role: research, task: A. } }');
  const { paths, record } = await lab.over(id);
  const { end: _end, ...rest } = record;
  const clean = () => cleanWorkflows(lab.host, lab.place.workspace, LIMITS, { apply: true });
  const old = new Date(Date.now() - 40 * 86_400_000);
  const age = () => utimesSync(paths.metadata, old, old);
  // One that goes on is never old.
  await writeWorkflowRecord(paths, rest);
  age();
  expect(await clean()).toEqual([]);
  await writeWorkflowRecord(paths, { ...rest, broken: 'journal.ndjson is damaged.' });
  expect(await clean()).toEqual([]);
  age();
  await rememberActive(lab.place.workspace, paths);
  expect(await clean()).toEqual([]);
  await forgetActive(paths);
  expect(await clean()).toMatchObject([{ workflow_id: id, reason: 'given up 40 days ago' }]);
  expect(existsSync(paths.dir)).toBe(false);
});
