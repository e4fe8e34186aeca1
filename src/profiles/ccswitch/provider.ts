import { isObject } from '../../core/json.ts';
import { type JsonRecord, recordAt } from '../json.ts';

/** A Claude provider as CC Switch stores it; only the fields that are needed are ever read. */
export type Provider = {
  id: string;
  name: string;
  category: string;
  /** A whole Claude Code settings object. Undefined when the stored text is not JSON. */
  settings: JsonRecord | undefined;
  meta: JsonRecord;
};

/** Everything of CC Switch that matters here, with its secrets: it stays inside this folder. */
export type Snapshot = {
  source: 'cc-switch' | 'cc-switch-legacy';
  /** In the order of the app's list. */
  providers: Provider[];
  currentId?: string;
  commonConfig?: unknown;
  /** Model id and its four prices as text. */
  prices: JsonRecord[];
  proxyPort: number;
  defaultMultiplier?: unknown;
  warnings: string[];
  /** Why nothing could be read, though there is something. */
  unread?: string;
};

export const DEFAULT_PROXY_PORT = 15_721;

/** The settings CC Switch would write for this provider: its own, with the common snippet on top. */
export function effectiveSettings(provider: Provider, commonConfig: unknown): JsonRecord {
  const settings = provider.settings ?? {};
  if (!isObject(commonConfig) || !commonApplies(provider, commonConfig)) return settings;
  return merged(settings, commonConfig);
}

/** Whether the common snippet is part of this provider. */
export function commonApplies({ settings, meta }: Provider, commonConfig: unknown): boolean {
  if (!isObject(commonConfig) || Object.keys(commonConfig).length === 0) return false;
  // Before there was a switch, having the snippet inside meant "on".
  const { commonConfigEnabled: enabled } = meta;
  return enabled === undefined ? contains(settings ?? {}, commonConfig) : enabled === true;
}

export function envOf(settings: JsonRecord): JsonRecord {
  return recordAt(settings, 'env');
}

function contains(whole: unknown, part: unknown): boolean {
  if (isObject(part)) {
    return (
      isObject(whole) && Object.entries(part).every(([key, item]) => contains(whole[key], item))
    );
  }
  if (Array.isArray(part)) {
    return Array.isArray(whole) && part.every((item) => whole.some((own) => contains(own, item)));
  }
  return whole === part;
}

function merged(under: JsonRecord, over: JsonRecord): JsonRecord {
  const out = new Map(Object.entries(under));
  for (const [key, item] of Object.entries(over)) {
    const below = out.get(key);
    out.set(key, isObject(below) && isObject(item) ? merged(below, item) : item);
  }
  return Object.fromEntries(out);
}
