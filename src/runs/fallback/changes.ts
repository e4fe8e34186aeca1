import { type Diff, diffTrees } from '../../git/diff.ts';
import { takeSnapshot } from '../../git/snapshot.ts';
import { readJson } from '../../store/atomic.ts';
import { privateRunPaths } from '../../workspace/home.ts';
import type { Host } from '../../workspace/host.ts';
import type { FoundRun } from '../find.ts';
import type { RunRecord } from '../record.ts';
import { progressSummary } from '../summarise.ts';

/** Enough to go on from; what is larger is in the files themselves. */
const PATCH_BYTES = 40_000;
const FILES_SHOWN = 200;

/**
 * What differs now from the base of the first run of a task: the work its runs have left in the tree.
 * Undefined for a read-only task.
 */
export async function changesSoFar(
  host: Host,
  run: FoundRun,
  first: RunRecord,
): Promise<string | undefined> {
  const { record } = run;
  if (record.scope === null) return undefined;
  const base = first.base?.snapshot;
  if (!base) return reported(run);
  try {
    const privateDir = privateRunPaths(host.home, record.run_id).objects;
    const now = await takeSnapshot(record.cwd, { privateDir, env: host.env });
    return told(await diffTrees(base, now, { env: host.env, maxPatchBytes: PATCH_BYTES }));
  } catch {
    return reported(run);
  }
}

function told({ files, patch, omitted }: Diff): string {
  const own = files.filter(({ artifact }) => !artifact);
  if (own.length === 0) return 'No file.';
  const lines = own
    .slice(0, FILES_SHOWN)
    .map(({ status, path, old_path }) => `${status} ${old_path ? `${old_path} -> ` : ''}${path}`);
  const more = own.length > FILES_SHOWN ? [`and ${own.length - FILES_SHOWN} more`] : [];
  const cut = omitted.length > 0 ? '\n\n(The patch is cut; read the files themselves.)' : '';
  return `${[...lines, ...more].join('\n')}\n\n\`\`\`diff\n${patch}\n\`\`\`${cut}`;
}

/** Without a snapshot only its file tools tell; what its commands changed is not known. */
async function reported({ paths }: FoundRun): Promise<string> {
  const summary = progressSummary.safeParse(
    await readJson(paths.summary).catch(() => undefined),
  ).data;
  const files = summary?.insight.changed.files ?? [];
  return files.length === 0
    ? 'Not known: there is no snapshot to compare with.'
    : `By its file tools, maybe more:\n${files.join('\n')}`;
}
