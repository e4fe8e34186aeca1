import {
  chmodSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Snapshot, takeSnapshot } from '../../src/git/snapshot.ts';
import { fingerprint, repository, type Sandbox } from './support.ts';

function snap(repo: Sandbox, cwd = repo.root, store = repo.store): Promise<Snapshot> {
  return takeSnapshot(cwd, { privateDir: store, env: repo.env });
}

function show(repo: Sandbox, snapshot: Snapshot, path: string): string {
  const gitDir = join(snapshot.object_dir, '..');
  return repo.git('--git-dir', gitDir, 'show', `${snapshot.tree}:${path}`);
}

function list(repo: Sandbox, snapshot: Snapshot): string[] {
  const gitDir = join(snapshot.object_dir, '..');
  const names = repo.git('--git-dir', gitDir, 'ls-tree', '-r', '-z', '--name-only', snapshot.tree);
  return names.split('\0').filter((name) => name !== '');
}

test('staged, unstaged and untracked are in, ignored and our workspace are not', async () => {
  const repo = repository();
  repo.write('.gitignore', 'ignored/\n');
  repo.write('tracked', '1\n');
  repo.commit();
  repo.write('tracked', '2\n');
  repo.git('add', 'tracked');
  repo.write('tracked', '3\n');
  repo.write('staged', 's\n');
  repo.git('add', 'staged');
  repo.write('untracked', 'u\n');
  repo.write('ignored/x', 'i\n');
  repo.write('.agent-workspace/runs/x', 'w\n');
  const before = fingerprint(join(repo.root, '.git'));
  const snapshot = await snap(repo);
  expect(fingerprint(join(repo.root, '.git'))).toEqual(before);
  expect(list(repo, snapshot)).toEqual(['.gitignore', 'staged', 'tracked', 'untracked']);
  expect(show(repo, snapshot, 'tracked')).toBe('3');
  expect(snapshot).toMatchObject({ root: repo.root, not_captured: [] });
});

test('the tree equals what git itself would commit, and is stable', async () => {
  const repo = repository();
  repo.write('a/b', 'x\n');
  repo.commit();
  repo.write('a/c', 'y\n');
  const first = await snap(repo);
  const second = await snap(repo, join(repo.root, 'a'));
  repo.commit();
  expect(first.tree).toBe(repo.git('rev-parse', 'HEAD^{tree}'));
  expect(second.tree).toBe(first.tree);
});

test('unborn, empty and sha256 repositories', async () => {
  const repo = repository();
  const empty = await snap(repo);
  expect(empty.tree).toBe('4b825dc642cb6eb9a060e54bf8d69288fbee4904');
  repo.write('a', 'a\n');
  expect(list(repo, await snap(repo))).toEqual(['a']);

  const long = repository('--object-format=sha256');
  long.write('a', 'a\n');
  expect((await snap(long)).tree).toHaveLength(64);
});

test('a linked worktree has its own content and shares objects', async () => {
  const repo = repository();
  repo.write('a', 'a\n');
  repo.commit();
  const tree = join(repo.home, 'tree');
  repo.git('worktree', 'add', '-q', tree);
  writeFileSync(join(tree, 'b'), 'b\n');
  const before = fingerprint(join(repo.root, '.git'));
  const snapshot = await snap(repo, tree);
  expect(fingerprint(join(repo.root, '.git'))).toEqual(before);
  expect(snapshot.root).toBe(tree);
  expect(list(repo, snapshot)).toEqual(['a', 'b']);
});

test('alternates of the repository are followed', async () => {
  const repo = repository();
  repo.write('a', 'a\n');
  repo.commit();
  const clone = join(repo.home, 'clone "x:y"');
  repo.git('clone', '-q', '--shared', repo.root, clone);
  const snapshot = await snap(repo, clone);
  expect(show(repo, snapshot, 'a')).toBe('a');
});

test('content is exact: line ends, keywords, encodings and filters convert nothing', async () => {
  const repo = repository();
  repo.git('config', 'core.autocrlf', 'true');
  repo.write('.gitattributes', '* text=auto ident\n*.u16 working-tree-encoding=UTF-16LE-BOM\n');
  const crlf = 'one\r\ntwo\r\n$Id: abc $\r\n';
  repo.write('crlf', crlf);
  repo.write('not.u16', 'odd');
  const snapshot = await snap(repo);
  const gitDir = join(snapshot.object_dir, '..');
  const size = repo.git('--git-dir', gitDir, 'cat-file', '-s', `${snapshot.tree}:crlf`);
  expect(Number(size)).toBe(crlf.length);
  expect(show(repo, snapshot, 'not.u16')).toBe('odd');
});

test('odd names', async () => {
  const repo = repository();
  const names = [
    ' lead',
    '"q"',
    '-rf',
    ':(top)x',
    'a\nb',
    'back\\slash',
    'tab\t',
    '*',
    '中文 文件',
  ];
  for (const name of names) repo.write(name, `${name}\n`);
  expect(list(repo, await snap(repo)).sort()).toEqual([...names].sort());
});

test('a conflict, a deletion, a directory that became a link, a file that became a directory', async () => {
  const repo = repository();
  for (const path of ['dir/x', 'file', 'gone', 'both']) repo.write(path, `${path}\n`);
  repo.commit();
  repo.git('checkout', '-q', '-b', 'side');
  repo.write('both', 'side\n');
  repo.commit();
  repo.git('checkout', '-q', 'main');
  repo.write('both', 'main\n');
  repo.commit();
  expect(() => repo.git('merge', 'side')).toThrow();
  rmSync(join(repo.root, 'gone'));
  renameSync(join(repo.root, 'dir'), join(repo.root, 'real'));
  symlinkSync('real', join(repo.root, 'dir'));
  rmSync(join(repo.root, 'file'));
  repo.write('file/inner', 'i\n');
  const snapshot = await snap(repo);
  expect(list(repo, snapshot)).toEqual(['both', 'dir', 'file/inner', 'real/x']);
  expect(show(repo, snapshot, 'both')).toContain('<<<<<<<');
});

test('a change of the same size in the same second is seen', async () => {
  const repo = repository();
  for (let round = 0; round < 5; round++) {
    repo.write('f', `${round}a\n`);
    repo.git('add', 'f');
    repo.write('f', `${round}b\n`);
    expect(show(repo, await snap(repo), 'f')).toBe(`${round}b`);
    repo.write('f', `${round}c\n`);
    expect(show(repo, await snap(repo), 'f')).toBe(`${round}c`);
  }
});

test('assume-unchanged, skip-worktree, core.ignoreStat and a set-back clock hide nothing', async () => {
  const repo = repository();
  for (const path of ['assumed', 'skipped', 'plain', 'removed']) repo.write(path, 'old\n');
  repo.commit();
  const times = statSync(join(repo.root, 'plain'));
  await snap(repo);
  repo.git('update-index', '--assume-unchanged', 'assumed', 'removed');
  repo.git('update-index', '--skip-worktree', 'skipped');
  repo.git('config', 'core.ignoreStat', 'true');
  repo.git('config', 'core.trustctime', 'false');
  repo.git('config', 'core.checkStat', 'minimal');
  for (const path of ['assumed', 'skipped', 'plain']) repo.write(path, 'new\n');
  utimesSync(join(repo.root, 'plain'), times.atime, times.mtime);
  rmSync(join(repo.root, 'removed'));
  for (const store of [repo.store, join(repo.home, 'fresh')]) {
    const snapshot = await snap(repo, repo.root, store);
    expect(list(repo, snapshot)).toEqual(['assumed', 'plain', 'skipped']);
    expect(show(repo, snapshot, 'assumed')).toBe('new');
    expect(show(repo, snapshot, 'skipped')).toBe('new');
    expect(show(repo, snapshot, 'plain')).toBe('new');
  }
});

test('ignore rules added outside the tree after the first snapshot hide nothing', async () => {
  const repo = repository();
  await snap(repo);
  writeFileSync(join(repo.root, '.git/info/exclude'), 'secret\n');
  repo.git('config', 'core.excludesFile', join(repo.root, '.git/info/exclude'));
  repo.write('secret', 's\n');
  expect(list(repo, await snap(repo))).toEqual(['secret']);
});

test("the user's own global ignore file counts", async () => {
  const repo = repository();
  writeFileSync(join(repo.home, '.gitconfig'), '[core]\n\texcludesFile = ~/ignore\n');
  writeFileSync(join(repo.home, 'ignore'), '*.swp\n');
  repo.write('a.swp', '');
  repo.write('a', '');
  expect(list(repo, await snap(repo))).toEqual(['a']);
});

test('so does the one at its usual place, as it was at the first snapshot', async () => {
  const repo = repository();
  const usual = join(repo.home, '.config/git/ignore');
  mkdirSync(join(repo.home, '.config/git'), { recursive: true });
  writeFileSync(usual, '*.swp\n');
  for (const name of ['a.swp', 'b.swp', 'b']) repo.write(name, '');
  repo.write('.gitignore', '!b.swp\n');
  expect(list(repo, await snap(repo))).toEqual(['.gitignore', 'b', 'b.swp']);
  writeFileSync(usual, '*\n');
  repo.write('c', '');
  expect(list(repo, await snap(repo))).toEqual(['.gitignore', 'b', 'b.swp', 'c']);
});

test('files absent in a sparse checkout stay in the tree', async () => {
  const repo = repository();
  repo.write('in/a', 'a\n');
  repo.write('out/b', 'b\n');
  repo.commit();
  repo.git('sparse-checkout', 'set', '--cone', '--sparse-index', 'in');
  const snapshot = await snap(repo);
  expect(snapshot.tree).toBe(repo.git('rev-parse', 'HEAD^{tree}'));
});

test('very large files are described, not copied; a change of one still shows', async () => {
  const repo = repository();
  repo.write('big', Buffer.alloc(3000, 'x'));
  repo.commit();
  repo.write('big', Buffer.alloc(5000, 'x'));
  repo.write('new-big', Buffer.alloc(6000, 'y'));
  repo.write('small', 's\n');
  const options = { privateDir: repo.store, env: repo.env, maxFileBytes: 4000 };
  const first = await takeSnapshot(repo.root, options);
  expect(first.not_captured).toEqual([
    { path: 'big', reason: 'large' },
    { path: 'new-big', reason: 'large' },
  ]);
  expect(show(repo, first, 'big')).toContain('size 5000');
  expect((await takeSnapshot(repo.root, options)).tree).toBe(first.tree);
  repo.write('big', Buffer.alloc(5000, 'z'));
  expect((await takeSnapshot(repo.root, options)).tree).not.toBe(first.tree);
  repo.write('small', 'other\n');
  await expect(takeSnapshot(repo.root, { ...options, maxTotalBytes: 1 })).rejects.toMatchObject({
    code: 'LIMIT_REACHED',
  });
});

test('repositories inside: a commit is recorded, an empty one is reported', async () => {
  const repo = repository();
  repo.write('a', 'a\n');
  for (const name of ['with', 'without']) {
    mkdirSync(join(repo.root, name));
    repo.gitIn(join(repo.root, name), 'init', '-q');
    repo.write(`${name}/file`, 'f\n');
  }
  repo.gitIn(join(repo.root, 'with'), 'add', '-A');
  repo.gitIn(join(repo.root, 'with'), 'commit', '-q', '-m', 'x');
  const snapshot = await snap(repo);
  expect(list(repo, snapshot)).toEqual(['a', 'with']);
  expect(snapshot.not_captured).toEqual(
    expect.arrayContaining([
      { path: 'with', reason: 'repository' },
      { path: 'without', reason: 'repository' },
    ]),
  );
  const again = await snap(repo);
  expect(again.not_captured).toContainEqual({ path: 'with', reason: 'submodule' });
  rmSync(join(repo.root, 'with/.git'), { recursive: true });
  expect(list(repo, await snap(repo))).toEqual(['a', 'with/file']);
});

test.skipIf(process.getuid?.() === 0)('what cannot be read is reported', async () => {
  const repo = repository();
  for (const path of ['a', 'b', 'shut/tracked']) repo.write(path, 'x\n');
  repo.git('add', 'shut');
  repo.write('shut/new', 'x\n');
  repo.write('dark/new', 'x\n');
  chmodSync(join(repo.root, 'a'), 0);
  for (const path of ['shut', 'dark']) chmodSync(join(repo.root, path), 0);
  const { not_captured } = await snap(repo);
  for (const path of ['shut', 'dark']) chmodSync(join(repo.root, path), 0o700);
  const paths = not_captured.map(({ path }) => path).sort();
  expect(paths).toEqual(['a', 'dark', 'shut', 'shut/tracked']);
});

test('a stale lock of a killed git blocks nothing', async () => {
  const repo = repository();
  repo.write('a', 'a\n');
  await snap(repo);
  writeFileSync(join(repo.store, 'index.lock'), '');
  writeFileSync(join(repo.root, '.git/index.lock'), '');
  repo.write('b', 'b\n');
  expect(list(repo, await snap(repo))).toEqual(['a', 'b']);
});

test('the private directory is private, outside, and of one working tree', async () => {
  const repo = repository();
  await snap(repo);
  expect(statSync(repo.store).mode & 0o777).toBe(0o700);
  const inside = { privateDir: join(repo.root, 'store'), env: repo.env };
  await expect(takeSnapshot(repo.root, inside)).rejects.toMatchObject({ code: 'BAD_INPUT' });
  const other = repository();
  await expect(snap(other, other.root, repo.store)).rejects.toMatchObject({ code: 'BAD_INPUT' });
});
