import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isoTime, systemClock } from '../../src/core/clock.ts';
import { recordChanges } from '../../src/runs/changes/record-changes.ts';
import { takeBase } from '../../src/runs/changes/snapshots.ts';
import { type FoundRun, findRun } from '../../src/runs/find.ts';
import { type RunRecord, writeRecord } from '../../src/runs/record.ts';
import { userHome } from '../../src/workspace/home.ts';
import type { Host } from '../../src/workspace/host.ts';
import { initWorkspace } from '../../src/workspace/init.ts';
import { runPaths, type Workspace, workspaceAt } from '../../src/workspace/layout.ts';
import { endedRecord } from '../support/history.ts';
import { scratch } from '../support/scratch.ts';

/** A project of one user, with or without git, in which a test plays the worker. */
export type Yard = {
  host: Host;
  root: string;
  workspace: Workspace;
  git(...args: string[]): string;
  write(path: string, content: string | Buffer, mode?: number): void;
  /** A run whose one shell command made these edits. */
  run(work: () => void, change?: Partial<RunRecord>, by?: 'shell' | 'nobody'): Promise<FoundRun>;
};

const WHO = ['-c', 'user.name=t', '-c', 'user.email=t@example.invalid'];

export async function yard(withGit = true, dir = scratch()): Promise<Yard> {
  const [root, home, tmp] = [join(dir, 'project'), join(dir, 'home'), join(dir, 'tmp')];
  for (const path of [root, home, tmp]) mkdirSync(path, { recursive: true });
  const host = hostAt(dir);
  const git = (...args: string[]) =>
    execFileSync('git', [...WHO, ...args], {
      cwd: root,
      env: host.env,
      encoding: 'utf8',
    }).trimEnd();
  if (withGit) git('init', '-q', '-b', 'main');
  const workspace = workspaceAt(root);
  await initWorkspace(workspace, host.home, host.clock);
  return {
    host,
    root,
    workspace,
    git,
    write: (path, content, mode) => {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), content);
      if (mode !== undefined) chmodSync(join(root, path), mode);
    },
    run: (work, change = {}, by = 'shell') => played(host, workspace, work, change, by),
  };
}

export function hostAt(dir: string): Host {
  const env = {
    HOME: join(dir, 'home'),
    TMPDIR: join(dir, 'tmp'),
    PATH: process.env.PATH ?? '',
  };
  return {
    env,
    clock: systemClock,
    home: userHome(env),
    supervisor: { file: process.execPath, args: ['-e', ''] },
    readOnly: false,
  };
}

async function played(
  host: Host,
  workspace: Workspace,
  work: () => void,
  change: Partial<RunRecord>,
  by: 'shell' | 'nobody',
): Promise<FoundRun> {
  const ended = endedRecord(workspace, new Date(), {
    role: 'implementation',
    scope: { paths: ['**'], commands: ['*'] },
    ...change,
  });
  const paths = runPaths(workspace, ended.run_id);
  mkdirSync(paths.inbox, { recursive: true });
  const record = { ...ended, base: await takeBase(host, ended) };
  const event = (seq: number, facts: object) =>
    JSON.stringify({ seq, epoch: 1, time: isoTime(new Date()), ...facts });
  const started = event(1, {
    type: 'cc.tool.used',
    tool: 'Bash',
    id: 't1',
    target: 'make',
    input: 'make',
  });
  work();
  const finished = event(2, { type: 'cc.tool.finished', id: 't1', ok: true });
  const lines = by === 'shell' ? [started, finished] : [];
  writeFileSync(
    paths.events,
    `${['{"schema_version":1,"kind":"cc.events"}', ...lines].join('\n')}\n`,
  );
  await recordChanges(host, { record, paths }, (text) => text);
  await writeRecord(paths, record);
  return findRun(host, record.run_id, workspace);
}
