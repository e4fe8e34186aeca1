import { closeSync, openSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { numberAt } from '../../core/json.ts';
import { runIds } from '../../runs/run-ids.ts';
import { readJson } from '../../store/atomic.ts';
import { readNdjsonHeader } from '../../store/ndjson-header.ts';
import { SCHEMA_VERSION } from '../../store/versions.ts';
import type { UserHome } from '../../workspace/home.ts';
import { managedDir, runPaths, type Workspace } from '../../workspace/layout.ts';

export type Formats = {
  /** What this build reads and writes; something newer it only reads. */
  understood: number;
  /** How many of the files that were looked at have which format. */
  found: Record<string, number>;
  /** Written by a newer version: left alone until that version is here. */
  newer?: string[];
  unreadable?: string[];
};

/** Records that are looked at, the newest ones; they tell of the others. */
const RUNS = 500;
const NAMED = 10;

/** The formats of what lies in a workspace and in the user's home. Reads only. */
export async function findFormats(workspace: Workspace, home: UserHome): Promise<Formats> {
  const newestRuns = (await runIds(workspace)).slice(-RUNS);
  const state = join(workspace.base, 'state');
  const paths = [
    ...(await filesIn(workspace.base)),
    ...(await filesIn(managedDir(workspace, 'policies'))),
    ...(await filesIn(managedDir(workspace, 'ledger'))),
    ...(await filesIn(state, 2)),
    ...newestRuns.map((id) => runPaths(workspace, id).metadata),
    ...(await filesIn(home.root)),
    ...(await filesIn(home.routing)),
    ...(await filesIn(home.capabilities)),
    ...(await filesIn(join(home.root, 'setup'))),
  ];
  const found: Record<string, number> = {};
  const newer: string[] = [];
  const unreadable: string[] = [];
  for (const path of paths) {
    const version = await versionOf(path).catch(() => null);
    if (version === undefined) continue;
    if (version === null) unreadable.push(path);
    else {
      found[version] = (found[version] ?? 0) + 1;
      if (version > SCHEMA_VERSION) newer.push(path);
    }
  }
  return {
    understood: SCHEMA_VERSION,
    found,
    ...(newer.length > 0 ? { newer: newer.slice(0, NAMED) } : {}),
    ...(unreadable.length > 0 ? { unreadable: unreadable.slice(0, NAMED) } : {}),
  };
}

/** undefined: not there (any more), or of no format. */
async function versionOf(path: string): Promise<number | undefined> {
  if (path.endsWith('.json')) return numberAt(await readJson(path), 'schema_version');
  const fd = openSync(path, 'r');
  try {
    return readNdjsonHeader(fd, path)?.header.schema_version;
  } finally {
    closeSync(fd);
  }
}

async function filesIn(directory: string, depth = 1): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  const found: string[] = [];
  for (const entry of entries) {
    const path = join(directory, entry.name);
    if (entry.isFile() && /^[^.].*\.(?:json|ndjson)$/.test(entry.name)) found.push(path);
    if (entry.isDirectory() && depth > 1) found.push(...(await filesIn(path, depth - 1)));
  }
  return found.sort();
}
