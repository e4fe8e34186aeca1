import { toErrorFacts } from '../../core/errors.ts';
import { isArtifact } from '../../git/artifact.ts';
import type { FileChange } from '../../git/changes.ts';
import { diffTrees } from '../../git/diff.ts';
import { describeHead } from '../../git/head.ts';
import { type Snapshot, takeSnapshot } from '../../git/snapshot.ts';
import type { FoundRun } from '../../runs/find.ts';
import { privateRunPaths } from '../../workspace/home.ts';
import type { Host } from '../../workspace/host.ts';
import type { Tree } from './changes.ts';

/** The working tree right now; undefined where there is no git to tell. */
export async function treeNow(
  host: Host,
  { record }: FoundRun,
  signal: AbortSignal,
): Promise<Snapshot | undefined> {
  try {
    return await takeSnapshot(record.cwd, {
      privateDir: privateRunPaths(host.home, record.run_id).objects,
      env: host.env,
      signal,
    });
  } catch (error) {
    if (isWithoutGit(error)) return undefined;
    throw error;
  }
}

/** The commit the working tree stands on. */
export async function headNow(host: Host, { record }: FoundRun): Promise<string | null> {
  try {
    return (await describeHead(record.cwd, { env: host.env })).head;
  } catch (error) {
    if (isWithoutGit(error)) return null;
    throw error;
  }
}

function isWithoutGit(error: unknown): boolean {
  return ['NOT_A_GIT_REPOSITORY', 'NOT_A_DIRECTORY'].includes(toErrorFacts(error).code);
}

/** Files of the project that differ between two states; undefined where they cannot be compared. */
export async function differences(
  host: Host,
  base: Tree | undefined,
  target: Snapshot | undefined,
): Promise<FileChange[] | undefined> {
  if (base === undefined || target === undefined || base.root !== target.root) return undefined;
  if (base.tree === target.tree) return [];
  try {
    const { files } = await diffTrees(base, target, { env: host.env, maxPatchBytes: 0 });
    return files.filter(({ path }) => !isArtifact(path));
  } catch (error) {
    // Retention removed the objects of the earlier state.
    if (toErrorFacts(error).code === 'COMMAND_FAILED') return undefined;
    throw error;
  }
}
