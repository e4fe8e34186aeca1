import type { SourceEnvironment } from '../environment.ts';
import { privateGit } from './compare.ts';
import { blobsOf, sizesOf } from './contents.ts';
import type { WholeSnapshot } from './whole.ts';

const BATCH_BYTES = 32 << 20;
const FRAME_BYTES = 1 << 20;

/** Sizes of those contents of a snapshot that can still be read, by git's name of them. */
export async function readableBlobs(
  snapshot: WholeSnapshot,
  ids: readonly string[],
  env: SourceEnvironment,
): Promise<Map<string, number>> {
  return sizesOf(await privateGit(snapshot, env), ids);
}

/** Hands over each of them, some at a time, so that a large tree never is in memory as a whole. */
export async function eachBlob(
  snapshot: WholeSnapshot,
  sizes: ReadonlyMap<string, number>,
  env: SourceEnvironment,
  take: (id: string, content: Buffer) => Promise<void>,
): Promise<void> {
  const git = await privateGit(snapshot, env);
  let batch: string[] = [];
  let bytes = 0;
  const flush = async () => {
    const blobs = await blobsOf(git, batch, bytes + FRAME_BYTES + 200 * batch.length);
    for (const [id, content] of blobs) await take(id, content);
    batch = [];
    bytes = 0;
  };
  for (const [id, size] of sizes) {
    if (bytes + size > BATCH_BYTES && batch.length > 0) await flush();
    batch.push(id);
    bytes += size;
  }
  if (batch.length > 0) await flush();
}
