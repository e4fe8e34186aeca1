import { isObject, type JsonObject, numberAt } from '../../core/json.ts';
import type { TokenCount, UsageByModel } from '../events.ts';

/** Claude Code's `modelUsage` object in our words. Undefined stays undefined: unknown is not zero. */
export function usageByModel(modelUsage: JsonObject | undefined): UsageByModel | undefined {
  if (modelUsage === undefined) return undefined;
  const usage: UsageByModel = {};
  for (const [model, value] of Object.entries(modelUsage)) {
    if (!isObject(value)) continue;
    const usd = numberAt(value, 'costUSD');
    usage[model] = {
      input: numberAt(value, 'inputTokens') ?? 0,
      output: numberAt(value, 'outputTokens') ?? 0,
      cache_read: numberAt(value, 'cacheReadInputTokens') ?? 0,
      cache_write: numberAt(value, 'cacheCreationInputTokens') ?? 0,
      ...(usd === undefined ? {} : { cli_usd: usd }),
    };
  }
  return usage;
}

export function addUsage(a: UsageByModel, b: UsageByModel): UsageByModel {
  const sum: UsageByModel = { ...a };
  for (const [model, count] of Object.entries(b)) {
    const before = sum[model];
    sum[model] = before === undefined ? count : addCounts(before, count);
  }
  return sum;
}

function addCounts(a: TokenCount, b: TokenCount): TokenCount {
  const usd = (a.cli_usd ?? 0) + (b.cli_usd ?? 0);
  return {
    input: a.input + b.input,
    output: a.output + b.output,
    cache_read: a.cache_read + b.cache_read,
    cache_write: a.cache_write + b.cache_write,
    ...(a.cli_usd === undefined && b.cli_usd === undefined ? {} : { cli_usd: usd }),
  };
}
