import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';
import { CcError } from '../core/errors.ts';
import { compact } from '../core/json.ts';
import { makePrivateDir, readJson, writeJsonAtomic } from '../store/atomic.ts';
import { requireWritableVersion, SCHEMA_VERSION } from '../store/versions.ts';
import type { UserHome } from '../workspace/home.ts';
import { CLIENTS } from './names.ts';
import { quoted } from './quote.ts';

const entry = z.object({
  client: z.enum(CLIENTS),
  kind: z.enum(['config', 'skill']),
  /** The file, or the directory of the skill. */
  path: z.string(),
  /** It was not there before. */
  created: z.boolean(),
  /** Directories made on the way, the deepest first; they go when they are empty. */
  created_dirs: z.array(z.string()),
  /** What was put into the text, word for word; taking it out again restores every byte. */
  pieces: z.array(z.string()).optional(),
  /** The server's entry as we wrote it: where it says something else now, the user has changed it. */
  value: z.record(z.string(), z.unknown()).optional(),
  /** Written by the client itself: the file before (copy) and after (SHA-256). */
  backup: z.string().optional(),
  after: z.string().optional(),
  /** An entry of the user's had stood there; `setup --replace` put ours in its place. */
  replaced: z.boolean().optional(),
  /** Files of the skill, by relative path, with their SHA-256. */
  files: z.record(z.string(), z.string()).optional(),
  /**
   * What was ours until now, while something else is being written in its place. It stays where that was
   * cut short: the files then hold the one or the other.
   */
  former: z
    .object({
      pieces: z.array(z.string()).optional(),
      value: z.record(z.string(), z.unknown()).optional(),
      files: z.record(z.string(), z.string()).optional(),
    })
    .optional(),
});
/** One thing that setup owns. */
export type Owned = z.infer<typeof entry>;

/** What may be ours by now: after a call that was cut short, one of two. */
export function isOurValue(owned: Owned | undefined, raw: unknown): boolean {
  if (owned === undefined) return false;
  return [owned.value, owned.former?.value].some(
    (value) => value !== undefined && isDeepStrictEqual(raw, value),
  );
}

export function isOurFile(owned: Owned | undefined, name: string, digest: string): boolean {
  return owned?.files?.[name] === digest || owned?.former?.files?.[name] === digest;
}

/** The entry before anything is written, so that no kill leaves something of ours that nobody knows of. */
export function announced(owned: Owned, was: Owned | undefined): Owned {
  const { pieces, value, files } = was?.former ?? was ?? {};
  return { ...owned, former: compact({ pieces, value, files }) };
}

/** As it is once everything is written. */
export function settled({ former: _, ...owned }: Owned): Owned {
  return owned;
}

const receipt = z.object({
  schema_version: z.number(),
  version: z.string(),
  entries: z.array(entry),
});

export function setupPaths({ root }: UserHome) {
  const dir = join(root, 'setup');
  return {
    dir,
    receipt: join(dir, 'installed.json'),
    backups: join(dir, 'backups'),
    lease: join(dir, 'lease'),
  };
}

/** What setup has written for this user; empty where it never ran. */
export async function readReceipt(home: UserHome): Promise<Owned[]> {
  const { receipt: path } = setupPaths(home);
  const value = await readJson(path);
  if (value === undefined) return [];
  const parsed = receipt.safeParse(value);
  if (!parsed.success) {
    throw new CcError('STORAGE_CORRUPT', `Not a record of an installation: ${path}`, {
      hint: `Move it away. Without it, setup keeps whatever it finds: mv ${quoted(path)} ${quoted(`${path}.bad`)}`,
    });
  }
  requireWritableVersion(parsed.data, path);
  return parsed.data.entries;
}

export async function writeReceipt(
  home: UserHome,
  version: string,
  entries: readonly Owned[],
): Promise<void> {
  const { dir, receipt: path } = setupPaths(home);
  if (entries.length === 0) return rm(path, { force: true });
  await makePrivateDir(dir);
  await writeJsonAtomic(path, { schema_version: SCHEMA_VERSION, version, entries });
}
