import * as z from 'zod';
import { compact } from '../../core/json.ts';
import { listProfiles } from '../../profiles/list.ts';
import { priceFor } from '../../profiles/prices.ts';
import { profileHostOf } from '../../runs/plan.ts';
import { defineTool } from '../define.ts';

export default defineTool({
  name: 'cc_list_profiles',
  area: 'profiles',
  kind: 'read',
  summary:
    'List the model profiles (providers) workers can use: CC Switch, profiles.yaml, environment, login. Never shows keys.',
  input: z.strictObject({
    all: z.boolean().optional().describe('Also those that cannot be used, with the reason.'),
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
        warnings: z.array(z.string()).optional(),
      }),
    ),
    unusable: z.number(),
    warnings: z.array(z.string()).optional(),
  }),
  maxBytes: 16_000,
  handler: async (input, { host }) => {
    const { profiles, warnings, prices } = await listProfiles(profileHostOf(host));
    const shown = input.all ? profiles : profiles.filter((profile) => profile.usable);
    return {
      profiles: shown.map((profile) => {
        const model = profile.models.default ?? profile.models.sonnet;
        const price = model === undefined ? undefined : priceFor(profile, model, prices);
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
            warnings: profile.warnings.length === 0 ? undefined : profile.warnings,
          }),
        };
      }),
      unusable: profiles.filter((profile) => !profile.usable).length,
      ...(warnings.length === 0 ? {} : { warnings }),
    };
  },
});
