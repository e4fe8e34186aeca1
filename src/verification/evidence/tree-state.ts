import { toErrorFacts } from '../../core/errors.ts';
import { describeHead } from '../../git/head.ts';
import { compareWhole, type WholeChange } from '../../git/whole/compare.ts';
import type { WholeSnapshot } from '../../git/whole/whole.ts';
import { takeNow } from '../../runs/changes/snapshots.ts';
import type { FoundRun } from '../../runs/find.ts';
import type { Host } from '../../workspace/host.ts';

/**
 * The directory of the run right now, to be compared with an earlier state of it; undefined where there
 * is none.
 */
export async function treeNow(
  host: Host,
  { record }: FoundRun,
  earlier: WholeSnapshot | undefined,
  signal: AbortSignal,
): Promise<WholeSnapshot | undefined> {
  return earlier === undefined ? undefined : takeNow(host, record, earlier, signal);
}

/** The commit the directory stands on. */
export async function headNow(
  host: Host,
  { record }: FoundRun,
  now: WholeSnapshot | undefined,
): Promise<string | null> {
  if (now?.kind === 'git') return now.head;
  try {
    return (await describeHead(record.cwd, { env: host.env })).head;
  } catch (error) {
    const { code } = toErrorFacts(error);
    if (code === 'NOT_A_GIT_REPOSITORY' || code === 'NOT_A_DIRECTORY') return null;
    throw error;
  }
}

/** Files of the project that differ between two states. */
export async function differences(
  host: Host,
  base: WholeSnapshot | undefined,
  target: WholeSnapshot | undefined,
  signal: AbortSignal,
): Promise<WholeChange[]> {
  if (base === undefined || target === undefined) return [];
  const { files } = await compareWhole(base, target, { env: host.env, signal });
  return files.filter(({ area }) => area === 'source');
}
