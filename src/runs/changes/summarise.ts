import * as z from 'zod';
import { compact } from '../../core/json.ts';
import type { ChangedFile, ChangedFiles } from '../artifacts/changed-files.ts';
import { totalsOf } from './assess.ts';
import { isUnexplained, isViolation } from './record-changes.ts';
import { needsTests, RISK_KINDS, risksOf } from './risks.ts';

const counts = z.object({ files: z.number(), added: z.number(), deleted: z.number() });
const list = z.object({ count: z.number(), paths: z.array(z.string()) });

/** What a controller needs to know of a change before it reads any of it. */
export const changeSummary = z.object({
  /** By where the files are; `source` is the project. */
  areas: z.partialRecord(z.enum(['source', 'artifact', 'ignored', 'git']), counts),
  /** The largest source changes: status, path, lines. */
  top: z.array(z.string()),
  out_of_scope: list.optional(),
  over_limits: z.array(z.string()).optional(),
  unattributed: list.optional(),
  /** Made by the worker, latest first. */
  commits: z.array(z.string()).optional(),
  risks: z.array(
    z.object({ kind: z.enum(RISK_KINDS), count: z.number(), paths: z.array(z.string()) }),
  ),
  tests_needed: z.boolean(),
  tests_changed: z.boolean(),
  /** False: something may have changed that nobody could see. */
  complete: z.boolean(),
  not_captured: z.array(z.string()).optional(),
});
export type ChangeSummary = z.infer<typeof changeSummary>;

const TOP_FILES = 12;
const PATHS_SHOWN = 8;
const COMMITS_SHOWN = 8;

type Facts = Pick<ChangedFiles, 'files' | 'complete' | 'not_captured'> &
  Partial<Pick<ChangedFiles, 'head' | 'over_limits'>>;

export function summariseChanges({
  files,
  complete,
  not_captured,
  head,
  over_limits = [],
}: Facts): ChangeSummary {
  const risks = risksOf(files);
  return {
    areas: areasOf(files),
    top: [...files]
      .filter(({ area }) => area === 'source')
      .sort((a, b) => linesOf(b) - linesOf(a))
      .slice(0, TOP_FILES)
      .map(changeLine),
    risks: risks.map(({ kind, paths }) => ({ kind, ...listOf(paths) })),
    tests_needed: needsTests(files),
    tests_changed: risks.some(({ kind }) => kind === 'tests'),
    complete,
    ...compact({
      out_of_scope: some(files.filter(isViolation)),
      over_limits: over_limits.length === 0 ? undefined : over_limits,
      unattributed: some(files.filter(isUnexplained)),
      commits: head?.commits
        .slice(0, COMMITS_SHOWN)
        .map(({ id, subject }) => `${id.slice(0, 12)} ${subject}`),
      not_captured:
        not_captured.length === 0
          ? undefined
          : not_captured.slice(0, PATHS_SHOWN).map(({ path, reason }) => `${path} (${reason})`),
    }),
  };
}

function areasOf(files: readonly ChangedFile[]): ChangeSummary['areas'] {
  const areas: ChangeSummary['areas'] = {};
  for (const name of ['source', 'artifact', 'ignored', 'git'] as const) {
    const some = files.filter(({ area }) => area === name);
    if (some.length > 0) areas[name] = totalsOf(some);
  }
  return areas;
}

/** `modified src/a.ts (+3 -1)`, with what else has to be said. */
export function changeLine(
  file: Pick<ChangedFile, 'path' | 'status' | 'added' | 'deleted' | 'old_path'> &
    Partial<Pick<ChangedFile, 'area' | 'scope' | 'by' | 'unread' | 'perm'>>,
): string {
  const { area, scope, by, perm } = file;
  const size =
    file.added === null
      ? file.unread === true
        ? 'content not kept'
        : 'binary'
      : `+${file.added} -${file.deleted ?? 0}`;
  const notes = [
    size,
    ...(perm === undefined ? [] : [`mode ${perm.from} to ${perm.to}`]),
    ...(area === undefined || area === 'source' ? [] : [area]),
    ...(scope === undefined || scope === 'in' ? [] : [scope === 'out' ? 'out of scope' : scope]),
    ...(by === 'unattributed' ? [by] : []),
  ];
  const name = file.old_path === undefined ? file.path : `${file.old_path} to ${file.path}`;
  return `${file.status} ${name} (${notes.join(', ')})`;
}

function linesOf({ added, deleted }: ChangedFile): number {
  return (added ?? 0) + (deleted ?? 0);
}

function some(files: readonly ChangedFile[]) {
  return files.length === 0 ? undefined : listOf(files.map(({ path }) => path));
}

function listOf(paths: readonly string[]) {
  return { count: paths.length, paths: paths.slice(0, PATHS_SHOWN) };
}
