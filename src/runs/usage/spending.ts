import * as z from 'zod';
import { compact, objectAt, stringAt } from '../../core/json.ts';
import type { UsageByModel } from '../../workers/events.ts';
import { billingOf, billRun } from '../bill.ts';
import type { RunRecord } from '../record.ts';
import type { RunUsage } from '../spending-fields.ts';

const modelUsage = z.object({
  input: z.number(),
  output: z.number(),
  cache_read: z.number(),
  cache_write: z.number(),
  /** Missing where the price of this model is not known. */
  usd: z.number().optional(),
});
export type ModelUsage = z.infer<typeof modelUsage>;

/** What one run has used, and what it is counted under. A line of the usage log when it has ended. */
export const spending = z.object({
  run_id: z.string(),
  /** When it ended; an active run has none. */
  ended: z.string().optional(),
  role: z.string(),
  template: z.string().optional(),
  profile: z.string(),
  /** The declared model; null leaves the choice to the worker's CLI. */
  model: z.string().nullable(),
  /** By the models that answered. */
  by_model: z.record(z.string(), modelUsage),
  /** null: some of it has no known price. */
  usd: z.number().nullable(),
  usd_source: z.string(),
  /** False: a lower bound, because the run was cut short or goes on. */
  complete: z.boolean(),
  state: z.string(),
  /** Class of its failure; `success` where there was none. */
  failure: z.string().optional(),
  elapsed_ms: z.number(),
  model_calls: z.number(),
  /** A budget ended it. */
  budget_stop: z.boolean(),
  route_mismatch: z.boolean(),
  /** The first run of its task, where it is not itself the first. */
  lineage: z.string().optional(),
});
export type Spending = z.infer<typeof spending>;

/** Of a run that has ended, as its record tells it. The same record always gives the same line. */
export function endedSpending(record: RunRecord, modelCalls: number): Spending {
  const { outcome } = record;
  const failure = outcome?.failure.class ?? 'unknown';
  return {
    ...labels(record),
    ended: record.ended ?? record.created,
    ...amounts(outcome?.usage ?? NOTHING),
    state: record.state,
    failure,
    elapsed_ms: record.elapsed_ms ?? 0,
    model_calls: modelCalls,
    budget_stop: record.state === 'stopped_limit' || failure === 'timeout',
    route_mismatch: outcome?.route_mismatch !== undefined,
  };
}

/** Of a run that goes on: what its summary says, at most a second old. */
export function activeSpending(
  record: RunRecord,
  summary:
    | { by_model?: UsageByModel | undefined; elapsed_ms: number; model_calls: number }
    | undefined,
): Spending {
  return {
    ...labels(record),
    ...amounts(billRun(summary?.by_model ?? {}, billingOf(record), false)),
    state: record.state,
    elapsed_ms: summary?.elapsed_ms ?? 0,
    model_calls: summary?.model_calls ?? 0,
    budget_stop: false,
    route_mismatch: false,
  };
}

const NOTHING: RunUsage = {
  tokens: { input: 0, output: 0, cache_read: 0, cache_write: 0 },
  by_model: {},
  usd: null,
  usd_source: 'unknown',
  complete: false,
};

function labels(record: RunRecord) {
  const root = stringAt(objectAt(record, 'lineage'), 'root');
  return {
    run_id: record.run_id,
    role: record.role,
    ...compact({ template: record.template }),
    profile: record.profile.id,
    model: record.model,
    ...(root === undefined ? {} : { lineage: root }),
  };
}

function amounts({ by_model, usd, usd_source, complete }: RunUsage) {
  const models = Object.entries(by_model).map(([model, count]): [string, ModelUsage] => [
    model,
    {
      input: count.input ?? 0,
      output: count.output ?? 0,
      cache_read: count.cache_read ?? 0,
      cache_write: count.cache_write ?? 0,
      ...(count.usd === undefined ? {} : { usd: count.usd }),
    },
  ]);
  return { by_model: Object.fromEntries(models), usd, usd_source, complete };
}
