import { objectAt } from '../../core/json.ts';
import { oneLine } from '../../core/text.ts';
import { isFinal } from '../../core/vocabulary.ts';
import { spentByRecord } from '../../runs/continue.ts';
import { addSpent, NOTHING_SPENT } from '../../runs/limits.ts';
import type { LiveRun } from '../../runs/view.ts';
import { readJson } from '../../store/atomic.ts';
import type { RunEnd } from '../core/events.ts';

const TEXT_CHARS = 1000;

/** What a run came to, with those its task was moved to: the last one's answer, and what all have used. */
export async function runEndOf(
  key: string,
  runs: readonly LiveRun[],
): Promise<{ type: 'run_ended' } & RunEnd> {
  const last = runs.at(-1);
  if (last === undefined) throw new TypeError('no run has ended');
  const { record, paths } = last.run;
  const { usd, tokens, elapsed_ms } = runs
    .map(({ run }) => spentByRecord(run.record))
    .reduce(addSpent, NOTHING_SPENT);
  const failure = record.outcome?.failure;
  const text = failure?.evidence.join('; ') || failure?.class || 'nothing is known of its end';
  const output = await readJson(paths.output).catch(() => undefined);
  return {
    type: 'run_ended',
    key,
    run_id: record.run_id,
    state: isFinal(record.state) ? record.state : 'failed',
    failure: { class: failure?.class ?? 'unknown', text: oneLine(text, TEXT_CHARS) },
    usage: { usd, tokens, elapsed_ms, ...(runs.every(isTold) ? {} : { at_least: true }) },
    profile: record.profile.id,
    ...(record.model === null ? {} : { model: record.model }),
    ...(typeof record.outcome?.changed_files === 'number'
      ? { changed_files: record.outcome.changed_files }
      : {}),
    ...(objectAt(output, 'output') === undefined ? {} : { handoff: objectAt(output, 'output') }),
  };
}

/** All it used. One whose worker was never started used nothing; one that was killed was in the middle of a call. */
function isTold({ run: { record } }: LiveRun): boolean {
  return record.started === undefined || record.outcome?.usage.complete === true;
}

/** Of a run nothing can be read of any more. */
export function unreadableEnd(
  key: string,
  run_id: string,
  text: string,
): { type: 'run_ended' } & RunEnd {
  return {
    type: 'run_ended',
    key,
    run_id,
    state: 'failed',
    failure: { class: 'unknown', text: oneLine(text, TEXT_CHARS) },
    usage: { usd: null, tokens: 0, elapsed_ms: 0 },
  };
}
