import { isObject } from '../../core/json.ts';
import { type Candidate, candidateOf, type Found } from '../candidate.ts';
import { Credentials } from '../credentials.ts';
import { endpointCandidate } from '../endpoint-profile.ts';
import { recordAt, textAt } from '../json.ts';
import { KEYCHAIN, loginCredentials, loginState } from '../official.ts';
import type { PriceTable } from '../price.ts';
import { parsePrice } from '../prices.ts';
import type { Profile, ProfileHost } from '../profile.ts';
import { ignoredVariables } from '../worker-env.ts';
import { classify, providerVariables } from './classify.ts';
import type { CcSwitchPlace } from './locate.ts';
import { priceTable } from './price-table.ts';
import {
  commonApplies,
  effectiveSettings,
  envOf,
  type Provider,
  type Snapshot,
} from './provider.ts';
import { readCcSwitch } from './snapshot.ts';

const CC_SWITCH_PREFIX = 'cc-switch:';
const NAMES_SHOWN = 5;

export type FoundInCcSwitch = Found & { prices: PriceTable };

/** The Claude providers of CC Switch, with its price table. */
export async function findInCcSwitch(
  host: ProfileHost,
  place: CcSwitchPlace | undefined,
): Promise<FoundInCcSwitch> {
  const snapshot = await readCcSwitch(host, place);
  if (snapshot === undefined) return { candidates: [], warnings: [], prices: new Map() };
  const state = await loginState(host);
  const { prices, warnings } = priceTable(snapshot.prices);
  return {
    candidates: snapshot.providers.map((provider) =>
      candidateFrom(provider, snapshot, state, host),
    ),
    warnings: [...snapshot.warnings, ...warnings],
    ...(snapshot.unread === undefined ? {} : { unread: snapshot.unread }),
    prices,
  };
}

function candidateFrom(
  provider: Provider,
  snapshot: Snapshot,
  state: 'present' | 'absent' | 'unknown',
  host: ProfileHost,
): Candidate {
  const settings = effectiveSettings(provider, snapshot.commonConfig);
  const common = recordAt(snapshot.commonConfig, 'env');
  const isCommon = (name: string) =>
    common[name] !== undefined && commonApplies(provider, snapshot.commonConfig);
  const assessment = classify(provider, snapshot, state !== 'absent');
  const isLogin = assessment.kind === 'login';
  const warnings = isLogin ? loginWarnings(state) : providerWarnings(provider, settings);
  const multiplier = multiplierOf(provider, snapshot, warnings);
  const candidate = endpointCandidate(
    {
      id: CC_SWITCH_PREFIX + provider.id,
      name: provider.name,
      source: snapshot.source,
      current: provider.id === snapshot.currentId,
      ...(isLogin ? { login_state: state } : {}),
      ...(isLogin || multiplier === 1 ? {} : { cost_multiplier: multiplier }),
      ...limitsOf(provider),
      warnings,
    },
    {
      variables: providerVariables(settings),
      assessment,
      raw: [settings, provider.meta],
      origin: (name) =>
        isCommon(name) ? "CC Switch's common configuration" : 'the provider in CC Switch',
      fallbackModel: textAt(settings, 'model'),
    },
  );
  return isLogin ? withLogin(candidate, host) : candidate;
}

function withLogin({ profile, known }: Candidate, host: ProfileHost): Candidate {
  const own = loginCredentials(host);
  return candidateOf(
    { ...profile, models: {} },
    new Credentials(own.env, [...own.secrets, ...known.secrets]),
  );
}

function limitsOf({ meta }: Provider): Pick<Profile, 'limits'> {
  const daily = parsePrice(meta.limitDailyUsd);
  const monthly = parsePrice(meta.limitMonthlyUsd);
  if (daily === undefined && monthly === undefined) return {};
  return {
    limits: {
      ...(daily === undefined ? {} : { daily_usd: daily }),
      ...(monthly === undefined ? {} : { monthly_usd: monthly }),
    },
  };
}

function loginWarnings(state: 'present' | 'absent' | 'unknown'): string[] {
  const same = 'It is the same Claude login as the profile `official`.';
  return state === 'unknown' ? [same, KEYCHAIN] : [same];
}

function providerWarnings({ meta }: Provider, settings: Record<string, unknown>): string[] {
  const warnings: string[] = [];
  const lost = ['customUserAgent', 'localProxyRequestOverrides'].filter((key) => isSet(meta[key]));
  if (lost.length > 0) {
    warnings.push(`Only CC Switch's proxy applies ${lost.join(' and ')}; a worker does without.`);
  }
  const ignored = ignoredVariables(envOf(settings));
  if (ignored.length > 0) {
    const more = ignored.length > NAMES_SHOWN ? ` and ${ignored.length - NAMES_SHOWN} more` : '';
    warnings.push(`Not given to the worker: ${ignored.slice(0, NAMES_SHOWN).join(', ')}${more}.`);
  }
  return warnings;
}

function isSet(value: unknown): boolean {
  return isObject(value) ? Object.keys(value).length > 0 : Boolean(value);
}

function multiplierOf(provider: Provider, snapshot: Snapshot, warnings: string[]): number {
  const given = provider.meta.costMultiplier ?? snapshot.defaultMultiplier;
  if (given === undefined || given === null || given === '') return 1;
  const factor = parsePrice(given);
  // CC Switch, too, goes on with 1; agreeing with its dashboard is worth more than no figure.
  if (factor === undefined) warnings.push('Its cost multiplier is not a number; 1 is used.');
  return factor ?? 1;
}
