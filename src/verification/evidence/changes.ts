import { basename, isAbsolute, join, relative, resolve, sep } from 'node:path';
import * as z from 'zod';
import { objectAt } from '../../core/json.ts';
import { isArtifact } from '../../git/artifact.ts';
import type { FoundRun } from '../../runs/find.ts';
import { treeRoot } from '../../runs/record.ts';
import { readJson } from '../../store/atomic.ts';
import { matchesScope } from '../../workers/claude/guard.ts';
import type { RunLog } from './run-log.ts';

const file = z.object({
  path: z.string(),
  status: z.string(),
  added: z.number().nullable().default(null),
  deleted: z.number().nullable().default(null),
  old_path: z.string().optional(),
  artifact: z.boolean().default(false),
  area: z.enum(['source', 'artifact', 'ignored', 'git']).optional(),
  scope: z.enum(['in', 'out', 'protected']).optional(),
  by: z.enum(['tool', 'shell', 'unattributed']).optional(),
});
export type ChangedFile = z.infer<typeof file>;

const tree = z.object({ tree: z.string(), object_dir: z.string(), root: z.string() });
export type Tree = z.infer<typeof tree>;

const stored = z.object({
  error: z.string().optional(),
  complete: z.boolean().optional(),
  files: z.array(file).optional(),
  base: z.unknown(),
  after: z.unknown(),
  not_captured: z.array(z.object({ path: z.string(), reason: z.string() })).default([]),
  omitted: z.array(z.object({ path: z.string() })).default([]),
});

/** What the run changed, however complete the file about it is. */
export type Changes = {
  known: boolean;
  problem?: string;
  complete: boolean;
  /** All of them, agent artifacts and ignored files included; paths relative to `root`. */
  files: ChangedFile[];
  /** Those of the project itself. */
  source: ChangedFile[];
  root: string;
  after: Tree | undefined;
  not_captured: string[];
  /** In no stored patch, or only in part. */
  unread: string[];
};

/** The one place that knows how changed_files.json looks; older ones have fewer fields. */
export async function readChanges({ paths, record }: FoundRun): Promise<Changes> {
  const value = await readJson(paths.changedFiles).catch(() => undefined);
  const parsed = stored.safeParse(value);
  const nothing: Changes = {
    known: false,
    complete: false,
    files: [],
    source: [],
    root: treeRoot(record),
    after: undefined,
    not_captured: [],
    unread: [],
  };
  if (value === undefined) return nothing;
  if (!parsed.success) return { ...nothing, problem: 'changed_files.json is damaged' };
  const { error, files, complete, not_captured, omitted } = parsed.data;
  if (error !== undefined) return { ...nothing, problem: error };
  if (files === undefined) return { ...nothing, problem: 'the run never got to its comparison' };
  const after = tree.safeParse(parsed.data.after).data;
  return {
    known: true,
    complete: complete ?? true,
    files,
    source: files.filter((one) => areaOf(one) === 'source'),
    root: after?.root ?? stringRoot(parsed.data.base) ?? treeRoot(record),
    after,
    not_captured: not_captured.map(({ path, reason }) => `${path} (${reason})`),
    unread: omitted.map(({ path }) => path).filter((path) => !isArtifact(path)),
  };
}

function stringRoot(base: unknown): string | undefined {
  return tree.safeParse(base).data?.root ?? tree.safeParse(objectAt(base, 'snapshot')).data?.root;
}

export function areaOf({ area, artifact, path }: ChangedFile): NonNullable<ChangedFile['area']> {
  return area ?? (artifact || isArtifact(path) ? 'artifact' : 'source');
}

/** Changed files that the scope does not allow. */
export function outsideScope(changes: Changes, { record }: FoundRun): string[] {
  const globs = record.scope?.paths ?? [];
  const found = changes.files.filter((one) => {
    if (one.scope !== undefined) return one.scope !== 'in';
    if (areaOf(one) !== 'source' || record.scope === null) return false;
    return [one.path, ...(one.old_path === undefined ? [] : [one.old_path])].some((path) => {
      const inCwd = relative(record.cwd, join(changes.root, path)).split(sep).join('/');
      return inCwd.startsWith('../') || !matchesScope(globs, inCwd);
    });
  });
  const told = record.outcome?.outside_scope ?? [];
  return [...new Set([...found.map(({ path }) => path), ...told])];
}

/** Changes of the project that nothing the worker did can explain. */
export function unattributed(changes: Changes, log: RunLog, run: FoundRun): string[] {
  const ranShell = log.commands.some(({ status }) => status !== 'refused');
  const written = new Set(log.writes.map(({ path }) => toRoot(path, changes.root, run.record.cwd)));
  return changes.source
    .filter(({ path, by }) =>
      by === undefined ? !ranShell && !written.has(path) : by === 'unattributed',
    )
    .map(({ path }) => path);
}

/** Directories of installed programs and packages, which a test run trusts blindly. */
const PACKAGES =
  /(?:^|\/)(?:node_modules|\.venv|venv|site-packages|\.tox|vendor\/bundle|\.cargo)\//;

/** Changes of what checks rely on, which no comparison of sources shows. */
export function changedTools(changes: Changes, log: RunLog): string[] {
  const files = changes.files
    .filter((one) => PACKAGES.test(one.path) || (areaOf(one) === 'git' && one.scope === undefined))
    .map(({ path }) => path);
  const written = log.writes.filter(({ ok }) => ok).map(({ path }) => path);
  const redirected = log.commands
    .filter(({ status }) => status !== 'refused')
    .flatMap(({ writesTo }) => writesTo);
  return [
    ...new Set([...files, ...[...written, ...redirected].filter((path) => PACKAGES.test(path))]),
  ];
}

/** Limits a scope may have on how much is changed. */
export function exceeded(changes: Changes, metadata: unknown): string[] {
  const limits = z
    .object({ max_files: z.number().optional(), max_lines: z.number().optional() })
    .safeParse(objectAt(metadata, 'scope')).data;
  const { max_files = Infinity, max_lines = Infinity } = limits ?? {};
  const lines = changes.source.reduce((sum, one) => sum + (one.added ?? 0) + (one.deleted ?? 0), 0);
  const found: string[] = [];
  if (changes.source.length > max_files) {
    found.push(`${changes.source.length} files changed, at most ${max_files} allowed`);
  }
  if (lines > max_lines) found.push(`${lines} lines changed, at most ${max_lines} allowed`);
  return found;
}

/** A path as a worker names it (absolute, or relative to its directory) relative to the root. */
export function toRoot(path: string, root: string, cwd: string): string {
  const absolute = isAbsolute(path) ? path : resolve(cwd, path);
  const inRoot = relative(root, absolute).split(sep).join('/');
  return inRoot === '' ? basename(absolute) : inRoot;
}
