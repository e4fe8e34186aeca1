import type { Price } from '../../profiles/price.ts';
import { costOf, type TokenUsage } from '../../profiles/prices.ts';
import { bareModel } from '../../routing/keys.ts';
import type { Spending } from '../../runs/usage/spending.ts';

/** Runs a range must rest on: fewer tell nothing. */
const MIN_RUNS = 3;
/** Newest runs that are looked at. */
const LOOKED_AT = 200;

/** A worker node with the route it would take, and how often it runs at least and at most. */
export type PricedNode = {
  id: string;
  role: string;
  profile: string | undefined;
  model: string | undefined;
  price: Price | undefined;
  tasks: number;
  times: number;
};

export type Estimate = {
  low: number;
  high: number;
  /** Runs of this project it rests on. */
  runs: number;
};

/** No range: nodes whose cost nothing is known of, and why. */
export type NoEstimate = { nodes: string[]; why: string };

/**
 * What a workflow will probably cost, USD: what earlier runs of this project used, at the prices of the
 * routes there are now. `low`: each task once, by the cheapest of them; `high`: with all retries and
 * rounds, by the dearest. Nothing is made up: without enough runs, or without a price, there is no range.
 */
export function estimateCost(
  nodes: readonly PricedNode[],
  ended: readonly Spending[],
): Estimate | NoEstimate {
  const recent = ended.filter(isWhole).slice(-LOOKED_AT);
  const used = new Set<string>();
  const unknown: string[] = [];
  let [low, high] = [0, 0];
  for (const node of nodes) {
    const known = samplesFor(node, recent);
    const costs = known.map(({ usd }) => usd).sort((a, b) => a - b);
    if (costs.length < MIN_RUNS) {
      unknown.push(node.id);
      continue;
    }
    for (const { run_id } of known) used.add(run_id);
    low += (costs[0] ?? 0) * Math.min(1, node.tasks);
    high += (costs.at(-1) ?? 0) * node.times;
  }
  if (unknown.length === 0) return { low: rounded(low), high: rounded(high), runs: used.size };
  const why =
    recent.length < MIN_RUNS
      ? `fewer than ${MIN_RUNS} runs of this project have ended well so far`
      : 'the model they would get has no known price, and did not run here often enough';
  return { nodes: unknown, why };
}

function isWhole({ complete, failure }: Spending): boolean {
  return complete && failure === 'success';
}

type Sample = { run_id: string; usd: number };

/** What runs of the same role, or of any where those are too few, would have cost on this route. */
function samplesFor(node: PricedNode, runs: readonly Spending[]): Sample[] {
  const same = runs.filter(({ role }) => role === node.role);
  const own = same.flatMap((run) => sampleOf(node, run));
  return own.length >= MIN_RUNS ? own : runs.flatMap((run) => sampleOf(node, run));
}

function sampleOf({ price, profile, model }: PricedNode, run: Spending): Sample[] {
  const { run_id } = run;
  const isSame = run.profile === profile && bareModel(run.model ?? '') === bareModel(model ?? '');
  if (isSame && run.usd !== null) return [{ run_id, usd: run.usd }];
  const usd = costOf(tokensOf(run), price);
  return usd === undefined ? [] : [{ run_id, usd }];
}

function tokensOf({ by_model }: Spending): TokenUsage {
  const sum = { input: 0, output: 0, cache_read: 0, cache_write: 0 };
  for (const count of Object.values(by_model)) {
    sum.input += count.input;
    sum.output += count.output;
    sum.cache_read += count.cache_read;
    sum.cache_write += count.cache_write;
  }
  return sum;
}

function rounded(usd: number): number {
  return Math.round(usd * 1e4) / 1e4;
}
