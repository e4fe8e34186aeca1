import * as z from 'zod';
import { compact } from '../../core/json.ts';
import { priceFor } from '../../profiles/prices.ts';
import { defineTool } from '../define.ts';
import { model, profile, role } from '../fields.ts';
import { BRIEF } from '../schema.ts';
import { routeView, scoredRoute, scoredView, shortView } from './route-view.ts';
import { routingOf } from './routing-of.ts';

/** Candidates that are shown, without and with their scores. */
const SHOWN = 5;
const EXPLAINED = 20;
const REST = 'cc_score_models shows all';

export default defineTool({
  name: 'cc_pick_profile',
  area: 'profiles',
  kind: 'read',
  core: true,
  title: 'Which model, which profile: choose a model',
  summary:
    'Pick the profile and model a worker would get for a task or role, and explain the choice.',
  input: z.strictObject({
    role,
    task: z.string().max(2_000_000).optional().describe('Its difficulty proposes a tier.'),
    allow_write: z.boolean().optional(),
    scope: z
      .strictObject({
        paths: z.array(z.string().min(1).max(500)).max(100).optional(),
        commands: z.array(z.string().min(1).max(1000)).max(100).optional(),
      })
      .optional()
      .meta(BRIEF),
    profile,
    model,
    explain: z.boolean().optional().describe('All scores by component.'),
  }),
  output: z.object({
    profile: z.string(),
    name: z.string(),
    model: z.string(),
    reason: z.string(),
    price: z.object({ input: z.number(), output: z.number(), source: z.string() }).optional(),
    difficulty: z.object({ difficulty: z.string(), why: z.string() }).optional(),
    /** Best first; without `explain` the first few, without their scores. */
    ranked: z.array(z.union([scoredRoute, routeView])),
    /** Candidates that are not shown, and where they are. */
    more: z.number().optional(),
    rest: z.string().optional(),
  }),
  maxBytes: 24_000,
  handler: async (input, { host }) => {
    const { pick, request, evidence } = await routingOf(host, {
      task: input.task,
      role: input.role,
      profile: input.profile,
      model: input.model,
      write: input.allow_write,
      paths: input.scope?.paths,
    });
    const price = priceFor(pick.profile, pick.model, evidence.prices);
    const shown = pick.ranked.slice(0, input.explain ? EXPLAINED : SHOWN);
    const more = pick.ranked.length - shown.length;
    return {
      profile: pick.profile.id,
      name: pick.profile.name,
      model: pick.model,
      reason: pick.reason,
      ...compact({
        price: price && { input: price.input, output: price.output, source: price.source },
        difficulty: request.estimate,
        more: more > 0 ? more : undefined,
        rest: more > 0 ? REST : undefined,
      }),
      ranked: shown.map(input.explain ? scoredView : shortView),
    };
  },
});
