import { basename, isAbsolute, relative, resolve, sep } from 'node:path';
import type { ChangedFile, ChangedFiles } from '../../runs/artifacts/changed-files.ts';
import { isOfKind } from '../../runs/changes/path-kinds.ts';
import { changesOfRun } from '../../runs/changes/read.ts';
import { isUnexplained, isViolation } from '../../runs/changes/record-changes.ts';
import { wholeOf } from '../../runs/changes/snapshots.ts';
import type { FoundRun } from '../../runs/find.ts';
import { treeRoot } from '../../runs/record.ts';
import type { Host } from '../../workspace/host.ts';
import type { VerificationFacts } from '../verification.ts';
import type { RunLog } from './run-log.ts';

/** What the run changed, as it was recorded at its end. */
export type Changes = {
  /** False: nobody compared, so nothing is known. */
  known: boolean;
  problem?: string;
  recorded: ChangedFiles | undefined;
  files: readonly ChangedFile[];
  /** Those of the project itself: no caches, no artifacts, not git's own. */
  source: readonly ChangedFile[];
  /** Paths are relative to it. */
  root: string;
};

export async function readChanges(host: Host, found: FoundRun): Promise<Changes> {
  const { record } = found;
  const { changes, problem } = await changesOfRun(host, found);
  const files = changes?.files ?? [];
  return {
    known: problem === undefined,
    ...(problem === undefined ? {} : { problem }),
    recorded: changes,
    files,
    source: files.filter(({ area }) => area === 'source'),
    root: changes?.base.root ?? wholeOf(record.base?.snapshot)?.root ?? treeRoot(record),
  };
}

/** What the verdict needs to know of them; `unread` are files nobody looked through. */
export function changeFacts(
  { known, problem, recorded, files, source }: Changes,
  log: RunLog,
  unread: readonly string[],
): Omit<VerificationFacts['changes'], 'since'> {
  return {
    known,
    ...(problem === undefined ? {} : { problem }),
    complete: recorded?.complete ?? known,
    files: source.length,
    code: source.filter(({ path }) => !isOfKind(path, 'prose')).length,
    ignored: files.filter(isBuilt).length,
    outside: pathsOf(files.filter(isViolation)),
    unattributed: pathsOf(files.filter(isUnexplained)),
    not_captured: (recorded?.not_captured ?? []).map(({ path, reason }) => `${path} (${reason})`),
    tools: changedTools(files, log),
    too_large: recorded?.over_limits ?? [],
    unread: [...unread],
  };
}

function isBuilt({ path, area, by, generated }: ChangedFile): boolean {
  return area === 'ignored' && by !== 'unattributed' && generated !== true && !PACKAGES.test(path);
}

/** Directories of installed programs and packages, which a test run trusts blindly. */
const PACKAGES =
  /(?:^|\/)(?:node_modules|\.venv|venv|site-packages|\.tox|vendor\/bundle|\.cargo)\//;

/** Changes of what checks rely on; what such tools write there by themselves is none. */
function changedTools(files: readonly ChangedFile[], log: RunLog): string[] {
  const changed = files.filter(({ generated }) => generated !== true).map(({ path }) => path);
  const written = log.writes.filter(({ ok }) => ok).map(({ path }) => path);
  return [...new Set([...changed, ...written].filter((path) => PACKAGES.test(path)))];
}

function pathsOf(files: readonly ChangedFile[]): string[] {
  return files.map(({ path }) => path);
}

/** A path as a worker names it (absolute, or relative to its directory) relative to the root. */
export function toRoot(path: string, root: string, cwd: string): string {
  const absolute = isAbsolute(path) ? path : resolve(cwd, path);
  const inRoot = relative(root, absolute).split(sep).join('/');
  return inRoot === '' ? basename(absolute) : inRoot;
}
