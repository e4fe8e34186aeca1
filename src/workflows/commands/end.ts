import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { sleep } from '../../core/clock.ts';
import { terminateTree } from '../../proc/terminate.ts';
import { becomeOwner } from '../../runs/supervise/ownership.ts';
import { writeFileAtomic } from '../../store/atomic.ts';
import { COMMAND_COOKIE } from '../../verification/running/command.ts';
import type { Host } from '../../workspace/host.ts';
import { carryOutCommand } from './carry-out.ts';
import { type CommandPaths, commandPaths, readJob } from './job.ts';

const LOOK_MS = 200;

/**
 * Ends the command in `dir`. What carries it out obeys the request; where nobody does, that is done here,
 * which runs nothing. Undefined where nothing was started, or it has ended.
 */
export async function endCommand(
  host: Host,
  dir: string,
  limit: AbortSignal,
): Promise<{ name: string; isEnded: boolean } | undefined> {
  const paths = commandPaths(dir);
  const isStarted = existsSync(paths.job) || existsSync(paths.begun);
  if (!isStarted || existsSync(paths.exit)) return undefined;
  const job = await readJob(paths).catch(() => undefined);
  const name = `command ${job?.key.split('/')[1] ?? basename(dir)}`;
  await writeFileAtomic(paths.stop, '', { durable: true });
  const end = job === undefined ? () => sweep(paths) : () => carryOutCommand(host, dir);
  for (;;) {
    const isSwept = await end().catch(() => undefined);
    if (isSwept === true || existsSync(paths.exit)) return { name, isEnded: true };
    if (limit.aborted) return { name, isEnded: false };
    await sleep(LOOK_MS, limit);
  }
}

/**
 * Nobody can begin a command whose job cannot be read; what was begun is found by the cookie, which is
 * the name of its directory. Undefined as long as somebody carries it out.
 */
async function sweep(paths: CommandPaths): Promise<boolean | undefined> {
  const lease = await becomeOwner(paths);
  if (lease === undefined) return undefined;
  try {
    const cookie = { name: COMMAND_COOKIE, value: basename(paths.dir) };
    return (await terminateTree({ root: undefined, cookie })).left.length === 0;
  } finally {
    lease.release();
  }
}
