import { basename, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import * as z from 'zod';
import { isId } from '../../core/ids.ts';
import { isFinal, RUN_STATES } from '../../core/vocabulary.ts';
import { makePrivateDir, readJson, writeJsonAtomic } from '../../store/atomic.ts';
import { treeBytes } from '../../store/size.ts';
import { SCHEMA_VERSION } from '../../store/versions.ts';
import { privateRunPaths, type UserHome } from '../../workspace/home.ts';
import { runPaths, sharedPaths, type Workspace } from '../../workspace/layout.ts';
import { runIds } from '../run-ids.ts';

const entry = z.object({
  ended: z.string(),
  /** Its directory and its private store, without its session. */
  bytes: z.number(),
  /** The first run of its task; itself where it is the first. */
  root: z.string(),
  /** Directory below the private sessions, which later runs of the task may share. */
  session: z.string().nullable(),
});
export type CatalogueEntry = z.infer<typeof entry>;

const catalogueFile = z.object({
  schema_version: z.number(),
  runs: z.record(z.string(), entry),
  /** Bytes of each session when a run with it was last looked at. */
  sessions: z.record(z.string(), z.number()),
});

export type Catalogue = {
  /** Runs that have ended, by id. */
  runs: Map<string, CatalogueEntry>;
  sessions: Map<string, number>;
  /** Ids of all run directories, oldest first. */
  ids: string[];
  /** Directories in which a launcher died before it wrote a record. */
  stillborn: string[];
};

export function cataloguePath(workspace: Workspace): string {
  return join(sharedPaths(workspace).retention, 'runs.json');
}

/**
 * What is known of the ended runs of a workspace. A cache: only runs it does not have are looked at.
 * Writing it is also the note that somebody has looked.
 */
export async function readCatalogue(workspace: Workspace, home: UserHome): Promise<Catalogue> {
  const file = catalogueFile.safeParse(
    await readJson(cataloguePath(workspace)).catch(() => undefined),
  ).data;
  const known = new Map(Object.entries(file?.runs ?? {}));
  const catalogue: Catalogue = {
    runs: new Map(),
    sessions: new Map(Object.entries(file?.sessions ?? {})),
    ids: await runIds(workspace),
    stillborn: [],
  };
  for (const id of catalogue.ids) {
    const before = known.get(id);
    if (before !== undefined) catalogue.runs.set(id, before);
    else await look(workspace, home, id, catalogue);
  }
  return catalogue;
}

export async function writeCatalogue(workspace: Workspace, catalogue: Catalogue): Promise<void> {
  const used = new Set([...catalogue.runs.values()].map(({ session }) => session));
  const sessions = [...catalogue.sessions].filter(([name]) => used.has(name));
  await makePrivateDir(sharedPaths(workspace).retention);
  await writeJsonAtomic(cataloguePath(workspace), {
    schema_version: SCHEMA_VERSION,
    runs: Object.fromEntries(catalogue.runs),
    sessions: Object.fromEntries(sessions),
  });
}

/** Of a record only what matters here, so that one of another version is understood as well. */
const endedRun = z.object({
  run_id: z.string(),
  created: z.string(),
  state: z.enum(RUN_STATES),
  ended: z.string().optional(),
  imported: z.object({ time: z.string() }).optional(),
  lineage: z.object({ root: z.string() }).optional(),
  worker: z.object({ config_dir: z.string().nullable() }),
});

async function look(
  workspace: Workspace,
  home: UserHome,
  id: string,
  catalogue: Catalogue,
): Promise<void> {
  const paths = runPaths(workspace, id);
  let value: unknown;
  try {
    value = await readJson(paths.metadata);
  } catch {
    return; // whatever it is, it is not ours to judge
  }
  if (value === undefined) {
    catalogue.stillborn.push(id);
    return;
  }
  const record = endedRun.safeParse(value).data;
  if (record?.run_id !== id || !isFinal(record.state)) return;
  const session = sessionOf(record.worker.config_dir, home);
  catalogue.runs.set(id, {
    // Whoever brings an old run here wants to keep it for as long as any other.
    ended: record.imported?.time ?? record.ended ?? record.created,
    bytes: treeBytes(paths.dir) + treeBytes(privateRunPaths(home, id).dir),
    root: record.lineage?.root ?? id,
    session,
  });
  if (session !== null) catalogue.sessions.set(session, treeBytes(join(home.sessions, session)));
  // Thousands of runs may be new; whoever else this process serves goes on meanwhile.
  await setImmediate();
}

/** Only a directory of ours, whatever the record says: it may be removed one day. */
function sessionOf(configDir: string | null, home: UserHome): string | null {
  if (configDir === null) return null;
  const name = basename(configDir);
  return isId(name, 'run') && configDir === join(home.sessions, name) ? name : null;
}
