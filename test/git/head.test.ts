import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeHead } from '../../src/git/head.ts';
import { scratch } from '../support/scratch.ts';
import { repository } from './support.ts';

test('an unborn repository has a branch and no head', async () => {
  const repo = repository();
  expect(await describeHead(repo.root, repo)).toEqual({
    root: repo.root,
    head: null,
    branch: 'main',
    dirty: false,
    linked_worktree: false,
  });
});

test('clean, dirty, detached, sub-directory', async () => {
  const repo = repository();
  repo.write('src/a.txt', 'a\n');
  const head = repo.commit();
  expect(await describeHead(repo.root, repo)).toMatchObject({ head, branch: 'main', dirty: false });
  repo.write('.agent-workspace/x', 'ours\n');
  expect(await describeHead(repo.root, repo)).toMatchObject({ dirty: false });
  repo.write('new.txt', 'new\n');
  expect(await describeHead(join(repo.root, 'src'), repo)).toMatchObject({
    root: repo.root,
    dirty: true,
  });
  repo.git('checkout', '-q', '--detach');
  expect(await describeHead(repo.root, repo)).toMatchObject({ head, branch: null });
});

test('a branch with a slash and through a symbolic link', async () => {
  const repo = repository();
  repo.commit();
  repo.git('checkout', '-q', '-b', 'feature/über');
  const link = join(repo.home, 'link');
  symlinkSync(repo.root, link);
  expect(await describeHead(link, repo)).toMatchObject({
    root: repo.root,
    branch: 'feature/über',
  });
});

test('a linked worktree', async () => {
  const repo = repository();
  const head = repo.commit();
  const tree = join(repo.home, 'tree');
  repo.git('worktree', 'add', '-q', '-b', 'side', tree);
  expect(await describeHead(tree, repo)).toMatchObject({
    root: tree,
    head,
    branch: 'side',
    linked_worktree: true,
  });
});

test('a submodule has a core.worktree of its own and is accepted', async () => {
  const inner = repository();
  inner.write('a', 'a\n');
  inner.commit();
  const repo = repository();
  repo.git('-c', 'protocol.file.allow=always', 'submodule', 'add', '-q', inner.root, 'sub');
  repo.commit();
  const path = join(repo.root, 'sub');
  expect(await describeHead(path, repo)).toMatchObject({ root: path, dirty: false });
});

test('no repository, no directory, no git', async () => {
  const repo = repository();
  const env = repo.env;
  await expect(describeHead(scratch(), { env })).rejects.toMatchObject({
    code: 'NOT_A_GIT_REPOSITORY',
    hint: expect.stringContaining('git init'),
  });
  await expect(describeHead(join(repo.root, 'nowhere'), { env })).rejects.toMatchObject({
    code: 'NOT_A_DIRECTORY',
  });
  await expect(describeHead(repo.root, { env: { PATH: repo.home } })).rejects.toMatchObject({
    code: 'COMMAND_FAILED',
    hint: expect.stringContaining('Install git'),
  });
});

test('broken repositories are refused with a reason', async () => {
  const bare = repository();
  bare.git('config', 'core.bare', 'true');
  await expect(describeHead(bare.root, bare)).rejects.toMatchObject({
    code: 'NOT_A_GIT_REPOSITORY',
  });

  const headless = repository();
  rmSync(join(headless.root, '.git/HEAD'));
  await expect(describeHead(headless.root, headless)).rejects.toMatchObject({
    code: 'NOT_A_GIT_REPOSITORY',
  });

  const garbled = repository();
  writeFileSync(join(garbled.root, '.git/config'), '[core\nbroken');
  await expect(describeHead(garbled.root, garbled)).rejects.toMatchObject({
    code: 'COMMAND_FAILED',
    details: { stderr: expect.stringContaining('bad config') },
  });

  const strayed = repository();
  strayed.commit();
  strayed.git('config', 'core.worktree', '/');
  await expect(describeHead(strayed.root, strayed)).rejects.toMatchObject({
    code: 'NOT_A_GIT_REPOSITORY',
  });
});

test('a bare repository hidden in the project is not taken for the repository', async () => {
  const repo = repository();
  repo.commit();
  const hidden = join(repo.root, 'data');
  mkdirSync(hidden);
  repo.gitIn(hidden, 'init', '-q', '--bare');
  const answer = describeHead(hidden, repo);
  await expect(answer).rejects.toMatchObject({ code: 'NOT_A_GIT_REPOSITORY' });
});

test('GIT_ variables around us change nothing', async () => {
  const repo = repository();
  const head = repo.commit();
  const env = { ...repo.env, GIT_DIR: '/nowhere', GIT_INDEX_FILE: '/nowhere', GIT_WORK_TREE: '/' };
  expect(await describeHead(repo.root, { env })).toMatchObject({ head, root: repo.root });
});

test('an aborted call ends as cancelled', async () => {
  const repo = repository();
  const signal = AbortSignal.abort();
  await expect(describeHead(repo.root, { env: repo.env, signal })).rejects.toMatchObject({
    code: 'CANCELLED',
  });
});
