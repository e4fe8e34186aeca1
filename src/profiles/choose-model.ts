import { isTier, TIERS } from './models.ts';
import type { Profile } from './profile.ts';

/**
 * Asked for by its family name, Claude Code takes the newest Sonnet it knows (measured with 2.1.329:
 * `sonnet` sends claude-sonnet-5-5). Without `--model` it would take Opus, the dearest, so a profile
 * that names no model gets this one.
 */
const UNNAMED = 'sonnet';
// From the usual worker to the exotic one.
const TIER_ORDER = ['sonnet', 'opus', 'haiku', 'fable'] as const;

/** Always an explicit model: a worker started without one may take the vendor's dearest. */
export function chooseModel(profile: Profile, wanted?: string): { model: string; why: string } {
  if (wanted !== undefined) return wantedModel(profile, wanted);
  if (profile.models.default !== undefined) {
    return { model: profile.models.default, why: "the profile's default model" };
  }
  for (const tier of TIER_ORDER) {
    const model = profile.models[tier];
    if (model !== undefined) return { model, why: `the profile's ${tier} model` };
  }
  const who =
    profile.kind === 'login' ? 'the login leaves the choice' : 'the profile names no model';
  return { model: UNNAMED, why: `${who}, so the newest Sonnet the worker CLI knows` };
}

/** How likely the profile serves this model: it says so, it serves Claude models, or nobody knows. */
export function modelFit(profile: Profile, wanted: string): 'offers' | 'likely' | 'unknown' {
  if (isTier(wanted)) return 'offers';
  const offered = [profile.models.default, ...TIERS.map((tier) => profile.models[tier])];
  if (offered.some((model) => model !== undefined && bare(model) === bare(wanted))) return 'offers';
  const names = offered.filter((model) => model !== undefined);
  const servesClaude =
    names.length === 0 || names.every((model) => /claude/i.test(model) || isTier(model));
  return /^claude-/i.test(wanted) && servesClaude ? 'likely' : 'unknown';
}

function wantedModel(profile: Profile, wanted: string): { model: string; why: string } {
  const tier = TIERS.find((name) => name === wanted.trim().toLowerCase());
  if (tier !== undefined) {
    const model = profile.models[tier];
    return model === undefined
      ? { model: tier, why: 'the family asked for' }
      : { model, why: `the profile's ${tier} model, as asked` };
  }
  const unsure = modelFit(profile, wanted) === 'unknown';
  return {
    model: wanted,
    why: unsure ? 'the model asked for (the profile does not list it)' : 'the model asked for',
  };
}

function bare(model: string): string {
  return model
    .trim()
    .toLowerCase()
    .replace(/\[1m\]$/, '');
}
