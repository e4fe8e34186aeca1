import { toErrorFacts } from '../../core/errors.ts';
import { takeWhole } from '../../git/whole/take.ts';
import type { WholeSnapshot } from '../../git/whole/whole.ts';
import { privateRunPaths } from '../../workspace/home.ts';
import type { Host } from '../../workspace/host.ts';
import { type RunRecord, type SnapshotRecord, treeRoot } from '../record.ts';

/**
 * The state everything will be compared with. For a run that may change nothing only a look at every
 * file (some milliseconds), and none where that fails: it must not keep such a run from its work.
 */
export async function takeBase(host: Host, record: RunRecord): Promise<RunRecord['base']> {
  const lean = record.scope === null;
  try {
    const snapshot = await takeWhole(record.cwd, { ...placeOf(host, record), lean });
    return { head: snapshot.head, snapshot };
  } catch (error) {
    if (lean || toErrorFacts(error).code === 'NOT_A_GIT_REPOSITORY') {
      return { head: null, snapshot: null };
    }
    throw error;
  }
}

/** How everything is now, to be compared with an earlier snapshot of the same run. */
export function takeNow(
  host: Host,
  record: RunRecord,
  earlier: WholeSnapshot,
  signal?: AbortSignal,
): Promise<WholeSnapshot> {
  return takeWhole(record.cwd, {
    ...placeOf(host, record),
    earlier,
    ...(signal === undefined ? {} : { signal }),
  });
}

function placeOf(host: Host, record: RunRecord) {
  return {
    privateDir: privateRunPaths(host.home, record.run_id).objects,
    env: host.env,
    plainRoot: treeRoot(record),
    // Where the project is somebody's home, our own files lie in it.
    exclude: [host.home.root],
  };
}

/** A stored snapshot; undefined for one of an earlier version, which held less than is compared now. */
export function wholeOf(stored: SnapshotRecord | null | undefined): WholeSnapshot | undefined {
  if (!stored) return undefined;
  const { tree, object_dir, root, kind, rest, index, repository, head = null, taken } = stored;
  if (kind === undefined || rest === undefined || taken === undefined) return undefined;
  return {
    tree,
    object_dir,
    root,
    kind,
    rest,
    head,
    taken,
    ...(index === undefined ? {} : { index }),
    ...(repository === undefined ? {} : { repository }),
  };
}
