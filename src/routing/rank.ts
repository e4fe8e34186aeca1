import { isoTime } from '../core/clock.ts';
import { chooseModel, modelFit } from '../profiles/choose-model.ts';
import type { Profile } from '../profiles/profile.ts';
import type { RoutingPolicy } from '../workspace/routing-policy.ts';
import { REQUIRED } from './capabilities.ts';
import { type Component, componentsOf, type Subject, totalOf, windowOf } from './components.ts';
import { constraintOn } from './constraints.ts';
import type { CapabilityEvidence, Evidence } from './evidence.ts';
import { cooldownOf } from './health.ts';
import { bareModel, routeKey } from './keys.ts';
import { preferredModel, type ResolvedPreference } from './preference.ts';
import type { PickRequest } from './request.ts';
import { type Offer, offersOf } from './tier.ts';
import { type Trust, trustOf } from './trust.ts';

export type RankedRoute = {
  id: string;
  profile: Profile;
  model: string;
  modelWhy: string;
  why: string;
  /** The caller named this profile. */
  asked: boolean;
  /** The policy names this profile, or this model, for the role. */
  preferred: boolean;
  /** 0 to 1; within one step of `steps`, the higher comes first. */
  total: number;
  components: Component[];
  trust: Trust;
  cooldown: 'healthy' | 'cooling' | 'half_open';
  /** It failed a test of what every worker needs. */
  unfit: boolean;
  /** Why it is not the first; absent for the first. */
  lost?: string;
};

export type RankRequest = PickRequest & {
  routing: RoutingPolicy;
  explicit: Profile | undefined;
  preference: ResolvedPreference | undefined;
};

/** What decides before any score, in this order; less is better. */
type Step = { rank: number; why: string };
type Sorted = { route: RankedRoute; steps: Step[] };

/** All routes that may be taken, best first. Equal ones keep the order of the list. */
export function rankRoutes(
  request: RankRequest,
  usable: readonly Profile[],
  evidence: Evidence,
): { ranked: RankedRoute[]; excluded: { id: string; why: string }[] } {
  const excluded: { id: string; why: string }[] = [];
  const routes: Sorted[] = [];
  for (const profile of usable) {
    const constraint = constraintOn(profile, request.routing.providers);
    if (constraint.excluded !== undefined && profile !== request.explicit) {
      excluded.push({ id: profile.id, why: constraint.excluded });
      continue;
    }
    for (const offer of offersFor(profile, request)) {
      const route = judge(profile, offer, constraint.order, request, evidence);
      if ('excluded' in route) excluded.push({ id: profile.id, why: route.excluded });
      else routes.push(route);
    }
  }
  routes.sort(compare);
  const [winner] = routes;
  const ranked = routes.map((loser) => {
    if (winner !== undefined && loser !== winner) loser.route.lost = whyLost(loser, winner);
    return loser.route;
  });
  return { ranked, excluded };
}

function compare(a: Sorted, b: Sorted): number {
  for (const [index, step] of a.steps.entries()) {
    const difference = step.rank - (b.steps[index]?.rank ?? 0);
    if (difference !== 0) return difference;
  }
  return b.route.total - a.route.total;
}

/** A model that was asked for is the only one; else what the profile offers. */
function offersFor(profile: Profile, request: RankRequest): readonly Offer[] {
  const wanted = request.model ?? preferredModel(profile, request.preference);
  if (wanted !== undefined) {
    const { model, why } = chooseModel(profile, wanted);
    return [{ model, why, primary: true, size: 'unknown' }];
  }
  return offersOf(profile);
}

function judge(
  profile: Profile,
  offer: Offer,
  order: number,
  request: RankRequest,
  evidence: Evidence,
): Sorted | { excluded: string } {
  const { explicit, preference, routing } = request;
  const asked = profile === explicit;
  const key = routeKey({ profile: profile.id, model: offer.model });
  if (request.exclude?.some((route) => routeKey(route) === key)) {
    return { excluded: `${offer.model} has been tried` };
  }
  const window = windowOf(profile, offer.model, evidence);
  if (window !== undefined && window < (request.minContext ?? 0)) {
    return { excluded: `${offer.model} has a window of ${window} tokens` };
  }
  if (window === undefined && request.knownContext) {
    return { excluded: `the window of ${offer.model} is not known` };
  }
  const capabilities = evidence.capabilities.get(key);
  const trust = trustOf(
    evidence.endings.get(key) ?? [],
    capabilities,
    routing.admission.min_successes,
  );
  const isChosen = asked || request.model !== undefined || profile === preference?.target;
  const barred = request.write && !isChosen && routing.admission.writes === 'never';
  if (barred && trust.trust !== 'trusted') {
    return { excluded: `${offer.model} may not write yet: ${trust.why}` };
  }
  const cooldown = cooldownOf(profile, offer.model, evidence.health, evidence.now);
  const subject: Subject = { profile, offer, cooldown, trust };
  const difficulty = request.estimate?.difficulty ?? 'medium';
  const components = componentsOf(
    subject,
    evidence,
    { role: request.role, difficulty },
    routing.providers.sort,
  );
  const capability = capabilityStep(capabilities);
  const steps = [
    { rank: asked ? 0 : 1, why: 'another profile was asked for' },
    fitStep(profile, request),
    coolingStep(subject),
    capability,
    { rank: isPreferred(profile, request) ? 0 : 1, why: 'the policy prefers another' },
    isChosen ? ADMITTED : admissionStep(trust, request),
    { rank: order, why: 'routing.providers.order names another first' },
  ];
  const route: RankedRoute = {
    id: profile.id,
    profile,
    model: offer.model,
    modelWhy: offer.why,
    why: whyOf(subject, request, components, steps),
    asked,
    preferred: isPreferred(profile, request) || isModel(preferredModel(profile, preference), offer),
    total: totalOf(components),
    components,
    trust: trust.trust,
    cooldown: cooldown.state,
    unfit: capability.rank > 0,
  };
  return { route, steps };
}

function isPreferred(profile: Profile, { preference }: RankRequest): boolean {
  return preference?.target !== undefined && profile === preference.target;
}

function isModel(wanted: string | undefined, { model }: Offer): boolean {
  return wanted !== undefined && bareModel(wanted) === bareModel(model);
}

/** A model that was named goes to a profile that has it, before one that might not. */
function fitStep(profile: Profile, request: RankRequest): Step {
  const { preference } = request;
  // A model preferred together with a profile says nothing about the other profiles.
  const model =
    request.model ?? (preference?.profile === undefined ? preference?.model : undefined);
  if (model === undefined || isPreferred(profile, request)) return { rank: 0, why: '' };
  const fit = modelFit(profile, model);
  return { rank: { offers: 0, likely: 1, unknown: 2 }[fit], why: FIT[fit] };
}

const FIT = {
  offers: 'lists the model',
  likely: 'serves Claude models',
  unknown: 'does not list the model',
};

function coolingStep({ cooldown }: Subject): Step {
  if (cooldown.state !== 'cooling') return { rank: 0, why: '' };
  const { entry } = cooldown;
  if (entry.trial !== undefined && entry.trial.until > entry.until) {
    return { rank: 1, why: `${entry.class}, being tried again by ${entry.trial.run_id}` };
  }
  const until = isoTime(new Date(entry.until));
  return { rank: 1, why: `${entry.class}, left alone until ${until}` };
}

function capabilityStep(verdicts: CapabilityEvidence | undefined): Step {
  const failing = REQUIRED.filter((name) => verdicts?.[name] === 'fail');
  return failing.length === 0
    ? { rank: 0, why: '' }
    : { rank: 1, why: `failed its test: ${failing.join(', ')}` };
}

const ADMITTED: Step = { rank: 0, why: '' };

/** Before a model may write where a trusted one can, it must have shown itself on reading tasks. */
function admissionStep(trust: Subject['trust'], { write, routing }: RankRequest): Step {
  if (trust.trust === 'demoted') return { rank: 2, why: trust.why };
  const mayWrite = trust.trust === 'trusted' || routing.admission.writes === 'allow';
  return write && !mayWrite ? { rank: 1, why: trust.why } : ADMITTED;
}

function whyOf(
  subject: Subject,
  request: RankRequest,
  components: readonly Component[],
  [, fit, cooling, capability]: readonly Step[],
): string {
  const { profile, trust } = subject;
  const standing = components.find(({ name }) => name === 'standing')?.why ?? '';
  const asked = profile === request.explicit;
  const parts = [
    asked
      ? 'asked for'
      : isPreferred(profile, request)
        ? 'preferred by the policy for this role'
        : standing,
    asked ? '' : fit?.why,
    cooling?.why,
    capability?.why,
    request.write && trust.trust !== 'trusted' ? trust.why : '',
  ];
  return parts.filter(Boolean).join(', ');
}

/** The first step at which it falls behind the winner, else the component that costs it most. */
function whyLost(loser: Sorted, winner: Sorted): string {
  for (const [index, step] of loser.steps.entries()) {
    if (step.rank > (winner.steps[index]?.rank ?? 0)) return step.why;
  }
  let worst: { cost: number; own?: Component; other?: Component } = { cost: 0 };
  for (const [index, own] of loser.route.components.entries()) {
    const other = winner.route.components[index];
    if (other === undefined) continue;
    const cost = (other.value - own.value) * own.weight;
    if (cost > worst.cost + 1e-9) worst = { cost, own, other };
  }
  const { own, other } = worst;
  return own === undefined
    ? 'as good, but later in the list'
    : `${own.name}: ${own.why}; ${other?.why}`;
}
