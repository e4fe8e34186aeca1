import { isObject, type JsonObject, numberAt } from '../../core/json.ts';
import { oneLine } from '../../core/text.ts';
import type { TokenCount, UsageByModel } from '../events.ts';
import { wellFormed } from './tool-text.ts';

/** More models than any worker uses; what is beyond is counted under one name. */
const MODELS_KEPT = 20;
const OTHER_MODELS = '(other models)';

/** Claude Code's `modelUsage` object in our words. Undefined stays undefined: unknown is not zero. */
export function usageByModel(modelUsage: JsonObject | undefined): UsageByModel | undefined {
  if (modelUsage === undefined) return undefined;
  let usage: UsageByModel = {};
  for (const [index, [name, value]] of Object.entries(modelUsage).entries()) {
    if (!isObject(value)) continue;
    const model = index < MODELS_KEPT ? wellFormed(oneLine(name.slice(0, 200), 100)) : OTHER_MODELS;
    const usd = amountAt(value, 'costUSD');
    usage = addUsage(usage, {
      [model]: {
        input: amountAt(value, 'inputTokens') ?? 0,
        output: amountAt(value, 'outputTokens') ?? 0,
        cache_read: amountAt(value, 'cacheReadInputTokens') ?? 0,
        cache_write: amountAt(value, 'cacheCreationInputTokens') ?? 0,
        ...(usd === undefined ? {} : { cli_usd: usd }),
      },
    });
  }
  return usage;
}

/** What the CLI says each model can keep in mind, in tokens; invented for models it does not know. */
export function contextWindows(modelUsage: JsonObject): Record<string, number> | undefined {
  const windows = Object.entries(modelUsage)
    .slice(0, MODELS_KEPT)
    .flatMap(([name, value]): [string, number][] => {
      const tokens = isObject(value) ? numberAt(value, 'contextWindow') : undefined;
      return tokens === undefined ? [] : [[wellFormed(oneLine(name.slice(0, 200), 100)), tokens]];
    });
  return windows.length === 0 ? undefined : Object.fromEntries(windows);
}

/** What was used is never negative, and a sum of it must stay a number. */
function amountAt(value: JsonObject, key: string): number | undefined {
  const amount = numberAt(value, key);
  return amount === undefined ? undefined : Math.min(Math.max(0, amount), Number.MAX_SAFE_INTEGER);
}

export function addUsage(a: UsageByModel, b: UsageByModel): UsageByModel {
  // A map, because a model may have any name, `constructor` included.
  const sum = new Map(Object.entries(a));
  for (const [model, count] of Object.entries(b)) {
    const before = sum.get(model);
    sum.set(model, before === undefined ? count : addCounts(before, count));
  }
  return Object.fromEntries(sum);
}

/** `total` without what was counted `before`; models that nothing is left of are dropped. */
export function subtractUsage(total: UsageByModel, before: UsageByModel): UsageByModel {
  const known = new Map(Object.entries(before));
  const rest = Object.entries(total).map(([model, count]): [string, TokenCount] => {
    const old = known.get(model);
    return [model, old === undefined ? count : subtractCounts(count, old)];
  });
  return Object.fromEntries(
    rest.filter(
      ([, count]) => count.input + count.output + count.cache_read + count.cache_write > 0,
    ),
  );
}

function subtractCounts(a: TokenCount, b: TokenCount): TokenCount {
  const less = (x: number, y: number) => Math.max(0, x - y);
  return {
    input: less(a.input, b.input),
    output: less(a.output, b.output),
    cache_read: less(a.cache_read, b.cache_read),
    cache_write: less(a.cache_write, b.cache_write),
    ...(a.cli_usd === undefined ? {} : { cli_usd: less(a.cli_usd, b.cli_usd ?? 0) }),
  };
}

function addCounts(a: TokenCount, b: TokenCount): TokenCount {
  return {
    input: a.input + b.input,
    output: a.output + b.output,
    cache_read: a.cache_read + b.cache_read,
    cache_write: a.cache_write + b.cache_write,
    // A sum with an unknown part would be too low, and would not show it.
    ...(a.cli_usd === undefined || b.cli_usd === undefined
      ? {}
      : { cli_usd: a.cli_usd + b.cli_usd }),
  };
}
