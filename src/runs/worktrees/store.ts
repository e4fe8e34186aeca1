import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import * as z from 'zod';
import { CcError } from '../../core/errors.ts';
import { isId, requireId } from '../../core/ids.ts';
import { readJson, writeJsonAtomic } from '../../store/atomic.ts';
import type { UserHome } from '../../workspace/home.ts';
import type { Host } from '../../workspace/host.ts';

/** `worktree.json` beside a copy: whose it is, and what became of it. */
const worktreeFile = z.object({
  schema_version: z.number(),
  id: z.string(),
  /** The project. */
  workspace: z.string(),
  created: z.string(),
  /** Runs that worked in it, oldest first. */
  runs: z.array(z.string()),
  ports: z.record(z.string(), z.number()),
  /** `open`: its result was neither applied nor discarded. */
  state: z.enum(['open', 'applied', 'discarded']),
});
export type WorktreeFile = z.infer<typeof worktreeFile>;

export function worktreePaths(home: UserHome, id: string) {
  const dir = join(home.worktrees, requireId(id, 'tree'));
  return {
    dir,
    file: join(dir, 'worktree.json'),
    scratch: join(dir, 'snapshot'),
    tree: (project: string) => join(dir, basename(project) || 'project'),
  };
}

export async function readWorktree(home: UserHome, id: string): Promise<WorktreeFile | undefined> {
  const value = await readJson(worktreePaths(home, id).file).catch(() => undefined);
  return worktreeFile.safeParse(value).data;
}

export async function writeWorktree(home: UserHome, file: WorktreeFile): Promise<void> {
  await writeJsonAtomic(worktreePaths(home, file.id).file, file, { durable: true });
}

/** What became of it is noted, where it is still there. */
export async function settleWorktree(
  home: UserHome,
  id: string,
  state: WorktreeFile['state'],
): Promise<void> {
  const file = await readWorktree(home, id);
  if (file !== undefined) await writeWorktree(home, { ...file, state });
}

export async function worktreeIds(home: UserHome): Promise<string[]> {
  const names = await readdir(home.worktrees).catch(() => []);
  return names.filter((name) => isId(name, 'tree')).sort();
}

/** Another run works in it; what it makes of it is open again. */
export async function joinWorktree({ home }: Host, id: string, runId: string): Promise<void> {
  const file = await readWorktree(home, id);
  if (file === undefined) {
    throw new CcError('NOT_FOUND', `The worktree ${id} is gone.`, {
      hint: 'Its task cannot go on there; start a new run.',
    });
  }
  await writeWorktree(home, { ...file, runs: [...file.runs, runId], state: 'open' });
}

/** Of a run that did not begin after all. */
export async function dropWorktree({ home }: Host, id: string): Promise<void> {
  await rm(worktreePaths(home, id).dir, { recursive: true, force: true });
}
