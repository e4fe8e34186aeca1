import { chmodSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { toErrorFacts } from '../../src/core/errors.ts';
import { latestEntries } from '../../src/ledger/query.ts';
import { verifyLedger } from '../../src/ledger/verify.ts';
import { answerReversal, answerRollback } from '../../src/undo/answer.ts';
import { applyRun } from '../../src/undo/apply.ts';
import { verifyRun } from '../../src/verification/verify-run.ts';
import { differing, disk } from '../support/disk.ts';
import { Lab } from '../support/lab.ts';

const ACTOR = { by: 'cli' as const };
const SCOPE = { paths: ['src/**', 'docs/**'], commands: ['./work.sh'] };

let lab: Lab;
afterEach(async () => {
  expect(await lab.close()).toEqual([]);
});

const bash = (command: string) => ({ name: 'Bash', input: { command, description: 'd' } });
const write = (path: string, content: string) => ({
  name: 'Write',
  input: { file_path: path, content },
});

/** A project with a script that the worker may run. */
async function open(work: string): Promise<void> {
  lab = await Lab.open([]);
  lab.write('.gitignore', '*.log\n');
  lab.write('src/a.txt', 'a\n');
  lab.write('docs/old.md', 'old\n');
  lab.write('work.sh', `#!/bin/sh\n${work}\n`);
  chmodSync(lab.path('work.sh'), 0o755);
  lab.commit();
  lab.write('src/mine.txt', 'unfinished\n');
}

const kinds = () =>
  latestEntries(lab.place().workspace, {}, { limit: 20 }).entries.map(({ kind }) => kind);

test('what file tools and a command changed is put back, undone and redone', async () => {
  await open(
    'mv docs/old.md docs/new.md; chmod 700 src/a.txt; mkdir -p src/x/y; ln -s ../a.txt src/x/link; echo log > src/z.log; printf "\\0\\377" > src/bin',
  );
  const before = disk(lab.project);
  lab.model.addScript({
    name: 's',
    steps: [
      { tools: [write(lab.path('src/new.txt'), 'new\n'), bash('./work.sh')] },
      { text: 'Done.' },
    ],
  });
  const request = { task: 'Work.', allowWrite: true, scope: SCOPE };
  const run = await lab.ended(await lab.launch(request));
  const worked = disk(lab.project);
  expect(differing(worked, before).length).toBeGreaterThan(7);
  const host = lab.host();
  const { workspace } = lab.place();
  expect(await answerRollback(host, run, {}, ACTOR)).not.toHaveProperty('conflicts');
  expect(await answerRollback(host, run, { apply: true }, ACTOR)).toMatchObject({ applied: true });
  expect(differing(disk(lab.project), before)).toEqual([]);
  await answerReversal(host, workspace, 'undo', { apply: true }, ACTOR);
  expect(differing(disk(lab.project), worked)).toEqual([]);
  await answerReversal(host, workspace, 'redo', { apply: true }, ACTOR);
  expect(differing(disk(lab.project), before)).toEqual([]);
  expect(kinds()).toEqual(['redo', 'undo', 'rollback', 'end', 'dispatch']);
  expect((await verifyLedger(host, workspace)).problems).toEqual([]);
});

test('a second writer gets a copy; its result is verified there and applied', async () => {
  await open(
    'echo shell >> src/a.txt; test "$PORT" -gt 0 && test -f src/mine.txt && test -f set-up',
  );
  lab.writePolicy(
    `worktrees: {projects: {${JSON.stringify(lab.project)}: {setup: "echo $PORT > set-up", ports: [PORT]}}}\n`,
  );
  const before = disk(lab.project);
  lab.model.addScript({
    name: 'first',
    match: 'First.',
    steps: [{ text: 'Done.', hold: { at: 'before_headers', name: 'pause' } }],
  });
  const request = { task: 'Second.', allowWrite: true, scope: SCOPE };
  const first = await lab.launch({ ...request, task: 'First.' });
  const refused = await lab.launch(request).catch((error: unknown) => toErrorFacts(error));
  expect(refused).toMatchObject({ code: 'NOT_ALLOWED', details: { active: first.record.run_id } });
  const started = await lab.launch({ ...request, isolation: 'worktree' });
  const { cwd } = started.record;
  lab.model.addScript({
    name: 'second',
    match: 'Second.',
    steps: [
      { tools: [write(join(cwd, 'src/new.txt'), 'new\n'), bash('./work.sh')] },
      { text: 'Changed src/new.txt and src/a.txt.' },
    ],
  });
  const run = await lab.ended(started);
  expect(run.record.outcome?.failure).toMatchObject({ class: 'success' });
  expect(readFileSync(join(cwd, 'src/a.txt'), 'utf8')).toBe('a\nshell\n');
  expect(existsSync(join(cwd, 'set-up'))).toBe(true);
  expect(differing(disk(lab.project), before)).toEqual([]);
  lab.model.release('pause');
  await lab.ended(first);

  const host = lab.host();
  const apply = (force?: string) => applyRun(host, run, { as: 'patch', apply: true, force }, ACTOR);
  expect(await apply().catch((error: unknown) => toErrorFacts(error))).toMatchObject({
    code: 'CHECK_FAILED',
  });
  const options = {
    signal: new AbortController().signal,
    progress: () => undefined,
    actor: { by: 'cli' as const },
  };
  const { result } = await verifyRun(
    host,
    run,
    {
      tests: ['test -f src/new.txt && test "$PORT" -gt 0'],
      checks: [],
      timeoutSeconds: 30,
      minCoverage: undefined,
    },
    options,
  );
  expect(result.tests.map(({ status }) => status)).toEqual(['passed']);
  const done = await apply(result.verdict === 'accept' ? undefined : result.reasons[0]?.code);
  expect(done).toMatchObject({ applied: true, verdict: result.verdict, written: 2 });
  expect(lab.read('src/a.txt')).toBe('a\nshell\n');
  expect(lab.read('src/new.txt')).toBe('new\n');
  expect(lab.read('set-up')).toBeUndefined();
  await answerReversal(host, lab.place().workspace, 'undo', { apply: true }, ACTOR);
  expect(differing(disk(lab.project), before)).toEqual([]);
});

test('a setup that fails ends the run before its worker starts', async () => {
  await open('true');
  lab.writePolicy(
    `worktrees: {projects: {${JSON.stringify(lab.project)}: {setup: "echo no such package >&2; exit 3"}}}\n`,
  );
  const request = { task: 'Work.', allowWrite: true, scope: SCOPE, isolation: 'worktree' as const };
  const run = await lab.ended(await lab.launch(request));
  expect(run.record.state).toBe('failed');
  expect(run.record.outcome?.failure.evidence.join()).toContain('no such package');
  expect(lab.model.requests).toEqual([]);
});
