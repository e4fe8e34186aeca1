import { expect, test } from 'vitest';
import type { RunRecord } from '../../src/runs/record.ts';
import { runEndOf } from '../../src/workflows/effects/run-end.ts';
import { workspaceAt } from '../../src/workspace/layout.ts';
import { machine } from '../mcp/face.ts';
import { storeFinishedRun } from '../mcp/runs.ts';

/** What a workflow is told of a run that ended with this usage. */
async function toldOf(usage: Partial<NonNullable<RunRecord['outcome']>['usage']>, started = true) {
  const place = machine();
  const { paths, record } = await storeFinishedRun(place);
  const { outcome, started: _started, ...rest } = record;
  if (outcome === undefined) throw new Error('it has not ended');
  const changed: RunRecord = {
    ...rest,
    ...(started ? { started: record.created } : {}),
    outcome: { ...outcome, usage: { ...outcome.usage, ...usage } },
  };
  const run = { workspace: workspaceAt(record.workspace), paths, record: changed };
  const end = await runEndOf('wf/a/1.1', [{ run, state: 'failed', summary: undefined }]);
  return end.usage;
}

const nothing = { by_model: {}, tokens: { input: 0, output: 0, cache_read: 0, cache_write: 0 } };

test('a run that was killed in its first model call has used nobody knows what', async () => {
  expect(await toldOf({ ...nothing, usd: null, complete: false })).toMatchObject({
    usd: 0,
    at_least: true,
    tokens: 0,
  });
});

test('one that was killed later has used at least what it had told', async () => {
  expect(await toldOf({ by_model: { m: { input: 1 } }, usd: 0.5, complete: false })).toMatchObject({
    usd: 0.5,
    at_least: true,
  });
});

test.each([
  ['has told everything', true, true],
  ['was never begun', false, false],
])('one that %s has used just that', async (_, complete, started) => {
  expect(await toldOf({ ...nothing, usd: null, complete }, started)).not.toHaveProperty('at_least');
});
