import { readFileSync } from 'node:fs';

/** Of Linux, on every architecture Node runs on. */
const TICK_MS = 10;

/** CPU that `work` takes in this process, in milliseconds; unlike time it does not grow beside others. */
export function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** CPU that a living process has used so far, in milliseconds; undefined where nobody tells. */
export function cpuMsOf(pid: number): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const [user = 0, system = 0] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number);
  return (user + system) * TICK_MS;
}
