import { chooseModel } from '../profiles/choose-model.ts';
import { TIERS } from '../profiles/models.ts';
import type { Profile } from '../profiles/profile.ts';
import type { Difficulty } from './difficulty.ts';
import { bareModel } from './keys.ts';

/** A model a profile offers for automatic choice. */
export type Offer = {
  model: string;
  why: string;
  /** What this profile takes for a task nothing is known of. */
  primary: boolean;
  /** Small and fast, or large and thorough, as far as the profile or the name tells. */
  size: 'small' | 'large' | 'both' | 'unknown';
};

const SMALL = /(?:^|[-_./])(?:haiku|flash|mini|lite|air|nano|small)(?:[-_.\d]|$)/i;
const LARGE = /(?:^|[-_./])(?:opus|max|ultra|large|pro)(?:[-_.\d]|$)/i;

/**
 * The models to choose between. A profile that names none serves Claude's families: there only the
 * small one is proposed by itself, never the dearest.
 */
export function offersOf(profile: Profile): readonly Offer[] {
  const offers = known.get(profile) ?? offered(profile);
  known.set(profile, offers);
  return offers;
}

/** A profile that was read once is asked for its offers many times. */
const known = new WeakMap<Profile, readonly Offer[]>();

function offered(profile: Profile): Offer[] {
  const first = chooseModel(profile);
  const offers: Offer[] = [{ ...first, primary: true, size: sizeOf(profile, first.model) }];
  if (Object.keys(profile.models).length === 0) {
    return [...offers, { model: 'haiku', why: 'the small family', primary: false, size: 'small' }];
  }
  for (const tier of TIERS) {
    const model = profile.models[tier];
    if (model === undefined) continue;
    if (offers.some((offer) => bareModel(offer.model) === bareModel(model))) continue;
    const why = `the profile's ${tier} model`;
    offers.push({ model, why, primary: false, size: sizeOf(profile, model) });
  }
  return offers;
}

/** How well a model suits a difficulty, 0 to 1. */
export function tierFit(offer: Offer, difficulty: Difficulty): number {
  if (difficulty === 'medium') return offer.primary ? 1 : 0;
  const wanted = difficulty === 'simple' ? 'small' : 'large';
  if (offer.size === wanted || offer.size === 'both') return 1;
  return offer.primary ? PRIMARY_FIT : 0;
}

const PRIMARY_FIT = 0.6;

function sizeOf({ models }: Profile, model: string): Offer['size'] {
  const isModel = (other: string | undefined) =>
    other !== undefined && bareModel(other) === bareModel(model);
  const [small, large] = [isModel(models.haiku), isModel(models.opus)];
  if (small && large) return 'both';
  if (small || (models.haiku === undefined && SMALL.test(model))) return 'small';
  if (large || (models.opus === undefined && LARGE.test(model))) return 'large';
  return 'unknown';
}
