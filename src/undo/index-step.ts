import { join, relative, sep } from 'node:path';
import { eachBlob, readableBlobs } from '../git/whole/blobs.ts';
import type { Differences } from '../git/whole/differences.ts';
import { formatOf } from '../git/whole/object-id.ts';
import type { WholeSnapshot } from '../git/whole/whole.ts';
import type { Host } from '../workspace/host.ts';
import { lookAtFile } from './file-state.ts';
import { isIndexNow, isSameIndex } from './index-list.ts';
import type { Step } from './operation.ts';
import { placeIn, type Tree } from './tree.ts';

/** What was staged, where the run changed that; undefined where there is nothing to put back. */
export async function indexStep(
  host: Host,
  {
    base,
    after,
    tree,
    differences,
  }: { base: WholeSnapshot; after: WholeSnapshot; tree: Tree; differences: Differences },
): Promise<Step | 'changed since' | undefined> {
  if (base.repository === undefined) return undefined;
  const path = relative(tree.root, join(base.repository.git_dir, 'index')).split(sep).join('/');
  const [before, then] = [differences.before(path), differences.after(path)];
  if (before?.oid === undefined || then?.oid === undefined || before.oid === then.oid) {
    return undefined;
  }
  const format = formatOf(base);
  const full = placeIn(tree, path);
  const now = lookAtFile(full, format);
  if (now?.oid === undefined || now.oid === before.oid) return undefined;
  const [from, to] = [await stored(host, base, before.oid), await stored(host, after, then.oid)];
  if (from === undefined || to === undefined) return 'changed since'; // nobody can tell
  if (await isSameIndex(host, tree.root, format, from, to)) return undefined;
  if (await isIndexNow(host, tree.root, format, full, from)) return undefined;
  if (!(await isIndexNow(host, tree.root, format, full, to))) return 'changed since';
  return { path, before: now, target: { kind: 'file', perm: before.perm, oid: before.oid } };
}

async function stored(
  { env }: Host,
  snapshot: WholeSnapshot,
  oid: string,
): Promise<Buffer | undefined> {
  const found: Buffer[] = [];
  await eachBlob(snapshot, await readableBlobs(snapshot, [oid], env), env, async (_id, content) => {
    found.push(content);
  });
  return found[0];
}
