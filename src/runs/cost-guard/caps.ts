import { statSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import * as z from 'zod';
import { type Clock, isoTime } from '../../core/clock.ts';
import { CcError, errnoOf } from '../../core/errors.ts';
import { numberAt } from '../../core/json.ts';
import { makePrivateDir, readJson, writeJsonAtomic } from '../../store/atomic.ts';
import { requireWritableVersion, SCHEMA_VERSION } from '../../store/versions.ts';
import type { UserHome } from '../../workspace/home.ts';

/** What may be capped. A day is a UTC day; tokens read from a cache count a tenth. */
export const caps = z.strictObject({
  /** Runs at once, over all profiles. */
  max_concurrent: z.int().min(1).optional(),
  /** Seconds one run may take. */
  max_wall_seconds: z.int().min(10).optional(),
  max_tokens_per_run: z.int().min(1).optional(),
  max_tokens_per_day: z.int().min(1).optional(),
  max_usd_per_run: z.number().positive().optional(),
  max_usd_per_day: z.number().positive().optional(),
  /** Work without a known price may go on under a USD cap, which then does not count it. */
  allow_unknown_price: z.boolean().optional(),
});
export type Caps = z.infer<typeof caps>;

/** What caps are for: `user`, `project:<directory>`, `profile:<id>` or `model:<id>`. */
export const SUBJECT = /^(?:user|(?:project|profile):.+|model:[\w.:@/[\]-]{1,200})$/;

const guardFile = z.strictObject({
  schema_version: z.number(),
  updated: z.string(),
  caps: z.record(z.string().regex(SUBJECT), caps),
});

/** All caps of a user, by subject. Each counts by itself; a run has to keep all of its own. */
export type CapsBySubject = Readonly<Record<string, Caps>>;

/**
 * The caps, `~/.cc-orchestrator/cost-guard.json`. They belong to the user and not to a project, because a
 * project must not be able to widen them. A file that cannot be read is an error and never "no caps".
 */
export async function readCaps(home: UserHome): Promise<CapsBySubject> {
  const value = await readJson(home.costGuard);
  if (value === undefined) return {};
  const parsed = guardFile.safeParse(value);
  if (parsed.success) return parsed.data.caps;
  requireWritableVersion(
    { schema_version: numberAt(value, 'schema_version') ?? 0 },
    home.costGuard,
  );
  throw new CcError('BAD_INPUT', `The caps are not valid: ${z.prettifyError(parsed.error)}`, {
    hint: `Correct ${home.costGuard}, or remove it to have no caps.`,
  });
}

/** Replaces them all; the ones before are kept beside them as `.bak`. */
export async function writeCaps(home: UserHome, all: CapsBySubject, clock: Clock): Promise<void> {
  const path = home.costGuard;
  await makePrivateDir(home.root);
  await copyFile(path, `${path}.bak`).catch((error: unknown) => {
    if (errnoOf(error) !== 'ENOENT') throw error;
  });
  const file: z.infer<typeof guardFile> = {
    schema_version: SCHEMA_VERSION,
    updated: isoTime(clock.now()),
    caps: all,
  };
  await writeJsonAtomic(path, file, { durable: true });
}

/** Changes whenever the caps may have changed. */
export function capsStamp(home: UserHome): string {
  const found = statSync(home.costGuard, { throwIfNoEntry: false });
  return found === undefined ? '' : `${found.ino}.${found.mtimeMs}.${found.size}`;
}
