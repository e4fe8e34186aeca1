import { join, relative, resolve, sep } from 'node:path';
import type { WholeChange } from '../../git/whole/compare.ts';
import { isGitPosition, isRemoteRef } from '../../git/whole/names.ts';
import { matchesScope } from '../../workers/claude/guard.ts';
import { isProtectedPath } from '../../workers/claude/protected-paths.ts';
import type { ChangedFile } from '../artifacts/changed-files.ts';
import { type RunRecord, treeRoot } from '../record.ts';
import type { CallLog } from './call-log.ts';
import type { Explanation } from './explain.ts';
import { isGenerated } from './generated.ts';

export type ScopeFacts = Pick<ChangedFile, 'scope' | 'allowed' | 'generated'>;

/** Whether the run was allowed to change this file; the worst of its old and new path counts. */
export function judgeScope(
  file: WholeChange,
  explanation: Explanation,
  { record, log, root }: { record: RunRecord; log: CallLog; root: string },
): ScopeFacts {
  if (file.area === 'git') {
    if (isRemoteRef(file.path)) return { scope: 'in', generated: true };
    return { scope: gitScope(file, explanation) };
  }
  const paths = [file.path, ...(file.old_path === undefined ? [] : [file.old_path])];
  const inWorkspace = paths.map((path) => toPath(treeRoot(record), join(root, path)));
  if (inWorkspace.some((path) => isProtectedPath(path, record.protected_paths))) {
    return { scope: 'protected' };
  }
  if (paths.every((path) => isInScope(path, explanation, { record, log, root }))) {
    return { scope: 'in' };
  }
  const allowed = new Set(log.allowed.map((target) => resolve(record.cwd, target)));
  if (paths.every((path) => allowed.has(join(root, path)))) {
    return { scope: 'in', allowed: true };
  }
  if (file.area === 'ignored' && paths.every(isGenerated)) return { scope: 'in', generated: true };
  return { scope: 'out' };
}

/** A commit by a git command that was allowed is what that command is for; what git runs never is. */
function gitScope({ path }: WholeChange, { command }: Explanation): ChangedFile['scope'] {
  if (!isGitPosition(path)) return 'protected';
  return command !== undefined && /\bgit\b/.test(command) ? 'in' : 'out';
}

function isInScope(
  path: string,
  { changed }: Explanation,
  { record, log, root }: { record: RunRecord; log: CallLog; root: string },
): boolean {
  const inCwd = toPath(record.cwd, join(root, path));
  if (inCwd.startsWith('../')) return false;
  // What was changed before the controller took something away was allowed then.
  const later = log.narrowed.filter(({ from }) => changed === undefined || changed >= from);
  return [{ paths: record.scope?.paths ?? [] }, ...(record.narrowed ?? []), ...later].every(
    ({ paths }) => paths === undefined || matchesScope(paths, inCwd),
  );
}

function toPath(from: string, to: string): string {
  return relative(from, to).split(sep).join('/');
}
