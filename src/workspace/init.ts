import { lstat, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { type Clock, isoTime } from '../core/clock.ts';
import { CcError, errnoOf } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import { numberAt } from '../core/json.ts';
import { createFileAtomic, makePrivateDir, readJson } from '../store/atomic.ts';
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
 * are not touched: one `.gitignore` inside `.agent-workspace/` hides the directory.
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
    await refuseLinks(workspace);
    for (const name of MANAGED_DIRS) {
      const path = managedDir(workspace, name);
      if (await makePrivateDir(path)) created.push(path);
    }
    const shared = sharedPaths(workspace);
    await makePrivateDir(shared.active);
    await makePrivateDir(shared.last);
    await makePrivateDir(shared.keys);
    await createOnce(join(dirname(workspace.base), '.gitignore'), '*\n', created);
    await createOnce(join(workspace.base, 'README.md'), README, created);
    const file = await openWorkspaceFile(workspace, clock, created);
    await remember(workspace, home, clock);
    return { file, created };
  } catch (error) {
    throw explained(
      error,
      workspace.base,
      'Runs are recorded in the project. Make it writable for this user, or pass another cwd.',
    );
  }
}

async function remember(workspace: Workspace, home: UserHome, clock: Clock): Promise<void> {
  try {
    await rememberWorkspace(home, workspace.root, clock);
  } catch (error) {
    throw explained(error, home.root, 'Set CC_ORCHESTRATOR_HOME to a directory you can write.');
  }
}

async function openWorkspaceFile(
  workspace: Workspace,
  clock: Clock,
  created: string[],
): Promise<WorkspaceFile> {
  const path = sharedPaths(workspace).workspaceFile;
  const existing = await readJson(path);
  if (existing !== undefined) return checked(existing, path);
  const now = clock.now();
  const file = { schema_version: SCHEMA_VERSION, id: newId('ws', now), created: isoTime(now) };
  // Several servers may come here at once; the first one's id is everybody's.
  await createOnce(path, `${JSON.stringify(file, null, 2)}\n`, created);
  return checked(await readJson(path), path);
}

function checked(value: unknown, path: string): WorkspaceFile {
  const version = numberAt(value, 'schema_version');
  if (version !== undefined) requireWritableVersion({ schema_version: version }, path);
  const parsed = workspaceFile.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new CcError('STORAGE_CORRUPT', `Not a workspace file: ${path}`, {
    hint: 'Restore the file, or remove it to get a new one.',
  });
}

/** A repository could ship the workspace as a link and have us write wherever that leads. */
async function refuseLinks(workspace: Workspace): Promise<void> {
  for (const path of [dirname(workspace.base), workspace.base]) {
    const isLink = await lstat(path).then(
      (entry) => entry.isSymbolicLink(),
      () => false,
    );
    if (!isLink) continue;
    throw new CcError('NOT_ALLOWED', `${path} is a symbolic link.`, {
      hint: 'Remove the link; runs are recorded in a directory of the project itself.',
    });
  }
}

async function createOnce(path: string, text: string, created: string[]): Promise<void> {
  const there = await stat(path).then(
    () => true,
    () => false,
  );
  if (!there && (await createFileAtomic(path, text))) created.push(path);
}

function explained(error: unknown, path: string, hint: string): unknown {
  const code = errnoOf(error);
  if (code === 'ENOTDIR' || code === 'EEXIST') {
    return new CcError('NOT_A_DIRECTORY', `Something in ${path} is not a directory (${code}).`, {
      hint: 'A file stands where a directory must be. Move it away.',
      cause: error,
    });
  }
  if (code !== 'EROFS' && code !== 'EACCES' && code !== 'EPERM') return error;
  return new CcError('STORAGE_READ_ONLY', `Cannot write ${path} (${code}).`, {
    hint,
    cause: error,
  });
}
