import { join } from 'node:path';
import * as z from 'zod';
import { readJson, writeJsonAtomic } from '../store/atomic.ts';
import { SCHEMA_VERSION } from '../store/versions.ts';
import { MANAGED_DIRS, managedDir, type Workspace } from './layout.ts';

/** Where agents may put what they make, for people and models that ask. */
export const folderPolicySchema = z.object({
  schema_version: z.number(),
  principle: z.string(),
  artifact_dirs: z.array(z.string()),
  /** Project files a tool may create or change, and only when it was asked to. */
  project_files_on_request: z.array(z.string()),
  /** Never changed by a worker, whatever its scope. */
  protected_paths: z.array(z.string()),
});
export type FolderPolicy = z.infer<typeof folderPolicySchema>;

export function folderPolicy(): FolderPolicy {
  return {
    schema_version: SCHEMA_VERSION,
    principle:
      'Artifacts go into the workspace; project files change only through a run with allow_write and a scope.',
    artifact_dirs: [...MANAGED_DIRS],
    project_files_on_request: ['CLAUDE.md', '.mcp.json', '.gitignore'],
    protected_paths: ['.git/', '.agent-workspace/', '.claude/', '.mcp.json'],
  };
}

export function folderPolicyPath(workspace: Workspace): string {
  return join(managedDir(workspace, 'policies'), 'folder-policy.json');
}

/** Writes the policy where agents look for it; says whether that changed anything. */
export async function writeFolderPolicy(workspace: Workspace): Promise<boolean> {
  const path = folderPolicyPath(workspace);
  const policy = folderPolicy();
  const before = folderPolicySchema.safeParse(await readJson(path).catch(() => undefined)).data;
  if (JSON.stringify(before) === JSON.stringify(policy)) return false;
  await writeJsonAtomic(path, policy);
  return true;
}
