import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * A process that cannot be confused with a later one of the same pid: pid + start time + boot.
 * `start` is opaque (Linux: clock ticks since boot, field 22 of /proc/<pid>/stat).
 */
export type ProcessIdentity = {
  pid: number;
  start: string;
  boot: string;
};

/** `stopped` is SIGSTOP or a debugger: alive, but it will not answer. */
export type ProcessState = 'running' | 'stopped' | 'gone';

/** The identity of a living process, or undefined when there is none (zombies count as none). */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const facts = processFacts(pid);
  if (facts === undefined || facts.state === 'gone') return undefined;
  return { pid, start: facts.start, boot: bootId() };
}

let self: ProcessIdentity | undefined;

export function selfIdentity(): ProcessIdentity {
  self ??= identityOf(process.pid);
  if (self === undefined) throw new Error('cannot read the identity of this process');
  return self;
}

/** What became of exactly this process. */
export function stateOf(identity: ProcessIdentity): ProcessState {
  if (identity.boot !== bootId()) return 'gone';
  const facts = processFacts(identity.pid);
  return facts === undefined || facts.start !== identity.start ? 'gone' : facts.state;
}

export function isAlive(identity: ProcessIdentity): boolean {
  return stateOf(identity) !== 'gone';
}

type Facts = { start: string; state: ProcessState; parent: number };

export function processFacts(pid: number): Facts | undefined {
  switch (process.platform) {
    case 'linux':
      return linuxFacts(pid);
    case 'win32':
      return windowsFacts(pid);
    default:
      return psFacts(pid);
  }
}

function linuxFacts(pid: number): Facts | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The command name, in parentheses, may itself hold spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const letter = fields[0] ?? '';
  const start = fields[19];
  if (start === undefined) return undefined;
  return { start, state: stateFromLetter(letter), parent: Number(fields[1]) };
}

function psFacts(pid: number): Facts | undefined {
  const result = spawnSync('ps', ['-o', 'stat=,ppid=,lstart=', '-p', String(pid)], {
    encoding: 'utf8',
    // The start is printed in local time: without TZ a traveller's processes would all be gone.
    env: { PATH: '/bin:/usr/bin', LC_ALL: 'C', TZ: 'UTC' },
    timeout: 5000,
  });
  const match = /^\s*(\S+)\s+(\d+)\s+(.+?)\s*$/.exec(result.stdout ?? '');
  if (match?.[1] === undefined || match[3] === undefined) return undefined;
  return { start: match[3], state: stateFromLetter(match[1]), parent: Number(match[2]) };
}

function windowsFacts(pid: number): Facts | undefined {
  const query = `$p = Get-CimInstance Win32_Process -Filter "ProcessId=${pid}"; if ($p) { "$($p.CreationDate.ToFileTimeUtc()) $($p.ParentProcessId)" }`;
  const result = spawnSync('powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', query], {
    encoding: 'utf8',
    timeout: 10_000,
    windowsHide: true,
  });
  const [start, parent] = (result.stdout ?? '').trim().split(' ');
  return start ? { start, state: 'running', parent: Number(parent) } : undefined;
}

function stateFromLetter(letter: string): ProcessState {
  if (letter.startsWith('T') || letter.startsWith('t')) return 'stopped';
  return letter.startsWith('Z') || letter.startsWith('X') ? 'gone' : 'running';
}

let boot: string | undefined;

/** Changes at every start of the machine, so that start times of two boots never compare equal. */
function bootId(): string {
  boot ??= readBootId();
  return boot;
}

function readBootId(): string {
  if (process.platform === 'linux') {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  }
  if (process.platform === 'win32') return 'windows';
  // Not kern.boottime where there is better: it moves whenever the clock is set.
  const name = process.platform === 'darwin' ? 'kern.bootsessionuuid' : 'kern.boottime';
  const result = spawnSync('sysctl', ['-n', name], { encoding: 'utf8', timeout: 5000 });
  return (result.stdout ?? '').trim() || 'unknown';
}
