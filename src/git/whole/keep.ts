import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { CcError } from '../../core/errors.ts';
import type { Git } from '../git.ts';
import type { RunOptions } from '../run.ts';
import { isFilledByTools, isGitCore, isPrecious } from './names.ts';
import type { RestEntry } from './whole.ts';

/** What is kept of files outside the tree, beside those that are always kept. */
export type KeepCaps = { fileBytes: number; totalBytes: number; files: number };
const KEEP_CAPS: KeepCaps = { fileBytes: 1 << 20, totalBytes: 64 << 20, files: 5_000 };
/** Even of what is always kept. */
const ALWAYS_BYTES = 64 << 20;
const REGULAR = 0o100000;
const TYPE_MASK = 0o170000;
/** A file changed within a moment of the last look may have changed again without a trace. */
const RACY_NS = 1_000_000_000n;
const ATTEMPTS = 4;

export type KeepOptions = {
  root: string;
  /** Entries of the last snapshot, for content that need not be read again. */
  earlier: ReadonlyMap<string, RestEntry>;
  /** When that was, in ms since 1970. */
  earlierTaken: number;
  /** Paths whose content an earlier snapshot has: to be compared, they are needed again. */
  hadContent: (path: string) => boolean;
  caps?: KeepCaps;
  limits: RunOptions;
};

/** Stores the content of entries in the private repository, as far as the caps go, and notes its id. */
export async function keepContent(
  git: Git,
  entries: readonly RestEntry[],
  options: KeepOptions,
): Promise<void> {
  const wanted: RestEntry[] = [];
  for (const entry of chosen(entries, options)) {
    const before = options.earlier.get(entry.path);
    const isFresh = before?.print === entry.print && isSettled(before.print, options.earlierTaken);
    if (isFresh && before?.oid !== undefined) entry.oid = before.oid;
    else wanted.push(entry);
  }
  await hashAll(git, wanted, options);
}

function chosen(
  entries: readonly RestEntry[],
  { hadContent, caps = KEEP_CAPS }: KeepOptions,
): RestEntry[] {
  const kept: RestEntry[] = [];
  let bytes = 0;
  let files = 0;
  for (const entry of entries) {
    if ((entry.mode & TYPE_MASK) !== REGULAR) continue;
    const size = sizeOf(entry);
    if (isAlwaysKept(entry) || hadContent(entry.path)) {
      if (size <= ALWAYS_BYTES) kept.push(entry);
      continue;
    }
    if (size > caps.fileBytes || isBulk(entry)) continue;
    if (files >= caps.files || bytes + size > caps.totalBytes) continue;
    files += 1;
    bytes += size;
    kept.push(entry);
  }
  return kept;
}

function isAlwaysKept({ path, area }: RestEntry): boolean {
  if (isBulk({ path, area })) return false;
  return area === 'git' ? isGitCore(path) : area === 'artifact' || isPrecious(path);
}

function isBulk({ path, area }: Pick<RestEntry, 'path' | 'area'>): boolean {
  return area !== 'git' && path.split('/').some(isFilledByTools);
}

export function sizeOf({ print }: Pick<RestEntry, 'print'>): number {
  return Number(print.split(' ', 1)[0]);
}

function isSettled(print: string, taken: number): boolean {
  const [, modified = '0', changed = '0'] = print.split(' ');
  const until = BigInt(Math.floor(taken)) * 1_000_000n - RACY_NS;
  return BigInt(modified) < until && BigInt(changed) < until;
}

/** One git process for all of them. A file that goes or cannot be read in between stays without content. */
async function hashAll(
  git: Git,
  wanted: readonly RestEntry[],
  options: KeepOptions,
): Promise<void> {
  // One path per line; such names stay listed.
  let left = wanted.filter(({ path }) => !/[\r\n]/.test(path));
  const args = ['hash-object', '-w', '--no-filters', '--stdin-paths'];
  for (let attempt = 1; left.length > 0 && attempt <= ATTEMPTS; attempt += 1) {
    left = left.filter(({ path }) => isReadable(join(options.root, path)));
    if (left.length === 0) return;
    const input = left.map(({ path }) => `${join(options.root, path)}\n`).join('');
    try {
      const { stdout } = await git.run(args, { ...options.limits, input });
      const ids = stdout.toString('utf8').trim().split('\n');
      left.forEach((entry, index) => {
        const id = ids[index];
        if (id !== undefined && id !== '') entry.oid = id;
      });
      return;
    } catch (error) {
      if (!isVanished(error)) throw error;
    }
  }
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

function isVanished(error: unknown): boolean {
  return error instanceof CcError && error.code === 'COMMAND_FAILED';
}
