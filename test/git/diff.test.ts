import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type DiffOptions, diffTrees, diffWorkingTree } from '../../src/git/diff.ts';
import { takeSnapshot } from '../../src/git/snapshot.ts';
import { scratch } from '../support/scratch.ts';
import { fingerprint, repository, type Sandbox } from './support.ts';

const snap = (repo: Sandbox, store = repo.store) =>
  takeSnapshot(repo.root, { privateDir: store, env: repo.env });

const TEN = Array.from({ length: 10 }, (_, line) => `line ${line}\n`).join('');

test('every kind of change', async () => {
  const repo = repository();
  for (const path of ['deleted', 'kind', 'mode', 'modified', 'same']) repo.write(path, `${path}\n`);
  repo.write('old name', TEN);
  repo.write('binary', Buffer.from([0, 1, 2]));
  const base = await snap(repo);
  repo.write('added', '1\n2\n');
  repo.write('modified', 'modified\nmore\n');
  repo.write('binary', Buffer.from([0, 1, 3]));
  repo.write('.agent-workspace/seen', 'x\n');
  repo.git('add', '-f', '.agent-workspace/seen');
  rmSync(join(repo.root, 'deleted'));
  chmodSync(join(repo.root, 'mode'), 0o755);
  rmSync(join(repo.root, 'kind'));
  symlinkSync('modified', join(repo.root, 'kind'));
  renameSync(join(repo.root, 'old name'), join(repo.root, 'new name'));
  // A store of its own: it starts from the user's index, where the artifact is tracked.
  const target = await snap(repo, join(repo.home, 'other'));
  const diff = await diffTrees(base, target, repo);
  const text = { binary: false, artifact: false };
  expect(diff.files).toEqual([
    {
      path: '.agent-workspace/seen',
      status: 'added',
      added: 1,
      deleted: 0,
      ...text,
      artifact: true,
    },
    { path: 'added', status: 'added', added: 2, deleted: 0, ...text },
    { path: 'binary', status: 'modified', added: null, deleted: null, ...text, binary: true },
    { path: 'deleted', status: 'deleted', added: 0, deleted: 1, ...text },
    { path: 'kind', status: 'typechange', added: 1, deleted: 1, ...text },
    { path: 'mode', status: 'mode', added: 0, deleted: 0, ...text },
    { path: 'modified', status: 'modified', added: 1, deleted: 0, ...text },
    { path: 'new name', status: 'renamed', added: 0, deleted: 0, ...text, old_path: 'old name' },
  ]);
  expect(diff).toMatchObject({ truncated: false, omitted: [], not_captured: [] });
  expect(diff.patch).toContain('rename from old name');
  expect(diff.patch).toContain('Binary files a/binary and b/binary differ');
  expect(diff.patch.match(/^diff --git /gm)).toHaveLength(9);
});

test('nothing changed', async () => {
  const repo = repository();
  repo.write('a', 'a\n');
  repo.commit();
  expect(await diffWorkingTree(repo.root, repo)).toMatchObject({
    files: [],
    patch: '',
    truncated: false,
  });
});

test('against HEAD: untracked in, ignored out, repository untouched', async () => {
  const repo = repository();
  repo.write('.gitignore', '*.log\n');
  repo.write('a', 'a\n');
  const head = repo.commit();
  repo.write('a', 'b\n');
  repo.write('staged', 's\n');
  repo.git('add', 'staged');
  repo.write('untracked', 'u\n');
  repo.write('x.log', 'l\n');
  const before = fingerprint(join(repo.root, '.git'));
  const diff = await diffWorkingTree(repo.root, repo);
  expect(fingerprint(join(repo.root, '.git'))).toEqual(before);
  expect(diff).toMatchObject({ root: repo.root, head });
  expect(diff.files.map(({ path }) => path)).toEqual(['a', 'staged', 'untracked']);
});

test('an unborn repository is compared with nothing', async () => {
  for (const repo of [repository(), repository('--object-format=sha256')]) {
    repo.write('a', 'a\n');
    const diff = await diffWorkingTree(repo.root, repo);
    expect(diff.head).toBeNull();
    expect(diff.files).toMatchObject([{ path: 'a', status: 'added', added: 1 }]);
  }
});

test('a sub-directory is looked at alone, unless the whole is wanted', async () => {
  const repo = repository();
  repo.write('pkg [1]/a', 'a\n');
  repo.write('pkg 1/a', 'a\n');
  repo.commit();
  repo.write('pkg [1]/a', 'b\n');
  repo.write('pkg [1]/n', 'n\n');
  repo.write('pkg 1/a', 'b\n');
  repo.write('top', 't\n');
  const cwd = join(repo.root, 'pkg [1]');
  const paths = async (whole: boolean) =>
    (await diffWorkingTree(cwd, { env: repo.env, whole })).files.map(({ path }) => path);
  expect(await paths(false)).toEqual(['pkg [1]/a', 'pkg [1]/n']);
  expect(await paths(true)).toEqual(['pkg 1/a', 'pkg [1]/a', 'pkg [1]/n', 'top']);
  mkdirSync(join(repo.root, 'empty'));
  expect((await diffWorkingTree(join(repo.root, 'empty'), repo)).files).toEqual([]);
});

test('a linked worktree', async () => {
  const repo = repository();
  repo.write('a', 'a\n');
  repo.commit();
  const tree = join(repo.home, 'tree');
  repo.git('worktree', 'add', '-q', tree);
  rmSync(join(tree, 'a'));
  const diff = await diffWorkingTree(tree, repo);
  expect(diff.files).toMatchObject([{ path: 'a', status: 'deleted' }]);
});

test('odd names arrive as they are', async () => {
  const repo = repository();
  const names = ['"q"', ':100644 x', '1\t1\tx', 'a\nb', 'tab\t', ' lead', 'мир', '中文 文件'];
  for (const name of names) repo.write(name, `${name}\n`);
  const diff = await diffWorkingTree(repo.root, repo);
  expect(diff.files.map(({ path }) => path).sort()).toEqual([...names].sort());
  expect(diff.files.every(({ added }) => added !== null && added > 0)).toBe(true);
  expect(diff.patch).toContain('+++ b/中文 文件');
  repo.commit();
  renameSync(join(repo.root, 'a\nb'), join(repo.root, 'c\n\td'));
  const renamed = await diffWorkingTree(repo.root, repo);
  expect(renamed.files).toMatchObject([{ path: 'c\n\td', old_path: 'a\nb', status: 'renamed' }]);
});

test('line ends are content, and attributes hide nothing', async () => {
  const repo = repository();
  repo.git('config', 'core.autocrlf', 'true');
  repo.write('.gitattributes', '[attr]hide -diff -text\n*.ts hide\n*.js binary\n*.txt text\n');
  for (const name of ['a.txt', 'a.ts', 'a.js']) repo.write(name, 'one\ntwo\n');
  const base = await snap(repo);
  repo.write('a.txt', 'one\r\ntwo\r\n');
  repo.write('a.ts', 'one\nevil\n');
  repo.write('a.js', 'one\nevil\n');
  const diff = await diffTrees(base, await snap(repo), repo);
  expect(diff.files).toMatchObject([
    { path: 'a.js', added: 1, deleted: 1, binary: false },
    { path: 'a.ts', added: 1, deleted: 1, binary: false },
    { path: 'a.txt', added: 2, deleted: 2, binary: false },
  ]);
  expect(diff.patch).toContain('+one\r\n');
});

test('a patch too long is cut between files and hunks, small files first', async () => {
  const repo = repository();
  const lines = (mark: string) =>
    Array.from({ length: 4000 }, (_, n) => `${n % 100 === 0 ? mark : 'same'} ${n} äöü\n`).join('');
  repo.write('a-large', lines('old'));
  repo.commit();
  repo.write('a-large', lines('new'));
  repo.write('b-huge', 'x\n'.repeat(50_000));
  repo.write('c-small', 'small\n');
  const options: DiffOptions = { env: repo.env, maxPatchBytes: 4000 };
  const diff = await diffWorkingTree(repo.root, options);
  expect(diff.files).toHaveLength(3);
  expect(diff.truncated).toBe(true);
  expect(diff.omitted).toEqual([
    { path: 'a-large', bytes: expect.any(Number), shown_bytes: expect.any(Number) },
    { path: 'b-huge', bytes: expect.any(Number), shown_bytes: 0 },
  ]);
  expect(Buffer.byteLength(diff.patch)).toBeLessThanOrEqual(4000);
  expect(diff.patch).toContain('+small');
  expect(diff.patch).not.toContain('\ufffd');
  const hunks = diff.patch.match(/^@@ .*(?:\n[ +-].*)+/gm) ?? [];
  expect(hunks.length).toBeGreaterThan(3);
  const list = await diffWorkingTree(repo.root, { ...options, maxPatchBytes: 0 });
  expect(list).toMatchObject({ patch: '', truncated: true, files: diff.files });
});

test('a patch beyond what is read at all names the rest', async () => {
  const repo = repository();
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f'])
    repo.write(name, `${name}\n`.repeat(3_000_000));
  repo.write('z', 'z\n');
  const diff = await diffWorkingTree(repo.root, repo);
  expect(diff.files.map(({ path }) => path)).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'z']);
  expect(diff.truncated).toBe(true);
  expect(diff.omitted.at(-1)).toEqual({ path: 'z', shown_bytes: 0 });
  expect(Buffer.byteLength(diff.patch)).toBeLessThanOrEqual(200_000);
});

test('a large text file is listed without its text', async () => {
  const repo = repository();
  repo.write('big', 'x\n'.repeat(5_000_000));
  const diff = await diffWorkingTree(repo.root, repo);
  expect(diff.files).toMatchObject([{ path: 'big', binary: true }]);
  expect(diff.patch.length).toBeLessThan(1000);
});

test("the user's diff settings do not reach us", async () => {
  const repo = repository();
  repo.gitIn(repo.home, 'config', '--global', 'diff.noprefix', 'true');
  repo.gitIn(repo.home, 'config', '--global', 'diff.renames', 'false');
  repo.gitIn(repo.home, 'config', '--global', 'color.ui', 'always');
  repo.write('a', TEN);
  repo.commit();
  renameSync(join(repo.root, 'a'), join(repo.root, 'b'));
  repo.write('b', `${TEN}more\n`);
  const diff = await diffWorkingTree(repo.root, repo);
  expect(diff.files).toMatchObject([{ status: 'renamed' }]);
  expect(diff.patch).toContain('\n--- a/a\n+++ b/b\n');
});

test('errors: no repository, a snapshot that is gone', async () => {
  const repo = repository();
  await expect(diffWorkingTree(scratch(), repo)).rejects.toMatchObject({
    code: 'NOT_A_GIT_REPOSITORY',
  });
  const base = await snap(repo);
  const forged = { ...base, tree: `--output=${join(repo.home, 'x')}` };
  await expect(diffTrees(forged, base, repo)).rejects.toMatchObject({ code: 'STORAGE_CORRUPT' });
  rmSync(repo.store, { recursive: true });
  await expect(diffTrees(base, base, repo)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});
