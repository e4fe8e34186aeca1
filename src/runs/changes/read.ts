import { CcError } from '../../core/errors.ts';
import { isObject, stringAt } from '../../core/json.ts';
import { isFinal } from '../../core/vocabulary.ts';
import { comparePaths } from '../../git/whole/compare-paths.ts';
import { forgetWhole } from '../../git/whole/take.ts';
import { readJson } from '../../store/atomic.ts';
import type { Host } from '../../workspace/host.ts';
import { type ChangedFiles, changedFiles } from '../artifacts/changed-files.ts';
import type { FoundRun } from '../find.ts';
import { type Assessed, type AssessOptions, assess } from './assess.ts';
import { takeNow, wholeOf } from './snapshots.ts';

const NOTHING_RECORDED = 'nothing was recorded when it ended';

/** The stored changes of an ended run; undefined where there are none, and why. */
export async function readChanges(
  found: FoundRun,
): Promise<{ changes: ChangedFiles | undefined; problem?: string }> {
  const stored = await readJson(found.paths.changedFiles);
  const parsed = changedFiles.safeParse(stored);
  if (parsed.success) return { changes: parsed.data };
  const error = isObject(stored) ? stringAt(stored, 'error') : undefined;
  if (error !== undefined) return { changes: undefined, problem: error };
  const { record } = found;
  if (!isFinal(record.state)) return { changes: undefined, problem: `it is ${record.state}` };
  if (record.base?.snapshot === null) {
    return { changes: undefined, problem: 'no snapshot could be taken when it started' };
  }
  if (wholeOf(record.base?.snapshot) === undefined) {
    return { changes: undefined, problem: 'there is no snapshot to compare with' };
  }
  return { changes: undefined, problem: NOTHING_RECORDED };
}

/** The same, without calling it a problem where nothing was recorded because nothing changed. */
export async function recordedChanges(found: FoundRun): ReturnType<typeof readChanges> {
  const stored = await readChanges(found);
  // A run that may change nothing has a file only where something changed.
  const isQuiet = found.record.scope === null && stored.problem === NOTHING_RECORDED;
  return isQuiet ? { changes: undefined } : stored;
}

/** Base → now, by the same rules as at the end of the run. */
export async function changesSince(
  host: Host,
  found: FoundRun,
  options: AssessOptions = {},
): Promise<Assessed> {
  const base = wholeOf(found.record.base?.snapshot);
  if (base === undefined) throw noBase(found);
  const now = await takeNow(host, found.record, base, options.signal);
  try {
    return await assess(host, found, [base, now], options);
  } finally {
    await forgetWhole(now);
  }
}

/** Paths edited after the run had ended: nobody's fault, but not what was recorded any more. */
export async function changedSinceEnd(
  host: Host,
  found: FoundRun,
  signal?: AbortSignal,
): Promise<string[] | undefined> {
  const { changes } = await readChanges(found);
  const after = wholeOf(changes?.after);
  if (after === undefined) return undefined;
  const options = { env: host.env, ...(signal === undefined ? {} : { signal }) };
  const now = await takeNow(host, found.record, after, signal);
  try {
    return await comparePaths(after, now, options);
  } finally {
    await forgetWhole(now);
  }
}

/**
 * What a run changed, as far as it is known: of an ended run what was recorded, of one that goes on
 * the changes so far.
 */
export async function changesOfRun(
  host: Host,
  found: FoundRun,
  options: AssessOptions = {},
): Promise<{ changes: ChangedFiles | undefined; problem?: string }> {
  const { record } = found;
  if (isFinal(record.state)) return recordedChanges(found);
  if (wholeOf(record.base?.snapshot) === undefined) {
    return { changes: undefined, problem: 'it has no snapshot yet' };
  }
  return { changes: (await changesSince(host, found, options)).changes };
}

function noBase({ record }: FoundRun): CcError {
  return new CcError('NOT_FOUND', `Run ${record.run_id} has no snapshot to compare with.`, {
    hint: 'Leave run_id out to see the uncommitted changes of the project.',
  });
}
