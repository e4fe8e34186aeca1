import { mkdirSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { changesOf, sensitiveChanges } from '../../src/judgement/changes.ts';
import type { FoundRun } from '../../src/runs/find.ts';
import type { RunRecord } from '../../src/runs/record.ts';
import { runPaths } from '../../src/workspace/layout.ts';
import { changedFilesOf } from '../support/changed-files.ts';
import { endedRecord, userWithProject } from '../support/history.ts';
import { scratch } from '../support/scratch.ts';

const WRITES = { scope: { paths: ['**'], commands: [] } };
const SNAPSHOT = {
  tree: 'a',
  object_dir: '/none',
  root: '/none',
  kind: 'plain',
  rest: 'b',
  taken: 0,
} as const;

async function ended(change: Partial<RunRecord>, stored?: unknown): Promise<FoundRun> {
  const { workspace } = await userWithProject(scratch());
  const record = endedRecord(workspace, new Date(), change);
  const paths = runPaths(workspace, record.run_id);
  mkdirSync(paths.dir, { recursive: true });
  if (stored !== undefined) writeFileSync(paths.changedFiles, JSON.stringify(stored));
  return { workspace, paths, record };
}

it('counts what was changed in the project itself', async () => {
  const run = await ended(
    WRITES,
    changedFilesOf([
      { path: 'a.ts' },
      { path: 'old.ts', status: 'deleted', added: 0, deleted: 40 },
      { path: 'logo.png', binary: true, added: null, deleted: null },
      { path: '.agent-workspace/x', area: 'artifact', artifact: true },
      { path: 'dist/a.js', area: 'ignored' },
    ]),
  );
  expect(await changesOf(run)).toEqual({
    paths: ['a.ts', 'old.ts', 'logo.png'],
    deletedFiles: 1,
    added: 12,
    deleted: 43,
  });
});

it.each<[string, Partial<RunRecord>, unknown]>([
  ['nobody compared', WRITES, undefined],
  ['the comparison failed', WRITES, { schema_version: 1, base: SNAPSHOT, error: 'disk full' }],
  ['something could not be seen', WRITES, changedFilesOf([], { complete: false })],
  ['the run goes on', { ...WRITES, state: 'running' }, { schema_version: 1, source: 'tool_calls' }],
  ['the file is damaged', WRITES, 'garbage'],
  ['there was no snapshot to compare with', { scope: null }, undefined],
])('is not known where %s', async (_, change, stored) => {
  expect(await changesOf(await ended(change, stored))).toBeUndefined();
});

it('is nothing where a read-only run has nothing on record', async () => {
  const run = await ended({ scope: null, base: { head: null, snapshot: SNAPSHOT } });
  expect(await changesOf(run)).toMatchObject({ paths: [], added: 0 });
});

it.each([
  ['web/package.json', 'dependencies'],
  ['requirements-dev.txt', 'dependencies'],
  ['.github/workflows/ci.yml', 'continuous integration'],
  ['.husky/pre-commit', 'continuous integration'],
  ['.github/CODEOWNERS', 'policy'],
  ['.github/dependabot.yml', 'policy'],
  ['docs/adr/0001.md', 'architecture'],
  ['deploy/Dockerfile.prod', 'infrastructure'],
  ['db/migrations/1.sql', 'infrastructure'],
])('%s is for a person to decide', (path, why) => {
  const changes = { paths: ['src/a.ts', path], deletedFiles: 0, added: 1, deleted: 0 };
  expect(sensitiveChanges(changes)).toEqual([`${path} (${why})`]);
});
