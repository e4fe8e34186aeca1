import * as z from 'zod';
import type { RankedRoute } from '../../routing/rank.ts';

/** A candidate in one line. */
export const routeView = z.object({
  id: z.string(),
  model: z.string(),
  why: z.string(),
  /** Why it is not the first. */
  lost: z.string().optional(),
});

/** A candidate with every part of its score. */
export const scoredRoute = routeView.extend({
  total: z.number(),
  trust: z.enum(['trusted', 'probation', 'demoted']),
  cooldown: z.enum(['cooling', 'half_open']).optional(),
  /** By component: value (0 to 1, 0.5 is unknown), weight, and what it rests on. */
  components: z.record(z.string(), z.tuple([z.number(), z.number(), z.string()])),
});

export function shortView({ id, model, why, lost }: RankedRoute): z.infer<typeof routeView> {
  return { id, model, why, ...(lost === undefined ? {} : { lost }) };
}

export function scoredView(route: RankedRoute): z.infer<typeof scoredRoute> {
  const { total, trust, cooldown, components } = route;
  return {
    ...shortView(route),
    total: rounded(total),
    trust,
    ...(cooldown === 'healthy' ? {} : { cooldown }),
    components: Object.fromEntries(
      components.map(({ name, value, weight, why }) => [name, [rounded(value), weight, why]]),
    ),
  };
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
