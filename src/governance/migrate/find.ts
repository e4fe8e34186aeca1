import { readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { CcError } from '../../core/errors.ts';
import { PRODUCT_DIR, WORKSPACE_DIR, type Workspace } from '../../workspace/layout.ts';

/** Something that is not brought here, and why. */
export type Left = { path: string; reason: string };

export type FoundData = {
  /** Directories of runs, oldest first. */
  runs: string[];
  /** Markdown and JSON reports that do not lie in the workspace already. */
  reports: string[];
  left: Left[];
};

/** `20260501T101112Z-0a1b2c3d`: what the predecessor called a run. */
export const OLD_RUN = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-[0-9a-f]{8}$/;

/** Where the predecessor kept its data, below a project or its own installation (python-predecessor.md §2.1). */
const MANAGED = join(WORKSPACE_DIR, PRODUCT_DIR);
const LEGACY = join('scripts', 'cc-orchestrator');

/** Things of the predecessor that have no counterpart, with what does the job today. */
const WITHOUT_COUNTERPART: readonly [name: string, reason: string][] = [
  ['dashboard', 'made anew from the runs'],
  [join('runs', 'teams'), 'lists of runs; the runs themselves are brought here'],
  [join('runs', 'queue.json'), 'jobs that were waiting; start them anew'],
  ['workflows', 'only mock runs were possible'],
  [join('config', 'cost_guard.json'), 'caps are per profile: cc_cost_guard'],
  [join('config', 'local_policy.override.json'), 'preferences: cc_local_policy'],
  [join('config', 'model_benchmark_history.json'), 'measured in another way: cc_benchmark_model'],
];

/** Looks for data of the predecessor in a project, or in another directory. Links are not followed. */
export async function findData(workspace: Workspace, from: string | undefined): Promise<FoundData> {
  const top = from === undefined ? workspace.root : await requireDirectory(from);
  const found: FoundData = { runs: [], reports: [], left: [] };
  for (const base of [
    join(top, MANAGED),
    join(top, LEGACY),
    ...(from === undefined ? [] : [top]),
  ]) {
    found.runs.push(...(await runsIn(join(base, 'runs'), found.left)));
    // In our own workspace they lie where they belong.
    if (base !== workspace.base) found.reports.push(...(await reportsIn(join(base, 'reports'))));
    for (const [name, reason] of WITHOUT_COUNTERPART) {
      const path = join(base, name);
      const isOurs = base === workspace.base && (name === 'workflows' || name === 'dashboard');
      const isEmpty = (await namesIn(path)).length === 0 && !(await isFile(path));
      if (!isOurs && !isEmpty) found.left.push({ path, reason });
    }
  }
  return { ...found, runs: [...new Set(found.runs)] };
}

async function requireDirectory(path: string): Promise<string> {
  const isDirectory =
    !path.includes('\0') && (await stat(path).catch(() => undefined))?.isDirectory();
  if (isDirectory) return realpath(path);
  throw new CcError('NOT_A_DIRECTORY', `Not a directory: ${path.slice(0, 300)} (from).`, {
    hint: "Pass the predecessor's installation, or a project it worked in.",
  });
}

async function runsIn(directory: string, left: Left[]): Promise<string[]> {
  const runs: string[] = [];
  if (await isLink(directory)) {
    left.push({ path: directory, reason: 'a link; pass what it leads to as from' });
    return runs;
  }
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (!OLD_RUN.test(entry.name)) continue;
    const path = directory + sep + entry.name;
    if (entry.isDirectory()) runs.push(path);
    else left.push({ path, reason: 'no directory' });
  }
  return runs.sort();
}

async function reportsIn(directory: string): Promise<string[]> {
  if (await isLink(directory)) return [];
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile() && /^\w[\w.-]*\.(?:md|json)$/.test(entry.name))
    .map((entry) => join(directory, entry.name))
    .sort();
}

/** Itself, or one of the directories above it. */
async function isLink(directory: string): Promise<boolean> {
  return (await realpath(directory).catch(() => directory)) !== directory;
}

async function namesIn(path: string): Promise<string[]> {
  return readdir(path).catch(() => []);
}

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() === true;
}
