import { readFile } from 'node:fs/promises';
import { CcError, toErrorFacts } from '../../core/errors.ts';
import { isFinal } from '../../core/vocabulary.ts';
import { compareWhole } from '../../git/whole/compare.ts';
import type { Host } from '../../workspace/host.ts';
import type { ChangedFile } from '../artifacts/changed-files.ts';
import type { FoundRun } from '../find.ts';
import type { AssessOptions } from './assess.ts';
import { changesSince, readChanges } from './read.ts';
import { wholeOf } from './snapshots.ts';

export type RunPatch = { files: ChangedFile[]; patch: string; omitted: { path: string }[] };

/** The patch of a run: base → end, or base → now while it goes on. */
export async function patchOfRun(
  host: Host,
  found: FoundRun,
  options: AssessOptions & { maxPatchBytes: number },
): Promise<RunPatch> {
  const { record } = found;
  if (!isFinal(record.state)) {
    const { changes, patch } = await changesSince(host, found, options);
    return { files: changes.files, patch, omitted: changes.omitted };
  }
  const { changes, problem } = await readChanges(found);
  if (changes === undefined) {
    if (record.scope === null) return { files: [], patch: '', omitted: [] };
    throw new CcError('NOT_FOUND', `What run ${record.run_id} changed is unknown: ${problem}.`, {
      hint: 'Leave run_id out to see the uncommitted changes of the project.',
    });
  }
  const files = changes.files.filter(({ path }) => isIn(options.only, path));
  const [base, after] = [wholeOf(changes.base), wholeOf(changes.after)];
  if (base === undefined || after === undefined) return storedPatch(found, files);
  try {
    const { patch, omitted } = await compareWhole(base, after, { env: host.env, ...options });
    return { files, patch, omitted };
  } catch (error) {
    // Its private part may have been removed; the patch of then is kept with the run.
    if (toErrorFacts(error).code !== 'NOT_FOUND') throw error;
    return storedPatch(found, files);
  }
}

async function storedPatch({ paths }: FoundRun, files: ChangedFile[]): Promise<RunPatch> {
  return { files, patch: await readFile(paths.diff, 'utf8'), omitted: [] };
}

function isIn(only: readonly string[] | undefined, path: string): boolean {
  return (
    only === undefined ||
    only.some((one) => one === '' || path === one || path.startsWith(`${one}/`))
  );
}
