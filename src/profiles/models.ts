import type { Variables } from './credentials.ts';
import type { Profile, ProfileModels } from './profile.ts';

export const TIERS = ['opus', 'sonnet', 'haiku', 'fable'] as const;
export type Tier = (typeof TIERS)[number];

const MILLION = /\[1m\]/i;

export function isTier(model: string): model is Tier {
  return (TIERS as readonly string[]).includes(model.toLowerCase());
}

export function tierVariable(tier: Tier): string {
  return `ANTHROPIC_DEFAULT_${tier.toUpperCase()}_MODEL`;
}

/**
 * The variables with every tier set, as CC Switch does when it saves a provider. Without it the
 * worker's background calls would ask the vendor for a Claude model it does not have. Resellers of
 * Claude are left alone: they have all tiers, and one model for all would be dearer.
 */
export function withAllTiers(env: Variables): Variables {
  const { ANTHROPIC_SMALL_FAST_MODEL: small, ...rest } = env;
  const main = foreign(rest.ANTHROPIC_MODEL) ?? foreign(small);
  const filled: Record<string, string> = { ...rest };
  for (const tier of TIERS) {
    const name = tierVariable(tier);
    const value = rest[name] ?? (tier === 'haiku' ? (small ?? main) : main);
    if (value !== undefined) filled[name] = value;
  }
  return filled;
}

/** The models of a profile. `fallback` is the `model` key of a settings file, which loses to env. */
export function modelsFrom(env: Variables, fallback?: string): ProfileModels {
  const models: ProfileModels = {};
  for (const tier of TIERS) {
    const model = env[tierVariable(tier)];
    if (model !== undefined) models[tier] = model;
  }
  const chosen = env.ANTHROPIC_MODEL ?? fallback;
  if (chosen !== undefined && chosen.toLowerCase() !== 'default') {
    models.default = isTier(chosen) ? (models[lower(chosen)] ?? lower(chosen)) : chosen;
  }
  return models;
}

/** Tokens that fit into this model of the profile, when that is known. */
export function contextWindowFor(profile: Profile, model: string): number | undefined {
  if (model === profile.models.default || profile.models.default === undefined) {
    if (profile.context_window !== undefined) return profile.context_window;
  }
  return MILLION.test(model) ? 1_000_000 : undefined;
}

export function contextWindowFrom(env: Variables, models: ProfileModels): number | undefined {
  const declared = positiveInteger(env.CLAUDE_CODE_MAX_CONTEXT_TOKENS);
  if (declared !== undefined) return declared;
  return models.default !== undefined && MILLION.test(models.default) ? 1_000_000 : undefined;
}

export function positiveInteger(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,9}$/.test(text.trim())) return undefined;
  const value = Number(text);
  return value > 0 ? value : undefined;
}

function foreign(model: string | undefined): string | undefined {
  return model === undefined || isTier(model) || /claude/i.test(model) ? undefined : model;
}

function lower(tier: Tier): Tier {
  return tier.toLowerCase() as Tier;
}
