import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { type Clock, isoTime } from '../core/clock.ts';
import { CcError, errnoOf } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import { makePrivateDir, PRIVATE_FILE, readJson, writeJsonAtomic } from '../store/atomic.ts';
import { requireWritableVersion, SCHEMA_VERSION } from '../store/versions.ts';
import { rememberWorkspace, type UserHome } from './home.ts';
import { MANAGED_DIRS, managedDir, sharedPaths, type Workspace } from './layout.ts';

const workspaceFile = z.object({
  schema_version: z.number(),
  id: z.string(),
  created: z.string(),
});
export type WorkspaceFile = z.infer<typeof workspaceFile>;

const README = `# Workspace of cc-orchestrator

Everything that delegated workers did in this project is recorded here. \`runs/<run id>/\` holds one
run each: what was asked, every event, the result, the diff, the cost. These files are the truth;
nothing else keeps state about them. The directory is ignored by git and may be deleted when no run
is active.
`;

/**
 * Creates the workspace, or completes it; running it again changes nothing. The project's own files
 * are not touched: one \`.gitignore\` inside \`.agent-workspace/\` hides the directory.
 *
 * @returns the workspace file and the paths that were created by this call.
 */
export async function initWorkspace(
  workspace: Workspace,
  home: UserHome,
  clock: Clock,
): Promise<{ file: WorkspaceFile; created: string[] }> {
  const created: string[] = [];
  try {
    for (const name of MANAGED_DIRS) {
      const first = await mkdir(managedDir(workspace, name), { recursive: true, mode: 0o700 });
      if (first !== undefined) created.push(managedDir(workspace, name));
    }
    const shared = sharedPaths(workspace);
    await makePrivateDir(shared.active);
    await makePrivateDir(shared.last);
    await makePrivateDir(shared.keys);
    await createOnce(join(dirname(workspace.base), '.gitignore'), '*\n', created);
    await createOnce(join(workspace.base, 'README.md'), README, created);
    const file = await openWorkspaceFile(workspace, clock, created);
    await rememberWorkspace(home, workspace.root, clock);
    return { file, created };
  } catch (error) {
    throw explained(error, workspace);
  }
}

async function openWorkspaceFile(
  workspace: Workspace,
  clock: Clock,
  created: string[],
): Promise<WorkspaceFile> {
  const path = sharedPaths(workspace).workspaceFile;
  const existing = workspaceFile.safeParse(await readJson(path));
  if (existing.success) {
    requireWritableVersion(existing.data, path);
    return existing.data;
  }
  const now = clock.now();
  const file = { schema_version: SCHEMA_VERSION, id: newId('ws', now), created: isoTime(now) };
  await writeJsonAtomic(path, file);
  created.push(path);
  return file;
}

async function createOnce(path: string, text: string, created: string[]): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'wx', mode: PRIVATE_FILE });
    created.push(path);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
}

function explained(error: unknown, workspace: Workspace): unknown {
  const code = errnoOf(error);
  if (code !== 'EROFS' && code !== 'EACCES' && code !== 'EPERM') return error;
  return new CcError('STORAGE_READ_ONLY', `Cannot write ${workspace.base} (${code}).`, {
    hint: 'Runs are recorded in the project. Make it writable for this user, or pass another cwd.',
    cause: error,
  });
}
