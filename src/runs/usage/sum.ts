import * as z from 'zod';
import type { ModelUsage, Spending } from './spending.ts';

/** A row of a usage summary. Tokens as they were billed; nothing in it is an estimate. */
export const usageRow = z.object({
  name: z.string(),
  runs: z.number(),
  /** Runs that did not succeed; their tokens and cost are included. */
  failed: z.number().optional(),
  input: z.number(),
  output: z.number(),
  cache_read: z.number(),
  cache_write: z.number(),
  /** The known part; null where no price is known at all. */
  usd: z.number().nullable(),
  /** What `usd` does not contain. */
  unknown_price: z.object({ runs: z.number(), tokens: z.number() }).optional(),
  /** Runs that were cut short: they used at least what is counted. */
  lower_bound: z.number().optional(),
});
export type UsageRow = z.infer<typeof usageRow>;

/** Adds up what runs have used. Unknown prices are counted apart and never as 0. */
export class UsageSum {
  #runs = 0;
  #failed = 0;
  #lowerBound = 0;
  #unpricedRuns = 0;
  #unpricedTokens = 0;
  #usd = 0;
  #isPriced = false;
  readonly #tokens = { input: 0, output: 0, cache_read: 0, cache_write: 0 };

  get runs(): number {
    return this.#runs;
  }

  /** Every kind of token, for ordering. */
  get tokens(): number {
    return totalTokens(this.#tokens);
  }

  /** One run, or the share of it that went to some of its models. */
  add(run: Spending, models: readonly ModelUsage[] = Object.values(run.by_model)): void {
    this.#runs += 1;
    if (run.failure !== undefined && run.failure !== 'success') this.#failed += 1;
    if (!run.complete) this.#lowerBound += 1;
    let unpriced = 0;
    for (const count of models) {
      this.#tokens.input += count.input;
      this.#tokens.output += count.output;
      this.#tokens.cache_read += count.cache_read;
      this.#tokens.cache_write += count.cache_write;
      if (count.usd === undefined) unpriced += totalTokens(count);
      else this.#addUsd(count.usd);
    }
    if (unpriced > 0) this.#unpricedRuns += 1;
    this.#unpricedTokens += unpriced;
  }

  addSum(other: UsageSum): void {
    this.#runs += other.#runs;
    this.#failed += other.#failed;
    this.#lowerBound += other.#lowerBound;
    this.#unpricedRuns += other.#unpricedRuns;
    this.#unpricedTokens += other.#unpricedTokens;
    if (other.#isPriced) this.#addUsd(other.#usd);
    for (const kind of ['input', 'output', 'cache_read', 'cache_write'] as const) {
      this.#tokens[kind] += other.#tokens[kind];
    }
  }

  row(name: string): UsageRow {
    return { name, ...this.figures() };
  }

  figures(): Omit<UsageRow, 'name'> {
    return {
      runs: this.#runs,
      ...(this.#failed > 0 ? { failed: this.#failed } : {}),
      ...this.#tokens,
      usd: this.#isPriced || this.#runs === 0 ? Math.round(this.#usd * 1e4) / 1e4 : null,
      ...(this.#unpricedRuns > 0
        ? { unknown_price: { runs: this.#unpricedRuns, tokens: this.#unpricedTokens } }
        : {}),
      ...(this.#lowerBound > 0 ? { lower_bound: this.#lowerBound } : {}),
    };
  }

  #addUsd(usd: number): void {
    this.#usd += usd;
    this.#isPriced = true;
  }
}

function totalTokens(count: ModelUsage | Omit<ModelUsage, 'usd'>): number {
  return count.input + count.output + count.cache_read + count.cache_write;
}
