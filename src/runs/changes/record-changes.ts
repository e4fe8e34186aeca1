import { toErrorFacts } from '../../core/errors.ts';
import { type Redactor, redactJson } from '../../core/redact.ts';
import { writeFileAtomic, writeJsonAtomic } from '../../store/atomic.ts';
import { SCHEMA_VERSION } from '../../store/versions.ts';
import type { Host } from '../../workspace/host.ts';
import type { RunPaths } from '../../workspace/layout.ts';
import type { ChangedFile } from '../artifacts/changed-files.ts';
import type { RunRecord } from '../record.ts';
import { assess } from './assess.ts';
import { takeNow, wholeOf } from './snapshots.ts';

const PATCH_BYTES = 4 << 20;
const PATHS_KEPT = 20;

/** What the outcome of a run says of its changes; the rest stands in changed_files.json. */
export type ChangesTold = {
  /** Source files; null where it was not known, or the run could not change any. */
  count: number | null;
  /** Paths beyond the scope that the worker changed. */
  outside: string[];
  over_limits: string[];
  /** Paths that somebody changed, and no call of the worker explains it. */
  unattributed: string[];
};

/** Compares with the base and writes changed_files.json and diff.patch, in which secrets are hidden. */
export async function recordChanges(
  host: Host,
  run: { record: RunRecord; paths: RunPaths },
  hide: Redactor,
): Promise<ChangesTold> {
  const { record, paths } = run;
  const nothing: ChangesTold = { count: null, outside: [], over_limits: [], unattributed: [] };
  const base = wholeOf(record.base?.snapshot);
  if (base === undefined) return nothing;
  try {
    const after = await takeNow(host, record, base);
    const { changes, patch } = await assess(host, run, [base, after], {
      maxPatchBytes: PATCH_BYTES,
      hide,
    });
    const { files } = changes;
    // A run that may change nothing has a file only where there is something to tell.
    if (record.scope === null && files.length === 0) return nothing;
    const { base: from, after: to, ...facts } = changes;
    await writeJsonAtomic(paths.changedFiles, {
      base: from,
      after: to,
      ...redactJson(facts, hide),
    });
    await writeFileAtomic(paths.diff, hide(patch));
    return {
      count: record.scope === null ? null : changes.totals.files,
      outside: pathsOf(files.filter(isViolation)).map((path) => hide(path)),
      over_limits: changes.over_limits,
      unattributed: pathsOf(files.filter(isUnexplained)).map((path) => hide(path)),
    };
  } catch (error) {
    await writeJsonAtomic(paths.changedFiles, {
      schema_version: SCHEMA_VERSION,
      base,
      error: hide(toErrorFacts(error).message),
    });
    return nothing;
  }
}

/** The worker changed it and was not allowed to. */
export function isViolation({ scope, by }: ChangedFile): boolean {
  return scope !== 'in' && by !== 'unattributed';
}

/** Nobody we know of changed it: a reason to look, and nobody's fault. */
export function isUnexplained({ by, generated }: ChangedFile): boolean {
  return by === 'unattributed' && generated !== true;
}

function pathsOf(files: readonly ChangedFile[]): string[] {
  return files.slice(0, PATHS_KEPT).map(({ path }) => path);
}
