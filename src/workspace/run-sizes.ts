import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import * as z from 'zod';
import { makePrivateDir, readJson, writeJsonAtomic } from '../store/atomic.ts';
import { type TreeSize, treeSize } from '../store/size.ts';
import { SCHEMA_VERSION } from '../store/versions.ts';
import { managedDir, sharedPaths, type Workspace } from './layout.ts';

/** A run that goes on replaces files of its directory every second; this one is at rest. */
const AT_REST_MS = 10 * 60_000;
/** Whoever else this process serves goes on after so many directories. */
const TURN = 200;
/** Fewer new ones are looked at again next time. */
const WORTH_WRITING = 50;

/** Modification time of a directory in ms, its files and their bytes. */
const sizesFile = z.object({
  dirs: z.record(z.string(), z.tuple([z.number(), z.number(), z.number()])),
});
type Sizes = z.infer<typeof sizesFile>['dirs'];

/**
 * What all runs of a workspace take. A cache by directory time, which can be deleted, spares the look
 * into those at rest: 10 000 runs cost a stat each instead of a walk.
 */
export async function sizeOfRuns(workspace: Workspace, now: Date): Promise<TreeSize> {
  const path = join(sharedPaths(workspace).retention, 'sizes.json');
  const known = sizesFile.safeParse(await readJson(path).catch(() => undefined)).data?.dirs ?? {};
  const kept: Sizes = {};
  const sum = { files: 0, bytes: 0 };
  let looked = 0;
  let count = 0;
  const runs = managedDir(workspace, 'runs');
  for (const name of namesIn(runs)) {
    count += 1;
    if (count % TURN === 0) await setImmediate();
    const directory = join(runs, name);
    const stat = lstatSync(directory, { throwIfNoEntry: false });
    if (stat === undefined) continue;
    const before = Object.hasOwn(known, name) ? known[name] : undefined;
    const isSame = before !== undefined && before[0] === stat.mtimeMs;
    const size = isSame ? { files: before[1], bytes: before[2] } : sizeAt(directory, stat);
    if (!isSame) looked += 1;
    if (now.getTime() - stat.mtimeMs > AT_REST_MS) {
      kept[name] = [stat.mtimeMs, size.files, size.bytes];
    }
    sum.files += size.files;
    sum.bytes += size.bytes;
  }
  if (looked >= WORTH_WRITING) await store(path, workspace, kept).catch(() => undefined);
  return sum;
}

function sizeAt(path: string, stat: { isDirectory(): boolean; size: number }): TreeSize {
  return stat.isDirectory() ? treeSize(path) : { files: 1, bytes: stat.size };
}

async function store(path: string, workspace: Workspace, dirs: Sizes): Promise<void> {
  await makePrivateDir(sharedPaths(workspace).retention);
  await writeJsonAtomic(path, { schema_version: SCHEMA_VERSION, dirs });
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
