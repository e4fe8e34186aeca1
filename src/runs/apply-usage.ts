import { numberAt, objectAt, stringAt } from '../core/json.ts';
import type { UsageByModel } from '../workers/events.ts';
import type { RunEvent } from './events.ts';
import { budgetTokens } from './limits.ts';
import { type Progress, usageSoFar } from './progress.ts';

/** What a resumed session had used before it was resumed, which is not this run's. */
export function baselineKnown(state: Progress, total: UsageByModel | undefined): Progress {
  state.baseline = true;
  state.usage_total_at_turn_end = total ?? {};
  return state;
}

/** Remembers how recent the figures are, and what the CLI says about the models. */
export function figuresOf(state: Progress, event: RunEvent): void {
  const askedAt = Number(/^usage-(\d+)-/.exec(stringAt(event, 'request_id') ?? '')?.[1] ?? 0);
  state.usage_asked_at = Math.max(state.usage_asked_at, askedAt);
  const windows = objectAt(event, 'windows') ?? {};
  for (const model of Object.keys(windows)) {
    const tokens = numberAt(windows, model);
    if (tokens !== undefined) state.windows = { ...state.windows, [model]: tokens };
  }
}

/** What one model call has cost lately: contexts grow, so the last one says most about the next. */
export function countCalls(state: Progress): void {
  const tokens = Object.values(usageSoFar(state)).reduce(
    (sum, count) => sum + budgetTokens(count),
    0,
  );
  const { calls, tokens: before } = state.call_seen;
  if (state.model_calls <= calls) return;
  state.call_tokens = Math.max(0, (tokens - before) / (state.model_calls - calls));
  state.call_seen = { calls: state.model_calls, tokens };
}
