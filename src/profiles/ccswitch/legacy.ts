import { isObject, parseJson } from '../../core/json.ts';
import { recordAt, textAt } from '../json.ts';
import { DEFAULT_PROXY_PORT, type Provider, type Snapshot } from './provider.ts';

/** Reads the config.json of versions before the database (format 2), and explains format 1. */
export function readLegacy(text: string): Snapshot {
  const config = parseJson(text);
  if (!isObject(config))
    return nothing("CC Switch's config.json is not JSON; start CC Switch to repair it.");
  if (config.version !== 2 || !isObject(config.claude)) {
    return nothing(
      isObject(config.providers)
        ? 'CC Switch has only a config.json of format 1 (before 3.1). Open it once with CC Switch 3.2 to 3.5, then update; it converts the file.'
        : "CC Switch's config.json has a format that is not known here; update CC Switch.",
    );
  }
  const current = textAt(config.claude, 'current');
  return {
    source: 'cc-switch-legacy',
    providers: Object.entries(recordAt(config.claude, 'providers'))
      .map(([id, provider]) => ({ id, provider }))
      .sort((a, b) => order(a.provider) - order(b.provider))
      .map(({ id, provider }) => providerFrom(id, provider)),
    ...(current === undefined ? {} : { currentId: current }),
    commonConfig: snippet(
      recordAt(config, 'common_config_snippets').claude ?? config.claude_common_config_snippet,
    ),
    prices: [],
    proxyPort: DEFAULT_PROXY_PORT,
    warnings: [],
  };
}

function providerFrom(id: string, provider: unknown): Provider {
  const settings = isObject(provider) ? provider.settingsConfig : undefined;
  return {
    id,
    name: textAt(provider, 'name') ?? '',
    category: textAt(provider, 'category') ?? '',
    settings: isObject(settings) ? settings : undefined,
    meta: recordAt(provider, 'meta'),
  };
}

function order(provider: unknown): number {
  const index = isObject(provider) ? provider.sortIndex : undefined;
  return typeof index === 'number' ? index : Number.MAX_SAFE_INTEGER;
}

function snippet(value: unknown): unknown {
  return typeof value === 'string' ? parseJson(value) : value;
}

function nothing(warning: string): Snapshot {
  return {
    source: 'cc-switch-legacy',
    providers: [],
    prices: [],
    proxyPort: DEFAULT_PROXY_PORT,
    warnings: [warning],
  };
}
