import * as z from 'zod';
import { compact } from '../../core/json.ts';
import { listProfiles } from '../../profiles/list.ts';
import { type Preferences, pickProfile } from '../../profiles/pick.ts';
import { priceFor } from '../../profiles/prices.ts';
import { profileHostOf } from '../../runs/plan.ts';
import { readPolicy } from '../../workspace/policy.ts';
import { defineTool } from '../define.ts';
import { model, profile, role } from '../fields.ts';

export default defineTool({
  name: 'cc_pick_profile',
  area: 'profiles',
  kind: 'read',
  core: true,
  summary: 'Pick the profile and model a worker would get for a role, and explain the choice.',
  input: z.strictObject({ role, profile, model }),
  output: z.object({
    profile: z.string(),
    name: z.string(),
    model: z.string(),
    reason: z.string(),
    price: z.object({ input: z.number(), output: z.number() }).optional(),
    ranked: z.array(z.object({ id: z.string(), why: z.string() })),
  }),
  handler: async (input, { host }) => {
    const [{ profiles, prices }, policy] = await Promise.all([
      listProfiles(profileHostOf(host)),
      readPolicy(host.home),
    ]);
    const pick = pickProfile(
      { ...compact(input), preferences: policy.preferred as Preferences },
      profiles,
    );
    const price = priceFor(pick.profile, pick.model, prices);
    return {
      profile: pick.profile.id,
      name: pick.profile.name,
      model: pick.model,
      reason: pick.reason,
      ...(price === undefined ? {} : { price: { input: price.input, output: price.output } }),
      ranked: pick.ranked,
    };
  },
});
