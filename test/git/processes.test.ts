import { join } from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import { newId } from '../../src/core/ids.ts';
import { describeHead } from '../../src/git/head.ts';
import { changesSince } from '../../src/runs/changes/read.ts';
import { takeBase, takeNow, wholeOf } from '../../src/runs/changes/snapshots.ts';
import { uncommittedChanges } from '../../src/runs/changes/uncommitted.ts';
import { verifyRun } from '../../src/verification/verify-run.ts';
import { countedGit } from '../support/counted-git.ts';
import { scratch } from '../support/scratch.ts';
import { type Told, tellRun, workerCase } from '../verification/told-run.ts';

/**
 * Each start of git costs 5 to 15 ms, so their number is what an operation costs in a small project. A
 * number here may only grow with a reason. One is to spare for each tree: what is as young as git's index
 * is looked at once more.
 */
const AT_MOST = {
  'first snapshot': 11,
  'snapshot at the end': 9,
  'of a read-only run': 0,
  verification: 15,
  'changes so far': 12,
  'uncommitted changes': 10,
  'where it stands': 4,
} as const;

let started: () => string[];
let told: Told;

beforeEach(async () => {
  const dir = scratch();
  const git = countedGit(dir);
  vi.stubEnv('PATH', git.path);
  started = git.take;
  told = await tellRun(
    join(dir, 'told'),
    workerCase.parse({
      about: 'changes files in folders',
      honest: true,
      base: { 'src/deep/a.mjs': 'a\n', 'src/b.mjs': 'b\n' },
      steps: [{ edit: { 'src/deep/a.mjs': 'aa\n', 'src/c.mjs': 'c\n', 'new/d.mjs': 'd\n' } }],
      answer: 'Did it.',
      expect: { verdict: ['accept'] },
    }),
  );
  vi.unstubAllEnvs();
  expect(started().length).toBeGreaterThan(0);
});

function expectAtMost(what: keyof typeof AT_MOST): void {
  const commands = started();
  expect(commands.length, `${what}: ${commands.join(', ')}`).toBeLessThanOrEqual(AT_MOST[what]);
}

test('no operation starts more git processes than it needs', async () => {
  const { host, run } = told;
  const { record } = run;
  const { signal } = new AbortController();
  const other = { ...record, run_id: newId('run', new Date()) };

  await takeBase(host, { ...other, scope: null });
  expectAtMost('of a read-only run');

  const base = wholeOf((await takeBase(host, other))?.snapshot);
  if (base === undefined) throw new Error('no snapshot');
  expectAtMost('first snapshot');

  await takeNow(host, other, base);
  expectAtMost('snapshot at the end');

  const request = { tests: ['true'], checks: [], timeoutSeconds: 60, minCoverage: undefined };
  const options = { signal, progress: () => undefined, actor: { by: 'cli' } as const };
  await verifyRun(host, run, request, options);
  expectAtMost('verification');

  const { changes } = await changesSince(host, run);
  expect(changes.files.length).toBe(3);
  expectAtMost('changes so far');

  await uncommittedChanges(host, record.cwd, signal);
  expectAtMost('uncommitted changes');

  await describeHead(record.cwd, { env: host.env });
  expectAtMost('where it stands');
});
