import type { Redactor } from '../../core/redact.ts';
import { plural } from '../../core/text.ts';
import { newCommits } from '../../git/whole/commits.ts';
import { compareWhole, type WholeDiff } from '../../git/whole/compare.ts';
import type { WholeSnapshot } from '../../git/whole/whole.ts';
import { SCHEMA_VERSION } from '../../store/versions.ts';
import type { Host } from '../../workspace/host.ts';
import type { RunPaths } from '../../workspace/layout.ts';
import type { ChangedFile, ChangedFiles } from '../artifacts/changed-files.ts';
import type { RunRecord } from '../record.ts';
import { readCallLog } from './call-log.ts';
import { explainer } from './explain.ts';
import { judgeScope } from './judge-scope.ts';

/** A build can leave a hundred thousand; beyond this, those that matter least are only counted. */
const FILES_KEPT = 5_000;

export type Assessed = { changes: ChangedFiles; patch: string };

export type AssessOptions = {
  maxPatchBytes?: number;
  /** Only these files and directories, relative to the root. */
  only?: readonly string[];
  signal?: AbortSignal;
  /** As the events of the run are redacted. */
  hide?: Redactor;
};

/** What changed between two snapshots of a run: by whom, and whether it was allowed. */
export async function assess(
  host: Host,
  { record, paths }: { record: RunRecord; paths: RunPaths },
  [base, after]: readonly [base: WholeSnapshot, after: WholeSnapshot],
  options: AssessOptions = {},
): Promise<Assessed> {
  const env = { env: host.env };
  const [diff, head] = await Promise.all([
    compareWhole(base, after, { ...env, ...options }),
    newCommits(base.root, base.head, after.head, env).catch(() => undefined),
  ]);
  const files = await judged(diff, record, paths, base, options.hide);
  const kept = files.length <= FILES_KEPT ? files : byWeight(files).slice(0, FILES_KEPT);
  const totals = totalsOf(files.filter(({ area }) => area === 'source'));
  const changes: ChangedFiles = {
    schema_version: SCHEMA_VERSION,
    source: 'snapshot',
    complete: diff.not_captured.length === 0,
    base,
    after,
    ...(head === undefined ? {} : { head }),
    files: kept,
    ...(kept.length < files.length ? { files_omitted: files.length - kept.length } : {}),
    not_captured: diff.not_captured,
    totals,
    over_limits: overLimits(files, record),
    omitted: diff.omitted,
    truncated: diff.truncated,
  };
  return { changes, patch: diff.patch };
}

async function judged(
  { files }: WholeDiff,
  record: RunRecord,
  paths: RunPaths,
  { root, taken }: WholeSnapshot,
  hide: Redactor | undefined,
): Promise<ChangedFile[]> {
  if (files.length === 0) return [];
  const log = await readCallLog(paths.events);
  const explain = explainer(log, { cwd: record.cwd, root, since: taken, hide });
  return files.map((file) => {
    const explanation = explain(file);
    return { ...file, ...judgeScope(file, explanation, { record, log, root }), by: explanation.by };
  });
}

/** What nobody may overlook comes first. */
function byWeight(files: readonly ChangedFile[]): ChangedFile[] {
  const weight = ({ scope, area }: ChangedFile) => (scope !== 'in' ? 0 : area === 'source' ? 1 : 2);
  return [...files].sort((a, b) => weight(a) - weight(b));
}

export function totalsOf(files: readonly ChangedFile[]): ChangedFiles['totals'] {
  const sum = (pick: (file: ChangedFile) => number | null) =>
    files.reduce((total, file) => total + (pick(file) ?? 0), 0);
  return {
    files: files.length,
    added: sum(({ added }) => added),
    deleted: sum(({ deleted }) => deleted),
  };
}

/** The worker's own source changes against the limits of its scope. */
function overLimits(files: readonly ChangedFile[], { scope }: RunRecord): string[] {
  const own = files.filter(({ area, by }) => area === 'source' && by !== 'unattributed');
  const { files: count, added, deleted } = totalsOf(own);
  const { max_files = Infinity, max_lines = Infinity } = scope ?? {};
  return [
    ...(count > max_files ? [`${plural(count, 'file')} changed, max_files is ${max_files}`] : []),
    ...(added + deleted > max_lines
      ? [`${added + deleted} lines changed, max_lines is ${max_lines}`]
      : []),
  ];
}
