import { isoTime } from '../../core/clock.ts';
import { movedPrompt } from '../../prompts/moved.ts';
import { readHealth } from '../../routing/health-store.ts';
import type { ProfilePick } from '../../routing/pick.ts';
import type { Host } from '../../workspace/host.ts';
import { runPaths } from '../../workspace/layout.ts';
import { continueRun } from '../continue.ts';
import type { FoundRun } from '../find.ts';
import { notesAbout } from '../outbox.ts';
import { type MovedFrom, type RunRecord, readRecord } from '../record.ts';
import { changesSoFar } from './changes.ts';
import { briefOf, firstRunOf, type Left, whatIsLeft } from './notes.ts';
import { keyOf, movedBecause, movedFrom, remainingBudget } from './rules.ts';

/** Starts the run that goes on with the task of a failed one at another route, and answers its record. */
export async function startElsewhere(
  host: Host,
  run: FoundRun,
  pick: ProfilePick,
): Promise<RunRecord> {
  const { record } = run;
  const budget = remainingBudget(record);
  if ('spent' in budget) throw new Error('whyItStays has not been asked');
  const moved = movedFrom(record, await restingUntil(host, record));
  const first = await firstRunOf(record);
  const [{ told, notes }, changes, brief, waked] = await Promise.all([
    leftByAll(host, run, moved),
    changesSoFar(host, run, first),
    briefOf(host, first),
    notesAbout(host, record.run_id),
  ]);
  const endings = moved.map(({ class: failure }) => failure);
  const because = moved.map((one) => `${one.profile} ${one.model} (${movedBecause(one)})`);
  const started = await continueRun(host, run, {
    instruction: record.title,
    profile: pick.profile.id,
    model: pick.model,
    client: record.client,
    threadId: record.thread_id,
    move: {
      text: movedPrompt({ brief, told, endings, notes, changes }),
      reason: `Moved from ${because.join(', then ')}. ${pick.reason}`,
      budget: budget.left,
      moved,
      key: keyOf(record),
      wakes: waked.find(({ wake }) => wake !== undefined)?.wake,
    },
  });
  return started.record;
}

/** Of every run the task was in, oldest first. */
async function leftByAll(host: Host, run: FoundRun, moved: readonly MovedFrom[]): Promise<Left> {
  const told: string[] = [];
  const notes: string[] = [];
  for (const { run_id, class: failure } of moved) {
    const paths = runPaths(run.workspace, run_id);
    const record = await readRecord(paths, run_id).catch(() => undefined);
    if (record === undefined) continue;
    const left = await whatIsLeft(host, { ...run, paths, record });
    told.push(...left.told);
    if (left.notes === '') continue;
    notes.push(moved.length > 1 ? `### Until ${failure}\n\n${left.notes}` : left.notes);
  }
  return { told, notes: notes.join('\n\n') };
}

/** The end of the cooldown this run has caused. */
async function restingUntil(host: Host, { run_id }: RunRecord): Promise<string | undefined> {
  const { failures } = await readHealth(host.home);
  const entry = failures.find((failure) => failure.run_id === run_id);
  return entry && isoTime(new Date(entry.until));
}
