import { isObject } from '../core/json.ts';
import type { Variables } from './credentials.ts';
import { withAllTiers } from './models.ts';
import { isPlaceholder } from './placeholder.ts';

/**
 * What a profile may put into a worker's environment. An allow-list, because a CC Switch provider
 * is a whole settings file: PATH, NODE_OPTIONS, LD_PRELOAD or CLAUDE_CONFIG_DIR must not come along.
 */
const COMMON = [
  'ANTHROPIC_MODEL',
  'ANTHROPIC_DEFAULT_OPUS_MODEL',
  'ANTHROPIC_DEFAULT_SONNET_MODEL',
  'ANTHROPIC_DEFAULT_HAIKU_MODEL',
  'ANTHROPIC_DEFAULT_FABLE_MODEL',
  'ANTHROPIC_SMALL_FAST_MODEL',
  'CLAUDE_CODE_SUBAGENT_MODEL',
  'ANTHROPIC_CUSTOM_HEADERS',
  'ANTHROPIC_BETAS',
  'API_TIMEOUT_MS',
  'MAX_THINKING_TOKENS',
  'CLAUDE_CODE_MAX_OUTPUT_TOKENS',
  'CLAUDE_CODE_MAX_CONTEXT_TOKENS',
  'CLAUDE_CODE_AUTO_COMPACT_WINDOW',
  'CLAUDE_CODE_EFFORT_LEVEL',
  'CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC',
  'CLAUDE_CODE_DISABLE_EXPERIMENTAL_BETAS',
  'ENABLE_TOOL_SEARCH',
] as const;
const DIRECT = ['ANTHROPIC_BASE_URL', 'ANTHROPIC_AUTH_TOKEN', 'ANTHROPIC_API_KEY'] as const;
const CLOUD = [
  'CLAUDE_CODE_USE_BEDROCK',
  'CLAUDE_CODE_SKIP_BEDROCK_AUTH',
  'ANTHROPIC_BEDROCK_BASE_URL',
  'AWS_REGION',
  'AWS_PROFILE',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_BEARER_TOKEN_BEDROCK',
  'CLAUDE_CODE_USE_VERTEX',
  'CLAUDE_CODE_SKIP_VERTEX_AUTH',
  'ANTHROPIC_VERTEX_BASE_URL',
  'ANTHROPIC_VERTEX_PROJECT_ID',
  'CLOUD_ML_REGION',
  'GOOGLE_APPLICATION_CREDENTIALS',
  'CLAUDE_CODE_USE_FOUNDRY',
  'ANTHROPIC_FOUNDRY_BASE_URL',
  'ANTHROPIC_FOUNDRY_RESOURCE',
  'ANTHROPIC_FOUNDRY_API_KEY',
] as const;

const ALLOWED: ReadonlySet<string> = new Set([...COMMON, ...DIRECT, ...CLOUD]);
const KIMI_CODING = 'https://api.kimi.com/coding';
const KIMI_WINDOW = '262144';

/** The allow-listed variables of an `env` object as strings; presets hold numbers and booleans. */
export function allowedVariables(env: unknown): Variables {
  const allowed: Record<string, string> = {};
  for (const [name, value] of Object.entries(isObject(env) ? env : {})) {
    if (!ALLOWED.has(name) || !isScalar(value)) continue;
    const text = String(value).trim();
    // A NUL makes the start of any process fail.
    if (text !== '' && !text.includes('\0')) allowed[name] = text;
  }
  return allowed;
}

/** Variables of an `env` object that are not taken over, for a warning. */
export function ignoredVariables(env: unknown): string[] {
  return Object.keys(isObject(env) ? env : {}).filter(
    (name) => !ALLOWED.has(name) && !name.endsWith('_MODEL_NAME') && /^[A-Z][A-Z0-9_]*$/.test(name),
  );
}

/** What a worker at a direct endpoint gets. Two tokens would both be sent: the first one wins. */
export function directEnv(env: Variables): Variables {
  const out = withAllTiers(without(env, CLOUD));
  const token = usableToken(env);
  if (token?.name === 'ANTHROPIC_AUTH_TOKEN') return without(out, ['ANTHROPIC_API_KEY']);
  return without(out, ['ANTHROPIC_AUTH_TOKEN']);
}

/** What a worker in a cloud gets. Its address variables have other names there. */
export function cloudEnv(env: Variables): Variables {
  return without(env, DIRECT);
}

/** Kimi's coding plan has a window the CLI cannot know; CC Switch adds it on the fly too. */
export function withKnownWindow(env: Variables): Variables {
  if (env.ANTHROPIC_BASE_URL?.replace(/\/+$/, '') !== KIMI_CODING) return env;
  return {
    CLAUDE_CODE_MAX_CONTEXT_TOKENS: KIMI_WINDOW,
    CLAUDE_CODE_AUTO_COMPACT_WINDOW: KIMI_WINDOW,
    ...env,
  };
}

export function usableToken(env: Variables): { name: string; value: string } | undefined {
  for (const name of ['ANTHROPIC_AUTH_TOKEN', 'ANTHROPIC_API_KEY']) {
    const value = env[name];
    if (value !== undefined && !isPlaceholder(value)) return { name, value };
  }
  return undefined;
}

function isScalar(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function without(env: Variables, names: readonly string[]): Variables {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !names.includes(name)));
}
