import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { identityOf, isAlive, type ProcessIdentity, processFacts } from './identity.ts';

/**
 * Living processes that carry `NAME=value` in their environment. It is how a run's whole tree is
 * found: Claude Code gives every Bash tool its own session, so neither process group nor parent
 * chain reaches them (claude-code-cli.md §3), but all inherit the environment.
 */
export function findByCookie(name: string, value: string): ProcessIdentity[] {
  if (process.platform === 'win32') return [];
  const pids = process.platform === 'linux' ? linuxByCookie(name, value) : psByCookie(name, value);
  return identities(pids.filter((pid) => pid !== process.pid));
}

/** The values under which living processes carry this cookie: one look at all runs of the machine. */
export function livingCookies(name: string): Set<string> {
  switch (process.platform) {
    case 'win32':
      return new Set();
    case 'linux':
      return new Set(linuxPids().flatMap((pid) => linuxCookie(pid, name) ?? []));
    default:
      return new Set(
        psEnvironments().flatMap((line) => {
          const value = new RegExp(` ${name}=(\\S+)`).exec(line)?.[1];
          return value === undefined ? [] : [value];
        }),
      );
  }
}

/**
 * All living descendants of these processes, by parent chain. Roots that are gone have none: their
 * pid may belong to somebody else by now.
 */
export function descendantsOf(roots: readonly ProcessIdentity[]): ProcessIdentity[] {
  if (!roots.some(isAlive)) return [];
  const children = new Map<number, number[]>();
  for (const [pid, parent] of parents()) {
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [pid]);
    else siblings.push(pid);
  }
  const found = new Set<number>();
  const queue = roots.filter(isAlive).map((root) => root.pid);
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
  return linuxPids().filter((pid) => {
    try {
      const environment = readFileSync(`/proc/${pid}/environ`);
      return Buffer.concat([Buffer.from('\0'), environment, Buffer.from('\0')]).includes(needle);
    } catch {
      return false; // gone meanwhile, or another user's
    }
  });
}

function linuxCookie(pid: number, name: string): string | undefined {
  try {
    const entries = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0');
    return entries.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
  } catch {
    return undefined; // gone meanwhile, or another user's
  }
}

function psByCookie(name: string, value: string): number[] {
  const needle = ` ${name}=${value}`;
  return psEnvironments()
    .filter((line) => `${line} `.includes(`${needle} `))
    .map((line) => Number.parseInt(line, 10))
    .filter((pid) => pid > 0);
}

/** Every process with its command and environment, as far as they may be seen. */
function psEnvironments(): string[] {
  const result = spawnSync('ps', ['-A', '-E', '-ww', '-o', 'pid=,command='], {
    encoding: 'utf8',
    env: { PATH: '/bin:/usr/bin', LC_ALL: 'C' },
    maxBuffer: 64 << 20,
    timeout: 10_000,
  });
  return (result.stdout ?? '').split('\n');
}

/** Every process with its parent. */
function parents(): [pid: number, parent: number][] {
  if (process.platform === 'linux') {
    return linuxPids().flatMap((pid): [number, number][] => {
      const parent = processFacts(pid)?.parent;
      return parent === undefined ? [] : [[pid, parent]];
    });
  }
  if (process.platform === 'win32') return [];
  // One ps for all; asking for each would start hundreds.
  const result = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8', timeout: 10_000 });
  return (result.stdout ?? '').split('\n').flatMap((line): [number, number][] => {
    const [pid, parent] = line.trim().split(/\s+/).map(Number);
    return pid && parent !== undefined ? [[pid, parent]] : [];
  });
}

function linuxPids(): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number);
}
