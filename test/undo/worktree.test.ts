import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { toErrorFacts } from '../../src/core/errors.ts';
import type { RunRecord } from '../../src/runs/record.ts';
import { previewCleaning } from '../../src/runs/retention/clean.ts';
import { makeWorktree } from '../../src/runs/worktrees/make.ts';
import { requireNoOverlap } from '../../src/runs/worktrees/overlap.ts';
import { joinWorktree } from '../../src/runs/worktrees/store.ts';
import { answerReversal, answerRollback } from '../../src/undo/answer.ts';
import { type ApplyRequest, applyRun } from '../../src/undo/apply.ts';
import { fingerprint } from '../git/support.ts';
import { differing, disk } from '../support/disk.ts';
import { endedRecord, storeActive } from '../support/history.ts';
import { type Yard, yard } from './worked.ts';

const ACTOR = { by: 'cli' as const };
const LIMITS = { days: 30, max_runs: null, max_bytes: null, keep_newest: 0 };
const FORCE = { as: 'patch' as const, apply: true, force: 'a test' };

async function refusal(work: Promise<unknown>) {
  return work.then(
    () => ({ code: 'none', details: {} }),
    (error: unknown) => toErrorFacts(error),
  );
}

async function committed(withGit = true): Promise<Yard> {
  const place = await yard(withGit);
  place.write('a.txt', 'one\ntwo\nthree\nfour\nfive\n');
  place.write('src/run.sh', '#!/bin/sh\r\n', 0o755);
  place.write('.gitignore', '.env\n');
  place.write('.gitattributes', '*.txt text eol=crlf\n');
  place.write('.env', 'KEY=1\n');
  if (!withGit) return place;
  place.git('add', '-A');
  place.git('commit', '-qm', 'one');
  return place;
}

const copyOf = ({ host, root, workspace }: Yard) => makeWorktree(host, { cwd: root, workspace });

/** A run in a copy; `work` gets the directory of the copy. */
async function isolated(
  place: Yard,
  work: (root: string) => void,
  change: Partial<RunRecord> = {},
) {
  const { worktree, cwd } = await copyOf(place);
  const run = await place.run(() => work(worktree.root), { worktree, cwd, ...change });
  await joinWorktree(place.host, worktree.id, run.record.run_id);
  return run;
}

const apply = ({ host }: Yard, run: Parameters<typeof applyRun>[1], asked: ApplyRequest = FORCE) =>
  applyRun(host, run, asked, ACTOR);

test.each([true, false])(
  'a copy is what the user sees, byte for byte; git: %s',
  async (withGit) => {
    const place = await committed(withGit);
    place.write('a.txt', 'unfinished\r\nand\nmixed\n');
    place.write('new.txt', 'untracked\n');
    place.write('src/private', 'x', 0o600);
    rmSync(join(place.root, 'src/run.sh'));
    const before = fingerprint(place.root);
    const { worktree, cwd } = await copyOf(place);
    expect(fingerprint(place.root)).toEqual(before);
    expect(cwd).toBe(worktree.root);
    expect(worktree.root.startsWith(place.root)).toBe(false);
    const skip = (path: string) =>
      /^(?:\.git|\.agent-workspace)(?:\/|$)/.test(path) || path === '.env';
    const files = (root: string) =>
      new Map([...disk(root, skip)].filter(([path]) => !path.endsWith('/')));
    // Without git nothing is ignored.
    if (!withGit) place.write('.env', 'KEY=1\n');
    expect(differing(files(worktree.root), files(place.root))).toEqual([]);
    expect(existsSync(join(worktree.root, '.git'))).toBe(withGit);
    if (!withGit) return;
    const inCopy = (...args: string[]) => place.git('-C', worktree.root, ...args);
    expect(inCopy('status', '--porcelain')).toBe(place.git('status', '--porcelain'));
    expect(inCopy('rev-parse', 'HEAD')).toBe(place.git('rev-parse', 'HEAD'));
    inCopy('commit', '-qam', 'in the copy');
    expect(place.git('log', '--format=%s', '--all')).toBe('one');
  },
);

test('what the policy says goes into it: listed files, ports, only what is committed', async () => {
  const place = await committed();
  place.write('a.txt', 'unfinished\n');
  mkdirSync(place.host.home.root, { recursive: true });
  const project = `{copy: [".env", "../*"], ports: [PORT, DB_PORT]}`;
  writeFileSync(
    place.host.home.policy,
    `worktrees: {uncommitted: false, projects: {${JSON.stringify(place.root)}: ${project}}}\n`,
  );
  const [one, two] = [await copyOf(place), await copyOf(place)];
  expect(readFileSync(join(one.cwd, '.env'), 'utf8')).toBe('KEY=1\n');
  expect(readFileSync(join(one.cwd, 'a.txt'), 'utf8')).toContain('one\r\ntwo');
  const ports = [one, two].flatMap(({ worktree }) => Object.values(worktree.ports ?? {}));
  expect(new Set(ports).size).toBe(4);
});

test('no further copy beyond the disk budget', async () => {
  const place = await committed();
  mkdirSync(place.host.home.root, { recursive: true });
  writeFileSync(place.host.home.policy, 'worktrees: {max_bytes: 1000000}\n');
  const { worktree } = await copyOf(place);
  writeFileSync(join(worktree.root, 'large'), Buffer.alloc(2_000_000));
  expect(await refusal(copyOf(place))).toMatchObject({ code: 'LIMIT_REACHED' });
});

test('a result is applied beside edits of the user, and can be undone', async () => {
  const place = await committed();
  const run = await isolated(place, (root) => {
    writeFileSync(join(root, 'a.txt'), 'ONE\ntwo\nthree\nfour\nfive\n');
    writeFileSync(join(root, 'new.txt'), 'new\n');
    rmSync(join(root, 'src'), { recursive: true });
  });
  place.write('a.txt', 'one\ntwo\nthree\nfour\nFIVE\n');
  const before = disk(place.root);
  expect(await refusal(apply(place, run, { ...FORCE, force: undefined }))).toMatchObject({
    code: 'CHECK_FAILED',
  });
  const preview = await apply(place, run, { ...FORCE, apply: false });
  expect(preview).toMatchObject({ applied: false, merged: ['a.txt'], verdict: 'none' });
  expect(differing(disk(place.root), before)).toEqual([]);
  expect(await apply(place, run)).toMatchObject({ applied: true });
  expect(readFileSync(join(place.root, 'a.txt'), 'utf8')).toBe('ONE\ntwo\nthree\nfour\nFIVE\n');
  expect(existsSync(join(place.root, 'new.txt'))).toBe(true);
  expect(existsSync(join(place.root, 'src'))).toBe(false);
  expect(await apply(place, run)).toMatchObject({ applied: false });
  await answerReversal(place.host, place.workspace, 'undo', { apply: true }, ACTOR);
  expect(differing(disk(place.root), before)).toEqual([]);
});

test('conflicts are named by their hunks, and nothing is applied', async () => {
  const place = await committed();
  const run = await isolated(place, (root) => {
    writeFileSync(join(root, 'a.txt'), 'one\nTWO\nthree\nfour\nfive\n');
    writeFileSync(join(root, 'other.txt'), 'x\n');
    rmSync(join(root, 'src/run.sh'));
  });
  place.write('a.txt', 'one\ndeux\nthree\nfour\nfive\n');
  place.write('src/run.sh', 'mine\n', 0o755);
  const before = disk(place.root);
  const conflicts = [
    'a.txt: lines 2-2: deux / TWO',
    'src/run.sh: changed here, deleted by the run',
  ];
  expect(await refusal(apply(place, run))).toMatchObject({ details: { conflicts } });
  expect(await apply(place, run, { ...FORCE, apply: false })).toMatchObject({ conflicts });
  expect(differing(disk(place.root), before)).toEqual([]);
});

test('as a branch: one commit on what the run began at, nothing else moves', async () => {
  const place = await committed();
  place.git('config', 'user.name', 't');
  place.git('config', 'user.email', 't@example.invalid');
  place.write('mine.txt', 'unfinished\n');
  const run = await isolated(place, (root) => {
    writeFileSync(join(root, 'new.txt'), 'new\n');
    rmSync(join(root, 'src/run.sh'));
  });
  const before = [place.git('status', '--porcelain'), place.git('rev-parse', 'HEAD')];
  const done = Object(await apply(place, run, { ...FORCE, as: 'branch' }));
  expect([place.git('status', '--porcelain'), place.git('rev-parse', 'HEAD')]).toEqual(before);
  expect(place.git('diff', '--name-status', 'HEAD', done.branch)).toBe('A\tnew.txt\nD\tsrc/run.sh');
  expect(place.git('log', '-1', '--format=%an', done.branch)).toBe('t');
});

test('as a commit: without the unfinished edits of the user', async () => {
  const place = await committed();
  place.git('config', 'user.name', 't');
  place.git('config', 'user.email', 't@example.invalid');
  const run = await isolated(place, (root) => {
    writeFileSync(join(root, 'a.txt'), 'ONE\ntwo\nthree\nfour\nfive\n');
    writeFileSync(join(root, 'new.txt'), 'new\n');
    rmSync(join(root, 'src/run.sh'));
  });
  place.write('a.txt', 'one\ntwo\nthree\nfour\nFIVE\n');
  place.write('staged.txt', 'staged\n');
  place.git('add', 'staged.txt');
  const done = Object(await apply(place, run, { ...FORCE, as: 'commit' }));
  expect(place.git('rev-parse', 'HEAD')).toBe(done.commit);
  expect(place.git('show', '--format=', '--name-status')).toBe(
    'M\ta.txt\nA\tnew.txt\nD\tsrc/run.sh',
  );
  expect(place.git('show', 'HEAD:a.txt')).toContain('five');
  expect(readFileSync(join(place.root, 'a.txt'), 'utf8')).toBe('ONE\ntwo\nthree\nfour\nFIVE\n');
  expect(place.git('status', '--porcelain')).toBe(' M a.txt\nA  staged.txt');
});

test('a run in a copy is rolled back in the copy', async () => {
  const place = await committed();
  const before = disk(place.root);
  const run = await isolated(place, (root) => writeFileSync(join(root, 'a.txt'), 'x\n'));
  expect(await answerRollback(place.host, run, { apply: true }, ACTOR)).toMatchObject({
    written: 1,
  });
  expect(readFileSync(join(run.record.cwd, 'a.txt'), 'utf8')).toContain('two');
  expect(differing(disk(place.root), before)).toEqual([]);
});

test('only a copy that nobody needs is removed', async () => {
  const place = await committed();
  const result = { ...endedRecord(place.workspace, new Date()).outcome, changed_files: 1 };
  const run = await isolated(place, (root) => writeFileSync(join(root, 'new.txt'), 'x\n'), {
    outcome: result as NonNullable<RunRecord['outcome']>,
  });
  const id = run.record.worktree?.id ?? '';
  const leftovers = async () =>
    (await previewCleaning(place.host, place.workspace, LIMITS)).leftovers.map(({ path }) => path);
  expect(await leftovers()).toEqual([]);
  await apply(place, run, { as: 'discard', apply: true, force: undefined });
  expect(await leftovers()).toEqual([join(place.host.home.worktrees, id)]);
});

test('two writers on overlapping scopes need separate copies', async () => {
  const place = await committed();
  const { host, workspace } = place;
  const writing = (paths: string[], more: Partial<RunRecord> = {}) =>
    endedRecord(workspace, new Date(), { scope: { paths, commands: [] }, ...more });
  const active = await storeActive(host, workspace, writing(['src/**']));
  const refused = await refusal(requireNoOverlap(workspace, writing(['src/a.txt'])));
  expect(refused).toMatchObject({ code: 'NOT_ALLOWED', details: { active: active.run_id } });
  await requireNoOverlap(workspace, writing(['docs/**']));
  await requireNoOverlap(workspace, endedRecord(workspace, new Date()));
  const { worktree } = await copyOf(place);
  await requireNoOverlap(workspace, writing(['src/a.txt'], { worktree }));
});
