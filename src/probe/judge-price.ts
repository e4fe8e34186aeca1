import { isOwnNetwork } from '../profiles/address.ts';
import type { Price } from '../profiles/price.ts';
import type { Profile } from '../profiles/profile.ts';
import { type Finding, fail, pass, unknown } from './finding.ts';

export type PriceFacts = {
  profile: Profile;
  model: string;
  /** What runs are billed by. */
  price: Price | undefined;
  /** What a table says about the same model; a second opinion where the profile has a price of its own. */
  listed: Price | undefined;
  /** The worker CLI's own figure is used. */
  cliPrice: boolean;
  /** Tokens that the test saw read from and written to a cache. */
  cached: { read: number; written: number };
};

/** USD per million tokens between which every price list we know lies. */
const LEAST = 0.002;
const MOST = 1000;
/** A reseller's discount or surcharge is smaller. */
const MOST_APART = 20;

const CORRECT =
  'Correct the price where the profile is kept (USD per million tokens): CC_PROFILE_<NAME>_PRICE_INPUT and _PRICE_OUTPUT, or the price table and multiplier of CC Switch.';
const CACHE =
  'Add the cache prices (CC_PROFILE_<NAME>_PRICE_CACHE_READ and _PRICE_CACHE_WRITE, or the price table of CC Switch).';

/** Whether the price can be what the vendor really takes: budgets in USD rest on it. Costs nothing. */
export function judgePrice(facts: PriceFacts): Finding {
  const { profile, price, listed, cliPrice } = facts;
  if (cliPrice) return pass("Claude Code's own price is the real one for this model");
  if (price === undefined) return withoutPrice(profile);
  const told = `${price.input} in, ${price.output} out (${price.source})`;
  if (price.input === 0 || price.output === 0) return isFree(facts, told);
  if (Math.min(price.input, price.output) < LEAST) {
    return fail(`${told} is too low for a price per million tokens`, CORRECT);
  }
  if (Math.max(price.input, price.output) > MOST) {
    return fail(`${told} is too high for a price per million tokens`, CORRECT);
  }
  if (price.input > price.output) {
    return fail(`${told}: input is dearer than output, as with no vendor`, CORRECT);
  }
  if (listed !== undefined && isFarApart(price, listed)) {
    return fail(
      `${told}, but the price table has ${listed.input} in, ${listed.output} out`,
      CORRECT,
    );
  }
  return judgeCache(facts, price, told);
}

function withoutPrice({ kind }: Profile): Finding {
  return kind === 'login'
    ? unknown(
        'the login has no price for a model family',
        'For budgets in USD name the model in full (e.g. claude-sonnet-5-5).',
      )
    : unknown('no price is known', `max_usd is refused until there is one. ${CORRECT}`);
}

function isFree({ profile, model, price }: PriceFacts, told: string): Finding {
  const { base_url } = profile;
  if (base_url !== undefined && isOwnNetwork(base_url)) return pass(`${told}: a model of your own`);
  if (/:free$/i.test(model) && price?.input === 0 && price.output === 0) {
    return pass(`${told}: a free model by its name`);
  }
  return fail(
    `${told}: nothing, for a service that is usually paid`,
    `A budget in USD would never end a run. ${CORRECT} If it is free indeed, use max_tokens.`,
  );
}

function judgeCache({ cached }: PriceFacts, price: Price, told: string): Finding {
  const missing = [
    ...(price.cache_read === undefined ? ['reads'] : []),
    ...(price.cache_write === undefined ? ['writes'] : []),
  ];
  const used =
    (cached.read > 0 && price.cache_read === undefined) ||
    (cached.written > 0 && price.cache_write === undefined);
  if (used) {
    return fail(
      `${told}; the service uses a cache, and there is no price for ${missing.join(' and ')} of it`,
      `The cost of its runs is unknown, and max_usd cannot hold. ${CACHE}`,
    );
  }
  if ((price.cache_read ?? 0) > price.input) {
    return fail(`${told}; a cache read at ${price.cache_read} is dearer than fresh input`, CORRECT);
  }
  if (missing.length === 0) return pass(told);
  return { ...pass(`${told}; no price for cache ${missing.join(' and ')}`), fix: CACHE };
}

function isFarApart(a: Price, b: Price): boolean {
  return (['input', 'output'] as const).some((key) => {
    const [low, high] = [Math.min(a[key], b[key]), Math.max(a[key], b[key])];
    return low > 0 && high / low > MOST_APART;
  });
}
