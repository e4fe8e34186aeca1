import * as z from 'zod';

/** Less of anything is not worth starting a run with. */
export const LEAST_CAPS = {
  wall_seconds: 10,
  max_turns: 1,
  max_tokens: 1000,
  max_output_bytes: 10_000,
} as const;

/** Caps of a task over all the runs that continue it. */
export const lifetimeCaps = z.strictObject({
  wall_seconds: z.int().min(LEAST_CAPS.wall_seconds),
  max_turns: z.int().min(LEAST_CAPS.max_turns),
  /** Tokens as a budget counts them: those read from a cache at a tenth. */
  max_tokens: z.int().min(LEAST_CAPS.max_tokens),
  max_usd: z.number().positive(),
});

/** Caps of one run, within which policy, tools and workflows may set them. */
export const runCaps = z.strictObject({
  wall_seconds: lifetimeCaps.shape.wall_seconds.max(86_400),
  /** Silence after which a run is stalled. A stream may be silent for five minutes and recover. */
  idle_seconds: z.int().min(10).max(86_400),
  max_turns: lifetimeCaps.shape.max_turns.max(1000),
  max_tokens: lifetimeCaps.shape.max_tokens,
  max_usd: lifetimeCaps.shape.max_usd,
  /** What model and tools say, and the record of it. */
  max_output_bytes: z.int().min(LEAST_CAPS.max_output_bytes),
});
