import type { SourceEnvironment } from '../environment.ts';
import type { Git } from '../git.ts';
import { readAsSeen } from './as-seen.ts';
import { privateGit } from './compare.ts';
import { SUBMODULE_MODE } from './index-list.ts';
import { type PathState, statesOfBoth } from './states.ts';
import type { WholeSnapshot } from './whole.ts';

/** A changed file as it is in the second snapshot, and as it was in the first, if it was. */
export type ChangedContent = {
  path: string;
  now: Buffer;
  before: Buffer | undefined;
  /** It was there; of both only this content could be read, where it lies. */
  beforeUnknown?: true;
};

/**
 * `large`: by itself. `too_much`: with the others. `not_kept`: the snapshot only lists it, and the file has
 * been touched since.
 */
export type LeftOut = { path: string; reason: 'large' | 'too_much' | 'not_kept' };

export type ContentOptions = {
  maxFileBytes: number;
  /** Of everything that is read, what was before included. */
  maxTotalBytes: number;
  /** Of files that the snapshot only lists; they are read where they lie. */
  maxListedBytes: number;
  env?: SourceEnvironment;
};

const TIMEOUT_MS = 120_000;
const CHECK_BYTES = 128 << 20;

/**
 * The content of changed files, also of ignored ones and of those in `.git`, in the order they are
 * given; of one that was only moved or given other permissions there is none. What was not kept is read
 * from the disk, if it is what the second snapshot saw. What cannot be told is left out and named.
 */
export async function changedContents(
  base: WholeSnapshot,
  after: WholeSnapshot,
  files: readonly { path: string; old_path?: string | undefined }[],
  { maxFileBytes, maxTotalBytes, maxListedBytes, env }: ContentOptions,
): Promise<{ contents: ChangedContent[]; leftOut: LeftOut[] }> {
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
  const leftOut: LeftOut[] = [];
  let total = 0;
  let listed = 0;
  const read = new Map<string, Buffer>();
  const wanted = pairs.filter(({ path, now, before }) => {
    if (now.oid === undefined && now.link === undefined) {
      const most = Math.min(maxFileBytes, maxListedBytes - listed);
      const found = readAsSeen(after.root, path, now.print, { most, maxFileBytes });
      if (!Buffer.isBuffer(found)) {
        leftOut.push({ path, reason: found });
        return false;
      }
      read.set(path, found);
      listed += found.length;
      return true;
    }
    // Without the old content everything in the new one counts as new.
    const both = sizeOf(now) + (before === undefined ? 0 : Math.min(sizeOf(before), maxFileBytes));
    const isLarge = sizeOf(now) > maxFileBytes;
    const isTooMuch = isLarge || total + both > maxTotalBytes;
    if (isTooMuch) leftOut.push({ path, reason: isLarge ? 'large' : 'too_much' });
    else total += both;
    return !isTooMuch;
  });
  const readable = wanted
    .flatMap(({ now, before }) => [now, before ?? []].flat())
    .flatMap((state) => (sizeOf(state) <= maxFileBytes ? (state.oid ?? []) : []));
  const blobs = await blobsOf(git, readable, maxTotalBytes + maxListedBytes + (1 << 20));
  const contentOf = (state: PathState | undefined) =>
    state?.link === undefined ? blobs.get(state?.oid ?? '') : Buffer.from(state.link);
  const contents = wanted.flatMap(({ path, now, before: was }) => {
    const content = read.get(path) ?? contentOf(now);
    if (content === undefined) return [];
    const before = contentOf(was);
    const isUnknown = read.has(path) && was !== undefined && before === undefined;
    return [{ path, now: content, before, ...(isUnknown ? { beforeUnknown: true as const } : {}) }];
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
