import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { newCommits } from '../../../src/git/whole/commits.ts';
import { comparePaths } from '../../../src/git/whole/compare-paths.ts';
import { scratch } from '../../support/scratch.ts';
import { fingerprint, repository, type Sandbox } from '../support.ts';
import { openSnapshot, readAt } from './read-back.ts';
import { changesOf, lines, whole } from './support.ts';

/** A repository with a committed source file and ignored ones. */
function project(): Sandbox {
  const repo = repository();
  repo.write('.gitignore', '*.log\n.env\nbuild/\nnode_modules/\n');
  repo.write('src/a.txt', 'one\ntwo\n');
  repo.write('src/b.txt', 'b\n');
  repo.commit();
  repo.write('.env', 'KEY=1\n');
  repo.write('build/out.bin', Buffer.from([0, 1, 2]));
  repo.write('node_modules/dep/index.js', 'module.exports = 1;\n');
  return repo;
}

/** A directory without git. */
function plain(): Pick<Sandbox, 'root' | 'store' | 'env' | 'write'> {
  const top = scratch();
  const root = join(top, 'dir');
  mkdirSync(root);
  const env = { PATH: process.env.PATH ?? '', HOME: join(top, 'home') };
  const write = (path: string, content: string | Buffer) => {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), content);
  };
  return { root, store: join(top, 'store'), env, write };
}

test('nothing changed: nothing is reported, and the repository is untouched', async () => {
  const repo = project();
  const before = fingerprint(repo.root);
  const diff = await changesOf(repo, () => undefined);
  expect(diff).toMatchObject({ files: [], patch: '', not_captured: [] });
  expect(fingerprint(repo.root)).toEqual(before);
  expect(statSync(repo.store).mode & 0o777).toBe(0o700);
  for (const name of readdirSync(repo.store).filter((one) => one.startsWith('rest-'))) {
    expect(statSync(join(repo.store, name)).mode & 0o077).toBe(0);
  }
});

test('every kind of edit of source: staged, unstaged, untracked, renamed, deleted, mode, link', async () => {
  const repo = project();
  for (const name of ['staged', 'unstaged', 'gone', 'old', 'script', 'link', 'crlf'])
    repo.write(name, `${name} is here, with some text\n`);
  repo.write('binary', Buffer.from([0, 1, 2, 3]));
  repo.commit();
  const diff = await changesOf(repo, () => {
    repo.write('staged', 'staged differently\n');
    repo.git('add', 'staged');
    repo.write('unstaged', 'unstaged differently\n');
    repo.write('dir/new', 'new\n');
    repo.git('rm', '-q', 'gone');
    renameSync(join(repo.root, 'old'), join(repo.root, 'renamed'));
    chmodSync(join(repo.root, 'script'), 0o755);
    rmSync(join(repo.root, 'link'));
    symlinkSync('src/a.txt', join(repo.root, 'link'));
    repo.write('crlf', 'crlf is here, with some text\r\n');
    repo.write('binary', Buffer.from([0, 1, 9, 3]));
  });
  expect(lines(diff)).toEqual([
    'source modified binary',
    'source modified crlf',
    'source added dir/new',
    'source deleted gone',
    'source typechange link',
    'source renamed renamed',
    'source mode script',
    'source modified staged',
    'source modified unstaged',
  ]);
  expect(diff.files.find(({ path }) => path === 'renamed')?.old_path).toBe('old');
  expect(diff.files.find(({ path }) => path === 'binary')).toMatchObject({ binary: true });
  expect(diff.files.find(({ path }) => path === 'dir/new')).toMatchObject({ added: 1, deleted: 0 });
  expect(diff.patch).toContain('+staged differently');
});

test('commits of the worker hide nothing, and are told by id and subject', async () => {
  const repo = project();
  const diff = await changesOf(repo, () => {
    repo.write('src/a.txt', 'changed\n');
    repo.commit('first of mine');
    repo.write('src/c.txt', 'c\n');
    repo.commit('second of mine');
  });
  expect(lines(diff)).toEqual([
    'git modified .git/refs/heads/main',
    'source modified src/a.txt',
    'source added src/c.txt',
  ]);
  const commits = await newCommits(repo.root, diff.base.head, diff.after.head, { env: repo.env });
  expect(commits?.commits.map(({ subject }) => subject)).toEqual([
    'second of mine',
    'first of mine',
  ]);
  expect(commits?.commits[0]?.id).toBe(repo.git('rev-parse', 'HEAD'));
});

test('a branch that is changed and changed back leaves the moved branch to be seen', async () => {
  const repo = project();
  const diff = await changesOf(repo, () => {
    repo.git('checkout', '-q', '-b', 'side');
    repo.write('src/a.txt', 'on the side\n');
    repo.git('commit', '-qam', 'side');
    repo.git('checkout', '-q', 'main');
  });
  expect(lines(diff)).toEqual(['git added .git/refs/heads/side']);
});

test('ignored files: changed, added, removed, with their content', async () => {
  const repo = project();
  const diff = await changesOf(repo, () => {
    repo.write('.env', 'KEY=2\n');
    repo.write('new.log', 'log\n');
    rmSync(join(repo.root, 'build/out.bin'));
    repo.write('node_modules/dep/index.js', 'module.exports = 2;\n');
  });
  expect(lines(diff)).toEqual([
    'ignored modified .env',
    'ignored deleted build/out.bin',
    'ignored added new.log',
    'ignored modified node_modules/dep/index.js',
  ]);
  expect(diff.patch).toContain('+log');
  // Of a file that is ignored because it holds secrets only the change is told.
  expect(diff.patch).not.toContain('KEY');
  expect(diff.files[0]).toMatchObject({ path: '.env', added: 1, deleted: 1 });
  const dependency = diff.files.find(({ path }) => path.startsWith('node_modules'));
  expect(dependency).toMatchObject({ unread: true, added: null });
});

test('a file whose content is not kept is found although its times were set back', async () => {
  const repo = project();
  const path = join(repo.root, 'node_modules/dep/index.js');
  const diff = await changesOf(repo, () => {
    const { atime, mtime } = statSync(path);
    writeFileSync(path, 'module.exports = 7;\n');
    utimesSync(path, atime, mtime);
  });
  expect(lines(diff)).toEqual(['ignored modified node_modules/dep/index.js']);
});

test('a file that was only listed and that git shows now is known to be the same, or not', async () => {
  const repo = project();
  repo.write('node_modules/dep/other.js', 'other\n');
  const diff = await changesOf(repo, () => {
    repo.write('.gitignore', '*.log\n.env\nbuild/\n');
    repo.write('node_modules/dep/other.js', 'changed\n');
  });
  expect(lines(diff)).toEqual([
    'source modified .gitignore',
    'source modified node_modules/dep/other.js',
  ]);
});

describe("git's own files", () => {
  test.each([
    ['a hook', '.git/hooks/post-commit', 'git added .git/hooks/post-commit'],
    ['the configuration', '.git/config', 'git modified .git/config'],
    ['the excludes', '.git/info/exclude', 'git modified .git/info/exclude'],
    ['attributes', '.git/info/attributes', 'git added .git/info/attributes'],
    ['alternates', '.git/objects/info/alternates', 'git added .git/objects/info/alternates'],
    ['a branch named like a book', '.git/refs/heads/index', 'git added .git/refs/heads/index'],
    ['a hook named like a book', '.git/hooks/index', 'git added .git/hooks/index'],
    ['anything', '.git/anything/else', 'git added .git/anything/else'],
  ])('%s', async (_name, path, expected) => {
    const repo = project();
    const diff = await changesOf(repo, () => repo.write(path, '[core]\n'));
    expect(lines(diff)).toEqual([expected]);
    expect(diff.patch).toContain(`+++ b/${path}`);
  });

  test('what ordinary commands rewrite is not reported', async () => {
    const repo = project();
    const diff = await changesOf(repo, () => {
      repo.write('src/a.txt', 'x\n');
      repo.git('add', '-A');
      repo.git('reset', '-q');
      repo.git('status');
      repo.write('src/a.txt', 'one\ntwo\n');
    });
    expect(lines(diff)).toEqual([]);
  });

  test('of a linked worktree and of a submodule, wherever they are', async () => {
    const repo = project();
    const tree = join(repo.home, 'tree');
    repo.git('worktree', 'add', '-q', tree);
    const inTree = await changesOf(
      repo,
      () => {
        writeFileSync(join(tree, 'src/a.txt'), 'in the tree\n');
        repo.write('.git/hooks/pre-commit', '#!/bin/sh\n');
      },
      { cwd: tree },
    );
    expect(lines(inTree)).toEqual([
      'git added ../../repo/.git/hooks/pre-commit',
      'source modified src/a.txt',
    ]);
    expect(existsSync(join(tree, '../../repo/.git/hooks/pre-commit'))).toBe(true);
  });
});

test('a submodule: its commit and what is dirty in it', async () => {
  const repo = project();
  const other = repository();
  other.write('lib.txt', 'lib\n');
  other.write('.gitignore', 'tmp\n');
  other.commit();
  repo.git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', other.root, 'sub');
  repo.commit();
  const sub = join(repo.root, 'sub');
  const dirty = await changesOf(repo, () => {
    writeFileSync(join(sub, 'lib.txt'), 'changed\n');
    writeFileSync(join(sub, 'tmp'), 'hidden there\n');
  });
  expect(lines(dirty)).toEqual(['source modified sub/lib.txt', 'source added sub/tmp']);
  const moved = await changesOf(repo, () => {
    repo.gitIn(sub, 'commit', '-qam', 'in the submodule');
  });
  expect(lines(moved)).toContain('source modified sub');
  expect(lines(moved).filter((line) => line.startsWith('git '))).toEqual([
    expect.stringMatching(/^git modified \.git\/modules\/sub\/refs\/heads\//),
  ]);
  const inside = await changesOf(
    { ...repo, store: join(repo.home, 'other') },
    () => {
      writeFileSync(join(sub, 'lib.txt'), 'from inside\n');
      repo.gitIn(sub, 'config', 'core.editor', 'evil');
    },
    { cwd: sub },
  );
  expect(lines(inside)).toEqual([
    'git modified ../.git/modules/sub/config',
    'source modified lib.txt',
  ]);
});

test('a sub-directory of a repository: everything beside it counts as well', async () => {
  const repo = project();
  const diff = await changesOf(repo, () => repo.write('elsewhere', 'x\n'), {
    cwd: join(repo.root, 'src'),
  });
  expect(lines(diff)).toEqual(['source added elsewhere']);
});

test('a directory without git, and one that becomes a repository', async () => {
  const dir = plain();
  dir.write('a.txt', 'a\n');
  dir.write('sub/b', Buffer.from([0, 1]));
  dir.write('node_modules/x/i.js', '1\n');
  const diff = await changesOf(dir, () => {
    dir.write('a.txt', 'changed\n');
    dir.write('c', 'c\n');
    rmSync(join(dir.root, 'sub/b'));
    dir.write('node_modules/x/i.js', '2\n');
    dir.write('.git/hooks/x', 'x\n');
    dir.write('.gitignore', '*\n');
    dir.write('hidden', 'h\n');
  });
  expect(diff.base.kind).toBe('plain');
  expect(lines(diff)).toEqual(
    [
      'git added .git/hooks/x',
      'source added .gitignore',
      'source modified a.txt',
      'source added c',
      'source added hidden',
      'ignored modified node_modules/x/i.js',
      'source deleted sub/b',
    ].sort((a, b) => ((a.split(' ')[2] ?? '') < (b.split(' ')[2] ?? '') ? -1 : 1)),
  );
  expect(diff.patch).toContain('+changed');
});

test('a directory with too much in it is watched up to a bound, and that is said', async () => {
  const dir = plain();
  for (let index = 0; index < 40; index += 1) dir.write(`d${index % 4}/f${index}`, `${index}\n`);
  const diff = await changesOf(dir, () => undefined, { maxEntries: 10 });
  expect(diff.base.kind).toBe('listed');
  expect(diff.not_captured.map(({ reason }) => reason)).toContain('too_many');
});

test('our own files inside the project are left out, also where a link leads to them', async () => {
  const dir = plain();
  dir.write('a.txt', 'a\n');
  dir.write('.ours/private/x', 'x\n');
  const link = join(dir.root, '../link');
  symlinkSync(dir.root, link);
  const inside = { ...dir, store: join(dir.root, '.ours/private/store') };
  const diff = await changesOf(inside, () => dir.write('.ours/private/x', 'changed\n'), {
    exclude: [join(link, '.ours')],
  });
  expect(diff).toMatchObject({ files: [], not_captured: [] });
});

test('a large directory without git is listed, and its content kept up to a limit', async () => {
  const dir = plain();
  for (let index = 0; index < 20_100; index += 1) {
    if (index % 201 === 0) mkdirSync(join(dir.root, `d${index / 201}`));
    writeFileSync(join(dir.root, `d${Math.floor(index / 201)}`, `f${index}`), `${index}\n`);
  }
  const diff = await changesOf(dir, () => {
    for (const place of readdirSync(dir.root)) {
      const [name = ''] = readdirSync(join(dir.root, place));
      writeFileSync(join(dir.root, place, name), 'changed\n');
    }
  });
  expect(diff.base.kind).toBe('listed');
  expect(diff.files).toHaveLength(100);
  const unread = diff.files.filter((file) => file.unread === true);
  expect(unread.length).toBeGreaterThan(50);
  expect(unread.length).toBeLessThan(100);
  expect(diff.not_captured).toEqual([]);
});

test('a repository that is removed by the worker', async () => {
  const repo = project();
  const diff = await changesOf(repo, () => {
    rmSync(join(repo.root, '.git'), { recursive: true });
    repo.write('src/a.txt', 'changed\n');
  });
  expect(lines(diff)).toEqual(
    expect.arrayContaining(['git deleted .git/config', 'source modified src/a.txt']),
  );
});

test('our own workspace is left out, except what tells us how to work', async () => {
  const repo = project();
  const ours = '.agent-workspace/claude-code-orchestrator';
  const diff = await changesOf(repo, () => {
    repo.write(`${ours}/runs/x/events.ndjson`, 'x\n');
    repo.write(`${ours}/policies/policy.yaml`, 'x\n');
    repo.write('.agent-workspace/smuggled', 'x\n');
    repo.write('deeper/.agent-workspace/smuggled', 'x\n');
  });
  expect(lines(diff)).toEqual(
    [
      `artifact added ${ours}/policies/policy.yaml`,
      'artifact added .agent-workspace/smuggled',
      'source added deeper/.agent-workspace/smuggled',
    ].sort((a, b) => ((a.split(' ')[2] ?? '') < (b.split(' ')[2] ?? '') ? -1 : 1)),
  );
});

test('permissions beyond the executable bit', async () => {
  const repo = project();
  chmodSync(join(repo.root, '.env'), 0o600);
  const diff = await changesOf(repo, () => {
    chmodSync(join(repo.root, 'src/a.txt'), 0o600);
    chmodSync(join(repo.root, '.env'), 0o644);
  });
  expect(diff.files).toMatchObject([
    { path: '.env', status: 'mode', perm: { from: '600', to: '644' } },
    { path: 'src/a.txt', status: 'mode', perm: { from: '644', to: '600' }, added: 0 },
  ]);
});

test('lean: no content and no git, yet every touch is seen', async () => {
  const repo = project();
  const diff = await changesOf(
    repo,
    () => {
      repo.write('src/a.txt', 'x\n');
      repo.write('.git/hooks/x', 'x\n');
    },
    { lean: true },
  );
  expect(lines(diff)).toEqual(['git added .git/hooks/x', 'source modified src/a.txt']);
  expect(diff.patch).toBe('');
});

test('content at the base and at the end can be read back, byte for byte', async () => {
  const repo = project();
  const bytes = Buffer.from([0, 13, 10, 255]);
  repo.write('src/raw', bytes);
  symlinkSync('a.txt', join(repo.root, 'src/link'));
  const { base, after } = await changesOf(repo, () => {
    repo.write('src/raw', 'other');
    repo.write('.env', 'KEY=2\n');
    rmSync(join(repo.root, 'src/b.txt'));
    chmodSync(join(repo.root, 'src/a.txt'), 0o700);
  });
  const env = { env: repo.env };
  expect(await readAt(base, 'src/raw', env)).toEqual({ mode: '100644', perm: 0o644, bytes });
  expect((await readAt(after, 'src/raw', env))?.bytes.toString()).toBe('other');
  expect((await readAt(base, '.env', env))?.bytes.toString()).toBe('KEY=1\n');
  expect((await readAt(base, 'src/link', env))?.bytes.toString()).toBe('a.txt');
  expect((await readAt(base, '.git/config', env))?.bytes.toString()).toContain('[core]');
  expect(await readAt(after, 'src/b.txt', env)).toBeUndefined();
  expect(await comparePaths(base, after, env)).toEqual([
    '.env',
    'src/a.txt',
    'src/b.txt',
    'src/raw',
  ]);
  const open = await openSnapshot(after, env);
  expect(open.at('src/a.txt')).toEqual({ area: 'source', mode: '100755', perm: 0o700, kept: true });
  expect(open.at('node_modules/dep/index.js')).toMatchObject({ kept: false });
});

test('the second snapshot reads again only what was touched', async () => {
  const repo = project();
  repo.write('big.log', Buffer.alloc(500_000, 'x'));
  const old = new Date(Date.now() - 60_000);
  utimesSync(join(repo.root, 'big.log'), old, old);
  const base = await whole(repo);
  // Its content is now only ours: whoever read it again would find something else.
  const after = await whole(repo, { earlier: base });
  const [before, later] = await Promise.all([openSnapshot(base), openSnapshot(after)]);
  expect(before.at('big.log')).toEqual(later.at('big.log'));
});
