import type { SourceEnvironment } from '../environment.ts';
import type { Git } from '../git.ts';
import { privateGit } from './compare.ts';
import { SUBMODULE_MODE } from './index-list.ts';
import { type PathState, statesOfBoth } from './states.ts';
import type { WholeSnapshot } from './whole.ts';

/** A changed file as it is in the second snapshot, and as it was in the first, if it was. */
export type ChangedContent = { path: string; now: Buffer; before: Buffer | undefined };

export type ContentOptions = {
  maxFileBytes: number;
  /** Of everything that is read, what was before included. */
  maxTotalBytes: number;
  env?: SourceEnvironment;
};

const TIMEOUT_MS = 120_000;
const CHECK_BYTES = 128 << 20;

/**
 * The content of changed files, also of ignored ones and of those in `.git`, in the order they are
 * given; of one that was only moved or given other permissions there is none. What is too large, or was not kept in the snapshot, is left out and named.
 */
export async function changedContents(
  base: WholeSnapshot,
  after: WholeSnapshot,
  files: readonly { path: string; old_path?: string | undefined }[],
  { maxFileBytes, maxTotalBytes, env }: ContentOptions,
): Promise<{ contents: ChangedContent[]; leftOut: string[] }> {
  const limits = { timeoutMs: TIMEOUT_MS, ...(env === undefined ? {} : { env }) };
  const git = await privateGit(after, env);
  const [from, to] = await statesOfBoth(base, after, limits);
  const pairs = files.flatMap(({ path, old_path }) => {
    const now = to.at(path);
    const before = from.at(old_path ?? path);
    if (now === undefined || now.mode === SUBMODULE_MODE) return [];
    const isMoved = now.oid !== undefined && now.oid === before?.oid;
    return isMoved ? [] : [{ path, now, before }];
  });
  const ids = pairs.flatMap(({ now, before }) => [now.oid ?? [], before?.oid ?? []].flat());
  const sizes = await sizesOf(git, ids);
  const sizeOf = (state: PathState) =>
    state.link?.length ?? sizes.get(state.oid ?? '') ?? Number.POSITIVE_INFINITY;
  const leftOut: string[] = [];
  let total = 0;
  const wanted = pairs.filter(({ path, now, before }) => {
    // Without the old content everything in the new one counts as new.
    const both = sizeOf(now) + (before === undefined ? 0 : Math.min(sizeOf(before), maxFileBytes));
    const isTooMuch = sizeOf(now) > maxFileBytes || total + both > maxTotalBytes;
    if (isTooMuch) leftOut.push(path);
    else total += both;
    return !isTooMuch;
  });
  const readable = wanted
    .flatMap(({ now, before }) => [now, before ?? []].flat())
    .flatMap((state) => (sizeOf(state) <= maxFileBytes ? (state.oid ?? []) : []));
  const blobs = await blobsOf(git, readable, maxTotalBytes + (1 << 20));
  const read = (state: PathState | undefined) =>
    state?.link === undefined ? blobs.get(state?.oid ?? '') : Buffer.from(state.link);
  const contents = wanted.flatMap(({ path, now, before }) => {
    const content = read(now);
    return content === undefined ? [] : [{ path, now: content, before: read(before) }];
  });
  return { contents, leftOut };
}

/** Sizes of those blobs that are there. */
export async function sizesOf(
  git: Git | undefined,
  ids: readonly string[],
): Promise<Map<string, number>> {
  if (git === undefined || ids.length === 0) return new Map();
  const input = lines(ids);
  const limits = { timeoutMs: TIMEOUT_MS, maxBytes: CHECK_BYTES, input };
  const check = await git.text(['cat-file', '--batch-check'], limits);
  return new Map(
    check.split('\n').flatMap((line) => {
      const [id = '', type, size] = line.split(' ');
      return type === 'blob' ? [[id, Number(size)] as const] : [];
    }),
  );
}

/** Content by id; the ids must be of blobs that are there. */
export async function blobsOf(
  git: Git | undefined,
  ids: readonly string[],
  maxBytes: number,
): Promise<Map<string, Buffer>> {
  if (git === undefined || ids.length === 0) return new Map();
  const input = lines(ids);
  const batch = await git.run(['cat-file', '--batch'], { timeoutMs: TIMEOUT_MS, input, maxBytes });
  return parseBatch(batch.stdout);
}

/** Each id once, for every file may have the same content. */
function lines(ids: readonly string[]): string {
  return [...new Set(ids)].map((id) => `${id}\n`).join('');
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
