import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { identityOf, type ProcessIdentity, processFacts } from './identity.ts';

/**
 * Living processes that carry `NAME=value` in their environment. It is how a run's whole tree is
 * found: Claude Code gives every Bash tool its own session, so neither process group nor parent
 * chain reaches them (claude-code-cli.md §3), but all inherit the environment.
 */
export function findByCookie(name: string, value: string): ProcessIdentity[] {
  if (process.platform === 'win32') return [];
  const pids = process.platform === 'linux' ? linuxByCookie(name, value) : psByCookie(name, value);
  return identities(pids);
}

/** All living descendants of these processes, by parent chain. */
export function descendantsOf(roots: readonly ProcessIdentity[]): ProcessIdentity[] {
  const children = new Map<number, number[]>();
  for (const pid of allPids()) {
    const parent = processFacts(pid)?.parent;
    if (parent === undefined) continue;
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const found = new Set<number>();
  const queue = roots.map((root) => root.pid);
  for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
    for (const child of children.get(pid) ?? []) {
      if (found.has(child)) continue;
      found.add(child);
      queue.push(child);
    }
  }
  return identities(found);
}

function identities(pids: Iterable<number>): ProcessIdentity[] {
  const found: ProcessIdentity[] = [];
  for (const pid of pids) {
    const identity = identityOf(pid);
    if (identity !== undefined) found.push(identity);
  }
  return found;
}

function linuxByCookie(name: string, value: string): number[] {
  const needle = Buffer.from(`\0${name}=${value}\0`);
  return allPids().filter((pid) => {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`);
      return Buffer.concat([Buffer.from('\0'), environment, Buffer.from('\0')]).includes(needle);
    } catch {
      return false; // gone meanwhile, or another user's
    }
  });
}

function psByCookie(name: string, value: string): number[] {
  const result = spawnSync('ps', ['-A', '-E', '-ww', '-o', 'pid=,command='], {
    encoding: 'utf8',
    env: { PATH: '/bin:/usr/bin', LC_ALL: 'C' },
    maxBuffer: 64 << 20,
    timeout: 10_000,
  });
  const needle = ` ${name}=${value}`;
  return (result.stdout ?? '')
    .split('\n')
    .filter((line) => `${line} `.includes(`${needle} `))
    .map((line) => Number.parseInt(line, 10))
    .filter((pid) => pid > 0 && pid !== process.pid);
}

function allPids(): number[] {
  if (process.platform === 'linux') {
    return readdirSync('/proc')
      .filter((entry) => /^\d+$/.test(entry))
      .map(Number);
  }
  if (process.platform === 'win32') return [];
  const result = spawnSync('ps', ['-A', '-o', 'pid='], { encoding: 'utf8', timeout: 10_000 });
  return (result.stdout ?? '')
    .split('\n')
    .map((line) => Number.parseInt(line, 10))
    .filter((pid) => pid > 0);
}
