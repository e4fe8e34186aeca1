import { diffWorkingTree } from '../../git/diff.ts';
import type { Host } from '../../workspace/host.ts';
import type { ChangedFile, ChangedFiles } from '../artifacts/changed-files.ts';

/** What is not committed in a project, in the shape of a run's changes; nobody is asked who made them. */
export async function uncommittedChanges(
  host: Host,
  cwd: string,
  signal: AbortSignal,
): Promise<Pick<ChangedFiles, 'files' | 'complete' | 'not_captured'>> {
  const diff = await diffWorkingTree(cwd, { env: host.env, maxPatchBytes: 0, signal });
  const files = diff.files.map((file): ChangedFile => {
    return { ...file, area: file.artifact ? 'artifact' : 'source', scope: 'in', by: 'tool' };
  });
  return { files, complete: diff.not_captured.length === 0, not_captured: diff.not_captured };
}
