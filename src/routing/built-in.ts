/**
 * Facts about a few models for those who have neither CC Switch nor a catalogue. Prices are what CC
 * Switch 3.20.0 ships (2026-08-21), windows what Claude Code 2.1.329 reported for its own models.
 */

/** USD per million tokens: input, output, cache read, cache write. */
export const BUILT_IN_PRICES: Readonly<Record<string, readonly [number, number, number, number]>> =
  {
    'claude-opus-5': [5, 25, 0.5, 6.25],
    'claude-sonnet-5': [3, 15, 0.3, 3.75],
    'claude-haiku-4-5-20251001': [1, 5, 0.1, 1.25],
    'deepseek-v4-flash': [0.44, 1.32, 0.014, 0],
    'deepseek-v4-pro': [1.32, 3.96, 0.044, 0],
    'kimi-k2.7-code': [0.95, 4, 0.19, 0],
  };

/** Tokens. */
export const BUILT_IN_WINDOWS: Readonly<Record<string, number>> = {
  'claude-sonnet-4-5': 200_000,
  'claude-opus-5-5': 1_000_000,
};
