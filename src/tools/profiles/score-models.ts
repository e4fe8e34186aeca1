import * as z from 'zod';
import { defineTool } from '../define.ts';
import { role } from '../fields.ts';
import { routingOf } from './routing-of.ts';

export default defineTool({
  name: 'cc_score_models',
  area: 'profiles',
  kind: 'read',
  title: 'Score models: which is best',
  summary:
    'Score every model of every profile for a role: price, quality, trust, health and more, best first.',
  input: z.strictObject({ role, allow_write: z.boolean().optional() }),
  output: z.object({
    role: z.string(),
    models: z.array(
      z.object({
        profile: z.string(),
        model: z.string(),
        total: z.number(),
        trust: z.string(),
        cooldown: z.string().optional(),
        /** Values from 0 to 1; a component that is not named is unknown (0.5). */
        values: z.record(z.string(), z.number()),
        lost: z.string().optional(),
      }),
    ),
  }),
  maxBytes: 24_000,
  handler: async (input, { host }) => {
    const choice = await routingOf(host, { role: input.role, write: input.allow_write });
    return {
      role: choice.role,
      models: choice.pick.ranked.map((route) => ({
        profile: route.id,
        model: route.model,
        total: rounded(route.total),
        trust: route.trust,
        ...(route.cooldown === 'healthy' ? {} : { cooldown: route.cooldown }),
        values: Object.fromEntries(
          route.components
            .filter(({ value }) => value !== 0.5)
            .map(({ name, value }) => [name, rounded(value)]),
        ),
        ...(route.lost === undefined ? {} : { lost: route.lost }),
      })),
    };
  },
});

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
