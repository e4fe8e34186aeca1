import { recordEnding } from '../routing/record-ending.ts';
import type { Host } from '../workspace/host.ts';
import type { Progress } from './progress.ts';
import type { RunOutcome, RunRecord } from './record.ts';

/** Hands the end of a run to the scorer. Before the record tells it, so that no crash can lose it. */
export async function learnFrom(
  host: Host,
  record: RunRecord,
  outcome: RunOutcome,
  { elapsedMs, quota }: { elapsedMs: number; quota: Progress['quota'] },
): Promise<void> {
  const { model } = record;
  if (model === null) return;
  const ended = host.clock.now().getTime();
  const { tokens } = outcome.usage;
  await recordEnding(host.home, {
    run_id: record.run_id,
    profile: record.profile,
    model,
    actual: outcome.route_mismatch?.actual.at(0),
    role: record.role,
    write: record.scope !== null,
    state: outcome.state,
    failure: outcome.failure.class,
    began: Date.parse(record.started ?? record.created),
    ended,
    elapsedMs,
    modelCalls: outcome.model_calls ?? 0,
    tokens: tokens.input + tokens.output + tokens.cache_read + tokens.cache_write,
    quota: quota && { resetsAt: quota.resets_at, used: quota.used },
  });
}
