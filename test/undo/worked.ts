import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
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
import { clear } from '../support/clear.ts';
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

/** Everything on the disk, as a person would compare it: bytes, permissions, link targets, directories. */
export function disk(root: string, skip: (path: string) => boolean = isOurs): Map<string, string> {
  const seen = new Map<string, string>();
  const look = (directory: string) => {
    for (const name of readdirSync(directory).sort()) {
      const full = join(directory, name);
      const path = full.slice(root.length + 1);
      if (skip(path)) continue;
      const stats = lstatSync(full);
      const mode = (stats.mode & 0o7777).toString(8);
      if (stats.isDirectory()) {
        seen.set(`${path}/`, mode);
        look(full);
      } else if (stats.isSymbolicLink()) seen.set(path, `-> ${readlinkSync(full)}`);
      else seen.set(path, `${mode} ${readFileSync(full, 'base64')}`);
    }
  };
  look(root);
  return seen;
}

/** Our records, and what git rewrites with every command or names by its content. */
export function isOurs(path: string): boolean {
  if (path === '.agent-workspace') return true;
  return /^\.git\/(?:index|objects|logs|COMMIT_EDITMSG|ORIG_HEAD)(?:\/|$)/.test(path);
}

export function differing(a: Map<string, string>, b: Map<string, string>): string[] {
  return [...new Set([...a.keys(), ...b.keys()])]
    .filter((path) => a.get(path) !== b.get(path))
    .sort();
}

const NAMES = [
  'a',
  'b.txt',
  'x.log',
  '.env',
  'ü ä',
  'q\'uo"te',
  'new\nline',
  '.gitignore',
  'Makefile',
  '.gitattributes',
];

function somePath(roll: (n: number) => number): string {
  const parts = Array.from({ length: roll(4) }, () => `d${roll(3)}`);
  return [...parts, NAMES[roll(NAMES.length)]].join('/');
}

function content(roll: (n: number) => number): Buffer {
  const kinds = ['text\n', 'crlf\r\n', 'x.log\n*.tmp\n', '', '* text=auto eol=crlf\n', '$Id$\n'];
  const text = kinds[roll(kinds.length)] ?? '';
  if (roll(4) === 0) return Buffer.from([0, roll(256), 255, 10, 13]);
  return Buffer.from(text.repeat(roll(4)));
}

/** One random edit. */
export function edit(root: string, roll: (n: number) => number): void {
  const path = join(root, somePath(roll));
  const there = lstatSync(path, { throwIfNoEntry: false });
  switch (roll(9)) {
    case 0:
      rmSync(path, { recursive: true, force: true });
      return;
    case 1:
      if (there?.isFile()) chmodSync(path, [0o644, 0o755, 0o600, 0o444, 0o4755][roll(5)] ?? 0o644);
      return;
    case 2:
      rmSync(path, { recursive: true, force: true });
      clear(root, dirname(path));
      symlinkSync(['t1', '../a', '/etc/hostname', 'd0'][roll(4)] ?? 't', path);
      return;
    case 3: {
      const to = join(root, somePath(roll));
      if (there === undefined || `${to}/`.startsWith(`${path}/`)) return;
      if (`${path}/`.startsWith(`${to}/`)) return;
      rmSync(to, { recursive: true, force: true });
      clear(root, dirname(to));
      if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
      execFileSync('mv', ['--', path, to]);
      return;
    }
    case 4:
      clear(root, join(root, `d${roll(3)}`, `empty${roll(3)}`));
      return;
    case 5: {
      const folder = dirname(path);
      if (folder === root || lstatSync(folder, { throwIfNoEntry: false }) === undefined) return;
      if (lstatSync(folder).isDirectory())
        chmodSync(folder, [0o755, 0o700, 0o775][roll(3)] ?? 0o755);
      return;
    }
    default:
      if (there !== undefined && !there.isFile()) rmSync(path, { recursive: true });
      clear(root, dirname(path));
      if (there?.isFile()) rmSync(path);
      writeFileSync(path, content(roll));
  }
}
