import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { identityOf, isAlive, type ProcessIdentity, stateOf } from '../../src/proc/identity.ts';
import { findByCookie } from '../../src/proc/tree.ts';
import { RUN_COOKIE } from '../../src/workers/claude/environment.ts';

/** Supervisors of a run, owners and those that only want to be. */
export function supervisorsOf(runId: string): ProcessIdentity[] {
  return commandLines()
    .filter(([, line]) => line.includes('supervisor.js') && line.includes(runId))
    .flatMap(([pid]) => identityOf(pid) ?? []);
}

/** The worker and everything below it, oldest first. */
export function workerTree(runId: string): ProcessIdentity[] {
  return findByCookie(RUN_COOKIE, runId).sort((a, b) => Number(a.start) - Number(b.start));
}

/** What encloses the worker: bubblewrap is two processes, and the outer of them is the older. */
export function enclosureOf(runId: string): ProcessIdentity | undefined {
  const names = new Map(commandLines());
  const own = workerTree(runId).filter(({ pid }) => /^[^\0]*\bbwrap\0/.test(names.get(pid) ?? ''));
  return own.sort((a, b) => a.pid - b.pid)[0];
}

/** The worker itself, and not what encloses it. */
export function workerOf(runId: string): ProcessIdentity | undefined {
  const tree = workerTree(runId);
  const names = new Map(commandLines());
  return tree.find(({ pid }) => !/\bbwrap\b|cc-wall-guard/.test(names.get(pid) ?? '')) ?? tree[0];
}

/** False when there was nobody to hit any more. */
export function strike(target: ProcessIdentity | undefined, signal: NodeJS.Signals): boolean {
  if (target === undefined || !isAlive(target)) return false;
  try {
    return process.kill(target.pid, signal);
  } catch {
    return false;
  }
}

export function thaw(target: ProcessIdentity): void {
  if (stateOf(target) === 'stopped') strike(target, 'SIGCONT');
}

function commandLines(): [pid: number, line: string][] {
  if (process.platform !== 'linux') {
    return execFileSync('ps', ['-A', '-ww', '-o', 'pid=,command='], { encoding: 'utf8' })
      .split('\n')
      .map((line): [number, string] => [Number.parseInt(line, 10), line])
      .filter(([pid]) => pid > 0);
  }
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry): [number, string][] => {
      try {
        return [[Number(entry), readFileSync(`/proc/${entry}/cmdline`, 'utf8')]];
      } catch {
        return []; // gone meanwhile
      }
    });
}
