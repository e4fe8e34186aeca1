import { lstatSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Redactor } from '../../core/redact.ts';
import type { WholeChange } from '../../git/whole/compare.ts';
import type { ChangedFile } from '../artifacts/changed-files.ts';
import type { CallLog } from './call-log.ts';

export type Explanation = {
  by: ChangedFile['by'];
  /** The command that ran when it changed. */
  command?: string;
  /** When it was last changed, in ms since 1970; undefined where nothing tells. */
  changed: number | undefined;
};

/**
 * The kernel's clock for files runs behind by up to a tick (10 ms), and events are written after the
 * fact. A file system that keeps whole seconds is told by its times.
 */
const SLACK_MS = 100;
const COARSE_MS = 2_000;

/** Tells of each changed file which of a run's calls explains it. */
export function explainer(
  log: CallLog,
  place: { cwd: string; root: string; since: number; hide?: Redactor | undefined },
): (file: WholeChange) => Explanation {
  const written = new Set(log.writes.map((target) => realPath(resolve(place.cwd, target))));
  return (file) => {
    const paths = [file.path, ...(file.old_path === undefined ? [] : [file.old_path])];
    const changed = changeTime(place, file);
    const isWritten = paths.some((path) => {
      const real = realPath(join(place.root, path));
      // A name that holds a secret stands in the log without it.
      return written.has(real) || (place.hide !== undefined && written.has(place.hide(real)));
    });
    if (isWritten) return { by: 'tool', changed: changed?.ms };
    const command = commandAt(log, changed);
    if (command !== undefined) return { by: 'shell', command, changed: changed?.ms };
    return { by: 'unattributed', changed: changed?.ms };
  };
}

type Moment = { ms: number; slack: number };

function commandAt(log: CallLog, changed: Moment | undefined): string | undefined {
  // Nothing tells when: any command could have done it.
  if (changed === undefined) return log.commands[0]?.command;
  const { ms, slack } = changed;
  return log.commands.find(({ from, to }) => from - slack <= ms && ms <= to + slack)?.command;
}

/**
 * When a path last changed. The time of change of an inode cannot be set by anybody; for what is gone
 * or was moved with its directory, the directory's is the nearest that is known.
 */
function changeTime(
  { root, since }: { root: string; since: number },
  { path, status, unread, area }: WholeChange,
): Moment | undefined {
  // The commit of a repository inside moves without a trace on its directory.
  if (
    status === 'modified' &&
    unread !== true &&
    area === 'source' &&
    isDirectory(join(root, path))
  ) {
    return undefined;
  }
  for (let at = join(root, path); ; at = dirname(at)) {
    const moment = inodeTime(at);
    if (moment !== undefined && moment.ms + moment.slack >= since) return moment;
    if (at === root || at === dirname(at)) return moment;
  }
}

function inodeTime(path: string): Moment | undefined {
  try {
    const { ctimeNs } = lstatSync(path, { bigint: true });
    const isCoarse = ctimeNs % 1_000_000_000n === 0n;
    return { ms: Number(ctimeNs / 1000n) / 1000, slack: isCoarse ? COARSE_MS : SLACK_MS };
  } catch {
    return undefined;
  }
}

function isDirectory(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** The path with links resolved up to its directory, which may be gone. */
function realPath(path: string): string {
  const parent = dirname(path);
  if (parent === path) return path;
  try {
    return join(realpathSync(parent), basename(path));
  } catch {
    return join(realPath(parent), basename(path));
  }
}
