import { plural } from '../core/text.ts';
import type { Role } from '../core/vocabulary.ts';
import { contextWindowFor } from '../profiles/models.ts';
import { priceFor } from '../profiles/prices.ts';
import type { Profile } from '../profiles/profile.ts';
import type { RoutingPolicy } from '../workspace/routing-policy.ts';
import type { Difficulty } from './difficulty.ts';
import type { Evidence } from './evidence.ts';
import { type Cooldown, quotaLeft } from './health.ts';
import { bareModel, routeKey } from './keys.ts';
import { latencyOf, qualityOf, reliabilityOf } from './quality.ts';
import { standingOf } from './standing.ts';
import { type Offer, tierFit } from './tier.ts';
import type { Trust } from './trust.ts';

const COMPONENTS = [
  'quality',
  'tier',
  'price',
  'standing',
  'health',
  'reliability',
  'capability',
  'trust',
  'latency',
  'quota',
  'context',
] as const;
export type ComponentName = (typeof COMPONENTS)[number];

/** One part of a score. `value` is 0 to 1, 0.5 where nothing is known; more is better. */
export type Component = { name: ComponentName; value: number; weight: number; why: string };

type Weights = Readonly<Record<ComponentName, number>>;

const MEDIUM: Weights = {
  quality: 0.25,
  tier: 0.25,
  price: 0.15,
  standing: 0.25,
  health: 0.15,
  reliability: 0.1,
  capability: 0.1,
  trust: 0.1,
  latency: 0.05,
  quota: 0.05,
  context: 0.05,
};
/** An easy task is done well by most, so what it costs decides; a hard one done badly costs most. */
const WEIGHTS: Readonly<Record<Difficulty, Weights>> = {
  simple: { ...MEDIUM, quality: 0.15, price: 0.3 },
  medium: MEDIUM,
  complex: { ...MEDIUM, quality: 0.4, price: 0.05 },
};
/** More than all the others together. */
const SORTED_WEIGHT = 3;

const UNKNOWN = 0.5;
/** USD per million tokens (three in, one out) that count like an unknown price. */
const USUAL_PRICE = 2;
const USUAL_CALL_MS = 10_000;
const USUAL_WINDOW = 128_000;
const HALF_OPEN = 0.4;
const TRUST_VALUE: Readonly<Record<Trust, number>> = { trusted: 1, probation: UNKNOWN, demoted: 0 };

export type Subject = {
  profile: Profile;
  offer: Offer;
  cooldown: Cooldown;
  trust: { trust: Trust; why: string };
};

/** Every component of the score of one model at one profile. */
export function componentsOf(
  subject: Subject,
  evidence: Evidence,
  wanted: { role?: Role | undefined; difficulty: Difficulty },
  sort: RoutingPolicy['providers']['sort'],
): Component[] {
  const weights = WEIGHTS[wanted.difficulty];
  const values = valuesOf(subject, evidence, wanted);
  return COMPONENTS.map((name) => ({
    name,
    value: values[name].value,
    weight: name === sort ? SORTED_WEIGHT : weights[name],
    why: values[name].why,
  }));
}

/** The weighted mean of the components, 0 to 1. */
export function totalOf(components: readonly Component[]): number {
  let sum = 0;
  let weights = 0;
  for (const { value, weight } of components) {
    sum += value * weight;
    weights += weight;
  }
  return sum / weights;
}

type Value = { value: number; why: string };

function valuesOf(
  { profile, offer, cooldown, trust }: Subject,
  evidence: Evidence,
  { role, difficulty }: { role?: Role | undefined; difficulty: Difficulty },
): Record<ComponentName, Value> {
  const key = routeKey({ profile: profile.id, model: offer.model });
  const endings = evidence.endings.get(key) ?? [];
  const quality = qualityOf(endings, evidence.benchmarks.get(key) ?? [], role, evidence.now);
  const reliability = reliabilityOf(endings, evidence.now);
  return {
    quality: { value: quality.value, why: told(quality, 'no results yet', 'result') },
    tier: {
      value: tierFit(offer, difficulty),
      why: offer.primary ? "the profile's usual model" : offer.why,
    },
    price: priceValue(profile, offer.model, evidence),
    standing: standingOf(profile),
    health: healthValue(cooldown),
    reliability: { value: reliability.value, why: told(reliability, 'no runs yet', 'run') },
    capability: capabilityValue(key, evidence),
    trust: { value: TRUST_VALUE[trust.trust], why: trust.why },
    latency: latencyValue(latencyOf(endings)),
    quota: quotaValue(quotaLeft(profile, evidence.health, evidence.now)),
    context: contextValue(windowOf(profile, offer.model, evidence)),
  };
}

/** Context window in tokens; the profile's word before any table's. */
export function windowOf(
  profile: Profile,
  model: string,
  { windows }: Pick<Evidence, 'windows'>,
): number | undefined {
  return contextWindowFor(profile, model) ?? windows.get(bareModel(model));
}

function priceValue(profile: Profile, model: string, { prices }: Evidence): Value {
  const price = priceFor(profile, model, prices);
  if (price === undefined) return { value: UNKNOWN, why: 'price unknown' };
  const mean = (3 * price.input + price.output) / 4;
  return {
    value: USUAL_PRICE / (USUAL_PRICE + mean),
    why: `$${short(price.input)} in, $${short(price.output)} out (${price.source})`,
  };
}

function healthValue(cooldown: Cooldown): Value {
  if (cooldown.state === 'healthy') return { value: 1, why: 'no recent failure' };
  const { entry } = cooldown;
  return cooldown.state === 'half_open'
    ? { value: HALF_OPEN, why: `not tried since ${entry.class}` }
    : { value: 0, why: `on cooldown after ${entry.class}` };
}

function capabilityValue(key: string, { capabilities }: Evidence): Value {
  const verdicts = Object.entries(capabilities.get(key) ?? {});
  if (verdicts.length === 0) return { value: UNKNOWN, why: 'not tested' };
  const passed = verdicts.filter(([, verdict]) => verdict === 'pass').length;
  const failed = verdicts.filter(([, verdict]) => verdict === 'fail').map(([name]) => name);
  const unknown = verdicts.length - passed - failed.length;
  return {
    value: (passed + unknown * UNKNOWN) / verdicts.length,
    why: failed.length > 0 ? `fails ${failed.join(', ')}` : `${plural(passed, 'test')} passed`,
  };
}

function latencyValue(ms: number | undefined): Value {
  if (ms === undefined) return { value: UNKNOWN, why: 'speed unknown' };
  return { value: USUAL_CALL_MS / (USUAL_CALL_MS + ms), why: `${short(ms / 1000)} s a call` };
}

function quotaValue(left: number | undefined): Value {
  if (left === undefined) return { value: UNKNOWN, why: 'no limit window known' };
  return { value: left, why: `${Math.round(left * 100)} % of the limit window left` };
}

function contextValue(window: number | undefined): Value {
  if (window === undefined) return { value: UNKNOWN, why: 'window unknown' };
  return { value: window / (USUAL_WINDOW + window), why: `${short(window / 1000)}k tokens` };
}

function told({ value, n }: { value: number; n: number }, none: string, unit: string): string {
  return n === 0 ? none : `${Math.round(value * 100)} % over ${n} ${unit}${n === 1 ? '' : 's'}`;
}

function short(value: number): string {
  return String(Math.round(value * 100) / 100);
}
