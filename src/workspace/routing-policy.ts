import * as z from 'zod';

/** USD per million tokens, as a user writes it. */
const ownPrice = z.strictObject({
  input: z.number().min(0),
  output: z.number().min(0),
  cache_read: z.number().min(0).optional(),
  cache_write: z.number().min(0).optional(),
});

const names = z.array(z.string().min(1).max(200)).max(500).default([]);

/** The part of policy.yaml that says how a profile and model are chosen. Every field has a default. */
export const routingPolicy = z.strictObject({
  /** Profiles by id, name or host of their address. They bind automatic choices, not explicit ones. */
  providers: z
    .strictObject({
      /** Where it is not empty, nothing else is chosen. */
      allow: names,
      ignore: names,
      /** Before all others, in this order. */
      order: names,
      /** Lets one component of the score outweigh the others together. */
      sort: z.enum(['price', 'latency', 'quality']).optional(),
    })
    .prefault({}),
  /** A model without a record here is on probation. */
  admission: z
    .strictObject({
      min_successes: z.int().min(1).max(1000).default(3),
      /** May it write? `last`: where nothing better known can. */
      writes: z.enum(['last', 'allow', 'never']).default('last'),
    })
    .prefault({}),
  /** Whether the task's estimated difficulty proposes a tier of model. */
  difficulty: z.enum(['auto', 'off']).default('auto'),
  /**
   * Whether the task of a run whose provider fails goes on elsewhere: `auto` where the scorer chose
   * the profile, `always` also where it was named, `off` never.
   */
  fallback: z.enum(['auto', 'always', 'off']).default('auto'),
  /** By model id; they win over every table. */
  prices: z.record(z.string().max(200), ownPrice).default({}),
  /** A file or address in the shape of OpenRouter's /models. Without a source nothing is fetched. */
  catalog: z
    .strictObject({
      source: z.string().min(1).max(2000).optional(),
      min_interval_hours: z.number().min(0.01).max(8760).default(24),
    })
    .prefault({}),
});
export type RoutingPolicy = z.infer<typeof routingPolicy>;

export const DEFAULT_ROUTING: RoutingPolicy = routingPolicy.parse({});
