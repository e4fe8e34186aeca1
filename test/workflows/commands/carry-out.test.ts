import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeWorktree } from '../../../src/runs/worktrees/make.ts';
import { worktreeIds, worktreePaths } from '../../../src/runs/worktrees/store.ts';
import { carryOutCommand } from '../../../src/workflows/commands/carry-out.ts';
import {
  type CommandJob,
  commandPaths,
  readExit,
  writeJob,
} from '../../../src/workflows/commands/job.ts';
import { userWithProject } from '../../support/history.ts';
import { scratch } from '../../support/scratch.ts';

async function given(command: CommandJob['command'] = ['node', '-v']) {
  const root = scratch();
  const { host, workspace } = await userWithProject(root);
  writeFileSync(join(workspace.root, 'a.txt'), 'a');
  const paths = commandPaths(join(root, 'job'));
  mkdirSync(paths.dir);
  await writeJob(paths, {
    key: 'wf/t/1.1',
    command: typeof command === 'string' ? command.replace('BEGUN', paths.begun) : command,
    workspace: workspace.root,
    cwd: workspace.root,
    isolation: 'worktree',
    timeout_seconds: 60,
    env: {},
    output: join(root, 'out'),
  });
  return { host, workspace, paths };
}

test('a command knows its copy while it runs, and leaves none', async () => {
  const { host, paths } = await given('cat BEGUN a.txt; echo; pwd');
  await carryOutCommand(host, paths.dir);
  const exit = await readExit(paths);
  const [id, cwd] = exit?.output_tail.split('a\n') ?? [];
  expect(exit).toMatchObject({ exit_code: 0 });
  expect(cwd).toContain(`/${id}/`);
  expect(await worktreeIds(host.home)).toEqual([]);
});

test('the copy of a command whose carrier vanished is removed, and no other', async () => {
  const { host, workspace, paths } = await given();
  const place = { workspace, cwd: workspace.root };
  const [{ worktree }, other] = [await makeWorktree(host, place), await makeWorktree(host, place)];
  writeFileSync(paths.begun, worktree.id);
  await carryOutCommand(host, paths.dir);
  expect(await readExit(paths)).toMatchObject({
    exit_code: null,
    output_tail: expect.stringContaining('interrupted'),
  });
  expect(await worktreeIds(host.home)).toEqual([other.worktree.id]);
  expect(existsSync(worktreePaths(host.home, worktree.id).dir)).toBe(false);
});

test('what stands there instead of a copy removes nothing', async () => {
  const { host, paths } = await given();
  writeFileSync(paths.begun, '../..');
  await carryOutCommand(host, paths.dir);
  expect(await readExit(paths)).toMatchObject({ exit_code: null });
  expect(existsSync(host.home.root)).toBe(true);
});
