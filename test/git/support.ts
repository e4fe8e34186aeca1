import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { scratch } from '../support/scratch.ts';

const IDENTITY = {
  GIT_AUTHOR_NAME: 'Test',
  GIT_AUTHOR_EMAIL: 'test@example.invalid',
  GIT_COMMITTER_NAME: 'Test',
  GIT_COMMITTER_EMAIL: 'test@example.invalid',
  GIT_AUTHOR_DATE: '2026-01-01T00:00:00Z',
  GIT_COMMITTER_DATE: '2026-01-01T00:00:00Z',
};

/** A repository of its own, with a home in which no one has configured anything. */
export type Sandbox = {
  root: string;
  home: string;
  /** Outside the repository, for snapshots. */
  store: string;
  env: Record<string, string>;
  git(...args: string[]): string;
  gitIn(cwd: string, ...args: string[]): string;
  write(path: string, content: string | Buffer): void;
  commit(message?: string): string;
};

export function repository(...initArgs: string[]): Sandbox {
  const top = scratch();
  const root = join(top, 'repo');
  const home = join(top, 'home');
  const store = join(top, 'store');
  mkdirSync(root);
  mkdirSync(home);
  const env = { PATH: process.env.PATH ?? '', HOME: home };
  const gitIn = (cwd: string, ...args: string[]) =>
    execFileSync('git', args, {
      cwd,
      env: { ...env, ...IDENTITY, GIT_CONFIG_NOSYSTEM: '1', LC_ALL: 'C' },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    }).replace(/\n$/, '');
  const git = (...args: string[]) => gitIn(root, ...args);
  git('init', '-q', '-b', 'main', ...initArgs);
  return {
    root,
    home,
    store,
    env,
    git,
    gitIn,
    write: (path, content) => {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), content);
    },
    commit: (message = 'a commit') => {
      git('add', '-A');
      git('commit', '-q', '--allow-empty', '-m', message);
      return git('rev-parse', 'HEAD');
    },
  };
}

/**
 * Every path below `directory` with mode, time and content: equal before and after, or touched.
 * Objects without their time: git renews it on those it meets again.
 */
export function fingerprint(directory: string): Record<string, string> {
  const seen: Record<string, string> = {};
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const { mode, mtimeMs } = lstatSync(path);
    const content = entry.isFile()
      ? createHash('sha1').update(readFileSync(path)).digest('hex')
      : '';
    const time = path.includes('/objects/') ? '' : mtimeMs;
    seen[path] = `${mode} ${time} ${content}`;
  }
  return seen;
}

/** A program that proves it was started by leaving a file with its own name. */
export function canaryScript(directory: string, canaries: string, name: string): string {
  mkdirSync(directory, { recursive: true });
  mkdirSync(canaries, { recursive: true });
  const path = join(directory, name);
  writeFileSync(path, `#!/bin/sh\n: > '${canaries}/${name}'\ncat 2>/dev/null\nexit 0\n`);
  chmodSync(path, 0o755);
  return path;
}
