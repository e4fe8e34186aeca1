import { oneLine } from '../../core/text.ts';
import { type FoundRun, findRun } from '../../runs/find.ts';
import { previewRollback } from '../../undo/rollback.ts';
import { factsOf, readRecorded } from '../../verification/gather.ts';
import type { Effect } from '../core/effects.ts';
import { readJournal } from '../instances/journal.ts';
import { workflowPaths } from '../instances/paths.ts';
import type { Verdict } from '../vocabulary.ts';
import type { EffectHost } from './effector.ts';

type VerifyRun = Extract<Effect, { type: 'verify_run' }>;

export type Held = { verdict: Exclude<Verdict, 'accept'>; reasons: string[] };

/**
 * What earlier attempts at the same task did that no verdict lets pass (tests taken away, files outside
 * of the scope, secrets), and that is still so. Each run is compared with how it found the project: a
 * second one that leaves alone what the first has broken has done nothing wrong itself.
 */
export async function heldByEarlier(
  host: EffectHost,
  effect: VerifyRun,
  run: FoundRun,
): Promise<Held | undefined> {
  if (!worksInProject(run)) return undefined;
  const held: Held = { verdict: 'investigate', reasons: [] };
  for (const runId of earlierRuns(host, effect.key)) {
    try {
      const earlier = await findRun(host.host, runId, host.place.workspace);
      if (worksInProject(earlier)) await look(host, effect, earlier, held);
    } catch {
      held.reasons.push(`what ${runId} did to the project could not be looked at`);
    }
  }
  return held.reasons.length === 0 ? undefined : held;
}

function worksInProject({ record }: FoundRun): boolean {
  return record.scope !== null && record.worktree === undefined;
}

/** Runs of the same task that were not found good, oldest first. */
function earlierRuns({ record, place }: EffectHost, key: string): string[] {
  if (key.endsWith('/1.1')) return [];
  const task = key.slice(0, key.lastIndexOf('/') + 1);
  const { journal } = workflowPaths(place.workspace, record.workflow_id);
  const runs = new Map<string, string>();
  for (const { event } of readJournal(journal, undefined).lines) {
    if (event === undefined || !('key' in event)) continue;
    if (event.key === key || !event.key.startsWith(task) || event.key.includes('>')) continue;
    if (event.type === 'run_ended') runs.set(event.key, event.run_id);
    if (event.type === 'run_verified' && event.verdict !== 'reject') runs.delete(event.key);
  }
  return [...runs.values()];
}

async function look(
  { host }: EffectHost,
  { test_commands }: VerifyRun,
  earlier: FoundRun,
  held: Held,
): Promise<void> {
  const { run_id } = earlier.record;
  const recorded = await readRecorded(host, earlier, undefined);
  const { tampering, changes, secrets } = await factsOf(recorded, [], test_commands);
  const grave = new Map<string, string>();
  for (const { level, path, text } of tampering) if (level === 'reject') grave.set(path, text);
  for (const path of changes.outside) grave.set(path, 'outside of its scope');
  for (const place of secrets.real) {
    grave.set(place.replace(/(?::\d+)?: [^:]*$/, ''), 'what looks like a real secret');
  }
  if (grave.size === 0) return;
  const request = { paths: [...grave.keys()], refs: false };
  const plan = (await previewRollback(host, earlier, request))?.plan;
  if (plan === undefined) return;
  const tell = (paths: readonly string[], how: string) => {
    for (const path of paths) {
      held.reasons.push(
        oneLine(`${path}: ${grave.get(path) ?? 'changed'} by ${run_id}, ${how}`, 300),
      );
    }
  };
  const still = plan.steps.map(({ path }) => path).filter((path) => grave.has(path));
  if (still.length > 0) held.verdict = 'reject';
  tell(still, 'and it is still so');
  tell([...plan.conflicts, ...plan.not_restorable], 'and changed since: look at it');
}
