import * as z from 'zod';
import { compact } from '../../core/json.ts';
import { chooseModel } from '../../profiles/choose-model.ts';
import { profileHostOf } from '../../profiles/host-of.ts';
import { listProfiles } from '../../profiles/list.ts';
import { lookUpProfile } from '../../profiles/lookup.ts';
import type { PriceTable } from '../../profiles/price.ts';
import { priceFor } from '../../profiles/prices.ts';
import type { Profile } from '../../profiles/profile.ts';
import { capabilityLine, capabilityReader } from '../../routing/capabilities.ts';
import { gatherEvidence } from '../../routing/gather.ts';
import { routeStatus } from '../../routing/status.ts';
import { offersOf } from '../../routing/tier.ts';
import { readPolicy } from '../../workspace/policy.ts';
import { defineTool } from '../define.ts';

export default defineTool({
  name: 'cc_list_profiles',
  area: 'profiles',
  kind: 'read',
  title: 'List profiles and providers',
  summary:
    'List the model profiles (providers) workers can use: CC Switch, profiles.yaml, environment, login. Never prints keys.',
  input: z.strictObject({
    all: z.boolean().optional().describe('Also unusable ones, and why.'),
    profile: z.string().max(200).optional().describe('One, in detail.'),
  }),
  output: z.object({
    profiles: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        usable: z.boolean(),
        reason: z.string().optional(),
        current: z.literal(true).optional(),
        kind: z.string(),
        models: z.record(z.string(), z.string()),
        base_url: z.string().optional(),
        context_window: z.number().optional(),
        /** USD per million tokens in/out of the default model. */
        price: z.object({ input: z.number(), output: z.number() }).optional(),
        /** How far the default model is trusted; and whether it is left alone for now, and why. */
        trust: z.string().optional(),
        cooldown: z.string().optional(),
        /** What cc_test_profile has shown of the default model, and how many days ago. */
        tested: z.string().optional(),
        warnings: z.array(z.string()).optional(),
        /** Of one profile: how it signs in, and who says what. */
        detail: z
          .object({
            source: z.string(),
            auth: z.string(),
            /** The same for all profiles that share host and credentials. */
            account: z.string().optional(),
            /** Where a field was found. */
            from: z.record(z.string(), z.string()),
            /** USD per million tokens by model, and who says so. */
            prices: z.array(
              z.object({
                model: z.string(),
                input: z.number(),
                output: z.number(),
                from: z.string(),
              }),
            ),
            cost_multiplier: z.number().optional(),
            limits: z
              .object({ daily_usd: z.number().optional(), monthly_usd: z.number().optional() })
              .optional(),
          })
          .optional(),
      }),
    ),
    unusable: z.number(),
    warnings: z.array(z.string()).optional(),
  }),
  maxBytes: 16_000,
  handler: async (input, { host }) => {
    const { profiles, warnings, prices } = await listProfiles(profileHostOf(host));
    const { routing } = await readPolicy(host.home);
    const [evidence, capabilities] = await Promise.all([
      gatherEvidence(host.home, routing, prices, host.clock.now(), profiles),
      capabilityReader(host.home, { now: host.clock.now() }),
    ]);
    const one = input.profile === undefined ? undefined : lookUpProfile(profiles, input.profile);
    const shown = one ? [one] : input.all ? profiles : profiles.filter((profile) => profile.usable);
    const tested = await Promise.all(
      shown.map((profile) => capabilities(profile, chooseModel(profile).model)),
    );
    return {
      profiles: shown.map((profile, index) => {
        const known = tested[index];
        const { model } = chooseModel(profile);
        const price = priceFor(profile, model, evidence.prices);
        const status = profile.usable ? routeStatus(profile, model, evidence, routing) : undefined;
        return {
          id: profile.id,
          name: profile.name,
          usable: profile.usable,
          kind: profile.kind,
          models: compact({ ...profile.models }) as Record<string, string>,
          ...compact({
            reason: profile.reason,
            current: profile.current ? (true as const) : undefined,
            base_url: profile.base_url,
            context_window: profile.context_window,
            price: price && { input: price.input, output: price.output },
            trust: status?.trust,
            cooldown: status?.cooldown,
            tested: known && capabilityLine(known),
            warnings: profile.warnings.length === 0 ? undefined : profile.warnings,
            detail: one && detailOf(one, evidence.prices),
          }),
        };
      }),
      unusable: profiles.filter((profile) => !profile.usable).length,
      ...(warnings.length === 0 ? {} : { warnings }),
    };
  },
});

const PRICES_SHOWN = 20;

function detailOf(profile: Profile, table: PriceTable) {
  const named = [
    ...offersOf(profile).map(({ model }) => model),
    ...Object.keys(profile.prices ?? {}),
  ];
  const prices = [...new Set(named)].flatMap((model) => {
    const price = priceFor(profile, model, table);
    return price === undefined
      ? []
      : [{ model, input: price.input, output: price.output, from: price.source }];
  });
  return {
    source: profile.source,
    auth: profile.auth,
    from: compact({ ...profile.provenance }) as Record<string, string>,
    prices: prices.slice(0, PRICES_SHOWN),
    ...compact({
      account: profile.account,
      cost_multiplier: profile.cost_multiplier,
      limits: profile.limits,
    }),
  };
}
