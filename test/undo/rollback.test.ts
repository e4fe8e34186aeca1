import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { toErrorFacts } from '../../src/core/errors.ts';
import type { FoundRun } from '../../src/runs/find.ts';
import { findRun } from '../../src/runs/find.ts';
import { writeRecord } from '../../src/runs/record.ts';
import { answerReversal, answerRollback } from '../../src/undo/answer.ts';
import { privateRunPaths } from '../../src/workspace/home.ts';
import { differing, disk } from '../support/disk.ts';
import { endedRecord, storeActive } from '../support/history.ts';
import { scratch } from '../support/scratch.ts';
import { type Yard, yard } from './worked.ts';

const ACTOR = { by: 'cli' as const };
type Asked = Parameters<typeof answerRollback>[2];

const rollback = ({ host }: Yard, run: FoundRun, asked: Asked = { apply: true }) =>
  answerRollback(host, run, asked, ACTOR);
const undo = ({ host, workspace }: Yard) =>
  answerReversal(host, workspace, 'undo', { apply: true }, ACTOR);

async function refusal(work: Promise<unknown>) {
  return work.then(
    () => ({ code: 'none', details: {}, message: '', hint: '' }),
    (error: unknown) => toErrorFacts(error),
  );
}

async function committed(): Promise<Yard> {
  const place = await yard();
  place.write('a.txt', 'a\n');
  place.write('src/b.txt', 'b\n');
  place.write('.gitignore', '*.log\nnode_modules/\n');
  place.git('add', '-A');
  place.git('commit', '-qm', 'one');
  return place;
}

const read = ({ root }: Yard, path: string) => readFileSync(join(root, path), 'utf8');

test('a preview changes nothing and says what it would do', async () => {
  const place = await committed();
  const run = await place.run(() => {
    place.write('a.txt', 'A\n');
    place.write('new/deep/c.txt', 'c\n');
    rmSync(join(place.root, 'src/b.txt'));
  });
  const worked = disk(place.root);
  const preview = await rollback(place, run, {});
  expect(preview).toMatchObject({ applied: false, written: 2, removed: 1 });
  expect(preview.paths).toEqual(['~ a.txt', '- new/deep/c.txt', '+ src/b.txt']);
  expect(differing(disk(place.root), worked)).toEqual([]);
  expect(existsSync(join(place.workspace.base, 'ledger/ledger.ndjson'))).toBe(false);
});

test('newer edits are never lost: refused with the list, the rest goes with paths', async () => {
  const place = await committed();
  const run = await place.run(() => {
    place.write('a.txt', 'A\n');
    place.write('src/b.txt', 'B\n');
  });
  place.write('a.txt', 'mine\n');
  const before = disk(place.root);
  expect(await rollback(place, run, {})).toMatchObject({ conflicts: ['a.txt'] });
  const refused = await refusal(rollback(place, run));
  expect(refused).toMatchObject({ code: 'CHECK_FAILED', details: { conflicts: ['a.txt'] } });
  expect(differing(disk(place.root), before)).toEqual([]);
  expect(await rollback(place, run, { apply: true, paths: ['./src/'] })).toMatchObject({
    written: 1,
  });
  expect(read(place, 'src/b.txt')).toBe('b\n');
  expect(read(place, 'a.txt')).toBe('mine\n');
  await undo(place);
  expect(differing(disk(place.root), before)).toEqual([]);
});

test('what somebody else changed meanwhile is left alone, unless it is named', async () => {
  const place = await committed();
  const run = await place.run(() => place.write('a.txt', 'who was that\n'), {}, 'nobody');
  expect(await rollback(place, run)).toMatchObject({ applied: false, unattributed: ['a.txt'] });
  expect(read(place, 'a.txt')).toBe('who was that\n');
  expect(await rollback(place, run, { apply: true, paths: ['a.txt'] })).toMatchObject({
    written: 1,
  });
  expect(read(place, 'a.txt')).toBe('a\n');
});

describe('git', () => {
  test('commits stay, and the answer says how to take them back', async () => {
    const place = await committed();
    place.write('a.txt', 'unfinished\n');
    const before = place.git('rev-parse', 'HEAD');
    const run = await place.run(() => {
      place.write('src/b.txt', 'B\n');
      place.git('commit', '-qam', 'by the worker');
    });
    const head = place.git('rev-parse', 'HEAD');
    const done = await rollback(place, run);
    expect(Object(done).commits).toContain(`git reset ${before.slice(0, 12)}`);
    expect(place.git('rev-parse', 'HEAD')).toBe(head);
    expect(read(place, 'src/b.txt')).toBe('b\n');
    expect(read(place, 'a.txt')).toBe('unfinished\n');
  });

  test('with refs HEAD, branches and what was staged come back, too', async () => {
    const place = await committed();
    place.write('a.txt', 'staged\n');
    place.git('add', 'a.txt');
    const facts = () => [
      place.git('rev-parse', 'HEAD'),
      place.git('status', '--porcelain'),
      place.git('branch', '--all'),
    ];
    const before = facts();
    const run = await place.run(() => {
      place.git('checkout', '-qb', 'feature');
      place.write('src/b.txt', 'B\n');
      place.git('commit', '-qam', 'by the worker');
    });
    await rollback(place, run, { apply: true, refs: true });
    expect(facts()).toEqual(before);
    await undo(place);
    expect(place.git('log', '-1', '--format=%s')).toBe('by the worker');
    expect(place.git('status', '--porcelain')).toBe('');
  });

  test('refs that moved since are not thrown away', async () => {
    const place = await committed();
    const run = await place.run(() => {
      place.write('src/b.txt', 'B\n');
      place.git('commit', '-qam', 'by the worker');
    });
    place.git('commit', '-q', '--allow-empty', '-m', 'mine');
    const refused = await refusal(rollback(place, run, { apply: true, refs: true }));
    expect(refused).toMatchObject({ details: { conflicts: ['.git/refs/heads/main'] } });
    expect(place.git('log', '-1', '--format=%s')).toBe('mine');
  });

  test('what git would run is put back; the staging area as well', async () => {
    const place = await committed();
    const config = read(place, '.git/config');
    const run = await place.run(() => {
      place.git('config', 'core.fsmonitor', '/bin/evil');
      place.write('.git/hooks/pre-commit', '#!/bin/sh\n', 0o755);
      place.write('a.txt', 'A\n');
      place.git('add', '-A');
    });
    await rollback(place, run);
    expect(read(place, '.git/config')).toBe(config);
    expect(existsSync(join(place.root, '.git/hooks/pre-commit'))).toBe(false);
    expect(place.git('status', '--porcelain')).toBe('');
  });

  test('a repository that the run made goes as a whole', async () => {
    const place = await committed();
    const before = disk(place.root);
    const run = await place.run(() => {
      place.git('clone', '-q', '.', 'vendor/clone');
    });
    const done = await rollback(place, run);
    expect(done.paths).toContain('- vendor/clone/.git/');
    expect(differing(disk(place.root), before)).toEqual([]);
    const back = await refusal(undo(place));
    expect(back).toMatchObject({ details: { not_restorable: ['vendor/clone/.git'] } });
  });
});

test('what was not kept is named and refused; without it the rest is put back', async () => {
  const place = await committed();
  place.write('node_modules/x/index.js', '1\n');
  const run = await place.run(() => {
    place.write('node_modules/x/index.js', '2\n');
    place.write('node_modules/y/index.js', '3\n');
    place.write('a.txt', 'A\n');
  });
  expect(await refusal(rollback(place, run))).toMatchObject({
    code: 'CHECK_FAILED',
    details: { not_restorable: ['node_modules/x/index.js'] },
  });
  await rollback(place, run, { apply: true, paths: ['a.txt', 'node_modules/y'] });
  expect(read(place, 'a.txt')).toBe('a\n');
  expect(existsSync(join(place.root, 'node_modules/y'))).toBe(false);
  expect(read(place, 'node_modules/x/index.js')).toBe('2\n');
});

test('of two runs on one file the older one waits for the newer', async () => {
  const place = await committed();
  const before = disk(place.root);
  const first = await place.run(() => place.write('a.txt', '1\n'));
  const second = await place.run(() => place.write('a.txt', '2\n'));
  const refused = await refusal(rollback(place, first));
  expect(refused.details).toEqual({ conflicts: ['a.txt'] });
  expect(refused.hint).toContain(second.record.run_id);
  await rollback(place, second);
  await rollback(place, first);
  expect(differing(disk(place.root), before)).toEqual([]);
});

test('nothing is written through a link out of the project', async () => {
  const place = await committed();
  const run = await place.run(() => place.write('src/b.txt', 'B\n'));
  const elsewhere = scratch();
  writeFileSync(join(elsewhere, 'b.txt'), 'B\n', { mode: 0o644 });
  renameSync(join(place.root, 'src'), join(place.root, 'moved'));
  symlinkSync(elsewhere, join(place.root, 'src'));
  const refused = await refusal(rollback(place, run));
  expect(refused).toMatchObject({ code: 'CHECK_FAILED', details: { conflicts: ['src'] } });
  expect(readFileSync(join(elsewhere, 'b.txt'), 'utf8')).toBe('B\n');
});

test('nothing is removed through a link out of the project', async () => {
  const place = await committed();
  const run = await place.run(() => place.write('src/new.txt', 'new\n', 0o644));
  const elsewhere = scratch();
  writeFileSync(join(elsewhere, 'new.txt'), 'new\n', { mode: 0o644 });
  renameSync(join(place.root, 'src'), join(place.root, 'moved'));
  symlinkSync(elsewhere, join(place.root, 'src'));
  expect(await refusal(rollback(place, run))).toMatchObject({ details: { conflicts: ['src'] } });
  expect(existsSync(join(elsewhere, 'new.txt'))).toBe(true);
});

test('a newer file where a directory was, and the other way round', async () => {
  const place = await committed();
  const run = await place.run(() => {
    rmSync(join(place.root, 'src'), { recursive: true });
    rmSync(join(place.root, 'a.txt'));
  });
  place.write('src', 'mine\n');
  place.write('a.txt/mine', 'mine\n');
  expect(await refusal(rollback(place, run))).toMatchObject({
    details: { conflicts: ['a.txt/mine', 'src'] },
  });
  expect(read(place, 'src')).toBe('mine\n');
});

test('not while a worker is at work there', async () => {
  const place = await committed();
  const { host, workspace } = place;
  const run = await place.run(() => place.write('src/b.txt', 'B\n'));
  const scope = { paths: ['src/**'], commands: [] };
  const posture = { sandbox: 'none' as const, shell: 'none' as const, blind: [] };
  const active = await storeActive(
    host,
    workspace,
    endedRecord(workspace, new Date(), { scope, posture }),
  );
  expect(await refusal(rollback(place, run))).toMatchObject({
    code: 'STILL_RUNNING',
    details: { active: active.run_id },
  });
  const elsewhere = { ...active, scope: { paths: ['docs/**'], commands: [] } };
  const { paths } = await findRun(host, active.run_id, workspace);
  await writeRecord(paths, elsewhere);
  expect(await rollback(place, run)).toMatchObject({ applied: true });
});

describe('records that somebody changed', () => {
  test('a snapshot of another place', async () => {
    const place = await committed();
    const run = await place.run(() => place.write('a.txt', 'A\n'));
    const changes = JSON.parse(readFileSync(run.paths.changedFiles, 'utf8'));
    changes.base.root = '/etc';
    changes.after.root = '/etc';
    writeFileSync(run.paths.changedFiles, JSON.stringify(changes));
    expect(await refusal(rollback(place, run))).toMatchObject({ code: 'STORAGE_CORRUPT' });
  });

  test('a plan that is not the one in the ledger', async () => {
    const place = await committed();
    const run = await place.run(() => place.write('a.txt', 'A\n'));
    const op_id = String(Object(await rollback(place, run)).op_id);
    const file = join(place.workspace.base, 'rollback', op_id, 'plan.json');
    const plan = JSON.parse(readFileSync(file, 'utf8'));
    plan.steps[0].path = 'src/b.txt';
    writeFileSync(file, JSON.stringify(plan));
    expect(await refusal(undo(place))).toMatchObject({ code: 'STORAGE_CORRUPT' });
    expect(read(place, 'src/b.txt')).toBe('b\n');
  });
});

test('an undo needs nothing of the run any more, and refuses newer edits', async () => {
  const place = await committed();
  const run = await place.run(() => place.write('a.txt', 'A\n'));
  const worked = disk(place.root);
  await rollback(place, run);
  rmSync(privateRunPaths(place.host.home, run.record.run_id).dir, { recursive: true });
  rmSync(run.paths.dir, { recursive: true });
  place.write('a.txt', 'mine\n');
  expect(await refusal(undo(place))).toMatchObject({ details: { conflicts: ['a.txt'] } });
  place.write('a.txt', 'a\n');
  await undo(place);
  expect(differing(disk(place.root), worked)).toEqual([]);
  expect(await refusal(undo(place))).toMatchObject({ code: 'NOT_FOUND' });
});

test('a ledger that cannot be written: nothing is done, nothing is left', async () => {
  const place = await committed();
  const run = await place.run(() => place.write('a.txt', 'A\n'));
  rmSync(join(place.workspace.base, 'ledger'), { recursive: true, force: true });
  writeFileSync(join(place.workspace.base, 'ledger'), 'in the way');
  expect((await refusal(rollback(place, run))).code).not.toBe('none');
  expect(read(place, 'a.txt')).toBe('A\n');
  rmSync(join(place.workspace.base, 'ledger'));
  mkdirSync(join(place.workspace.base, 'ledger'));
  expect(
    readdirSync(join(place.workspace.base, 'rollback')).filter((name) => name !== 'lease'),
  ).toEqual([]);
  await rollback(place, run);
  expect(read(place, 'a.txt')).toBe('a\n');
});
