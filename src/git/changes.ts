import { isArtifact } from './artifact.ts';

export type ChangeStatus = 'added' | 'modified' | 'deleted' | 'renamed' | 'typechange' | 'mode';

export type FileChange = {
  path: string;
  status: ChangeStatus;
  /** Lines; null where git does not count them. */
  added: number | null;
  deleted: number | null;
  /** Also true for a file above the size git compares as text (8 MiB). */
  binary: boolean;
  old_path?: string;
  /** In our own workspace, not the project's source. */
  artifact: boolean;
};

/**
 * The output of `git diff-tree -r -z --raw --numstat`: first one raw record per file, then one
 * count per file. Paths come as they are, closed by NUL; a rename has two.
 */
export function parseChanges(output: Buffer): FileChange[] {
  const fields = output.toString('utf8').split('\0');
  const changes = new Map<string, FileChange>();
  let at = 0;
  const next = () => fields[at++] ?? '';
  while (at < fields.length) {
    const field = next();
    const raw = RAW.exec(field);
    const count = raw === null ? COUNT.exec(field) : null;
    if (raw !== null) {
      const [, oldMode, newMode, oldBlob, newBlob, letter = ''] = raw;
      const oldPath = letter === 'R' ? next() : undefined;
      const path = next();
      const onlyMode = oldBlob === newBlob && oldMode !== newMode;
      changes.set(path, {
        path,
        status: letter === 'M' && onlyMode ? 'mode' : (STATUS[letter] ?? 'modified'),
        added: null,
        deleted: null,
        binary: false,
        ...(oldPath === undefined ? {} : { old_path: oldPath }),
        artifact: isArtifact(path) && (oldPath === undefined || isArtifact(oldPath)),
      });
    } else if (count !== null) {
      const [, added = '-', deleted = '-', inline = ''] = count;
      if (inline === '') next(); // a rename: the old path stands in a field of its own
      const change = changes.get(inline === '' ? next() : inline);
      if (change === undefined) continue;
      change.binary = added === '-';
      change.added = added === '-' ? null : Number(added);
      change.deleted = deleted === '-' ? null : Number(deleted);
    }
  }
  return [...changes.values()];
}

const RAW = /^:(\d{6}) (\d{6}) ([0-9a-f]+) ([0-9a-f]+) ([A-Z])\d*$/;
const COUNT = /^(\d+|-)\t(\d+|-)\t(.*)$/s;
const STATUS: Readonly<Record<string, ChangeStatus>> = {
  A: 'added',
  D: 'deleted',
  M: 'modified',
  R: 'renamed',
  T: 'typechange',
};
