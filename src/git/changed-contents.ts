import { dirname } from 'node:path';
import type { SourceEnvironment } from './environment.ts';
import { openGit } from './git.ts';
import type { Snapshot } from './snapshot.ts';

type Tree = Pick<Snapshot, 'tree' | 'object_dir' | 'root'>;

/** A changed file as it is in the second snapshot, and as it was in the first, if it was. */
export type ChangedContent = { path: string; now: Buffer; before: Buffer | undefined };

export type ContentLimits = { maxFileBytes: number; maxTotalBytes: number };

const LINK_TO_COMMIT = '160000';
const NOTHING = /^0+$/;
const TIMEOUT_MS = 120_000;
const RENAMES = ['--find-renames=50%', '-l1000'];

/**
 * The content of every file that differs between two snapshots of one tree, in the order of their
 * paths. What is too large is left out and named. A renamed file has the content it had before.
 */
export async function changedContents(
  base: Tree,
  after: Tree,
  { env, maxFileBytes, maxTotalBytes }: ContentLimits & { env?: SourceEnvironment },
): Promise<{ contents: ChangedContent[]; leftOut: string[] }> {
  const gitDir = dirname(after.object_dir);
  const git = await openGit(gitDir, {
    ...(env === undefined ? {} : { env }),
    repository: {
      gitDir,
      workTree: gitDir,
      alternates: base.object_dir === after.object_dir ? [] : [base.object_dir],
    },
  });
  const limits = { timeoutMs: TIMEOUT_MS };
  const list = await git.run(
    ['diff-tree', '-r', ...RENAMES, '-z', '--raw', '--no-abbrev', base.tree, after.tree],
    limits,
  );
  const changes = parseRaw(list.stdout.toString('utf8'));
  const ids = changes.flatMap(({ now, before }) => (before === undefined ? [now] : [now, before]));
  if (ids.length === 0) return { contents: [], leftOut: [] };
  const check = await git.text(['cat-file', '--batch-check'], { ...limits, input: lines(ids) });
  const sizes = new Map(
    check.split('\n').map((line) => {
      const [id = '', , size] = line.split(' ');
      return [id, size === undefined ? Infinity : Number(size)] as const;
    }),
  );
  const leftOut: string[] = [];
  let total = 0;
  const wanted = changes.filter(({ path, now, before }) => {
    const size = sizes.get(now) ?? Infinity;
    // Without the old content everything in the new one counts as new.
    const both = size + Math.min(sizes.get(before ?? '') ?? 0, maxFileBytes);
    if (size > maxFileBytes || total + both > maxTotalBytes) {
      leftOut.push(path);
      return false;
    }
    total += both;
    return true;
  });
  const read = new Set(
    wanted
      .flatMap(({ now, before }) => [now, before ?? ''])
      .filter((id) => (sizes.get(id) ?? Infinity) <= maxFileBytes),
  );
  if (read.size === 0) return { contents: [], leftOut };
  const batch = await git.run(['cat-file', '--batch'], {
    ...limits,
    input: lines([...read]),
    maxBytes: maxTotalBytes + (1 << 20),
  });
  const blobs = parseBatch(batch.stdout);
  const contents = wanted.flatMap(({ path, now, before }) => {
    const content = blobs.get(now);
    return content === undefined ? [] : [{ path, now: content, before: blobs.get(before ?? '') }];
  });
  return { contents, leftOut };
}

/** Each id once, for every file may have the same content. */
function lines(ids: readonly string[]): string {
  return [...new Set(ids)].map((id) => `${id}\n`).join('');
}

function parseRaw(output: string): { path: string; now: string; before: string | undefined }[] {
  const fields = output.split('\0');
  const changes = [];
  for (let at = 0; at + 1 < fields.length; ) {
    const [oldMode, mode, before = '', now = '', letter = ''] = (fields[at] ?? '')
      .slice(1)
      .split(' ');
    const isRename = letter.startsWith('R') || letter.startsWith('C');
    const path = fields[at + (isRename ? 2 : 1)] ?? '';
    at += isRename ? 3 : 2;
    if (NOTHING.test(now) || mode === LINK_TO_COMMIT || now === before) continue;
    const wasFile = !NOTHING.test(before) && oldMode !== LINK_TO_COMMIT;
    changes.push({ path, now, before: wasFile ? before : undefined });
  }
  return changes;
}

/** `<id> blob <size>`, newline, content, newline, and the next one. */
function parseBatch(output: Buffer): Map<string, Buffer> {
  const blobs = new Map<string, Buffer>();
  for (let at = 0; at < output.length; ) {
    const end = output.indexOf(0x0a, at);
    if (end === -1) break;
    const [id = '', type, size] = output.toString('latin1', at, end).split(' ');
    at = end + 1;
    if (type !== 'blob') continue;
    blobs.set(id, output.subarray(at, at + Number(size)));
    at += Number(size) + 1;
  }
  return blobs;
}
