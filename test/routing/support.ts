import { CcError } from '../../src/core/errors.ts';
import type { FailureClass } from '../../src/core/vocabulary.ts';
import type { Profile } from '../../src/profiles/profile.ts';
import type { Ending } from '../../src/routing/endings.ts';
import { type Evidence, noEvidence } from '../../src/routing/evidence.ts';
import { routeKey } from '../../src/routing/keys.ts';

export const NOW = Date.parse('2026-11-21T12:00:00.000Z');
export const HOUR = 3_600_000;

export function profile(id: string, more: Partial<Profile> = {}): Profile {
  return {
    id,
    name: id,
    source: 'cc-switch',
    kind: 'direct',
    usable: true,
    current: false,
    auth: 'auth_token',
    account: `account-${id}`,
    base_url: `https://${id.replace(/\W/g, '-')}.example`,
    models: { default: `${id}-model` },
    warnings: [],
    ...more,
  };
}

export function priced(id: string, input: number, output: number, more: Partial<Profile> = {}) {
  const price = { input, output, currency: 'USD', per: 1_000_000, source: 'profile' } as const;
  return profile(id, { price, ...more });
}

let runs = 0;

export function ending(id: string, failure: FailureClass, more: Partial<Ending> = {}): Ending {
  runs += 1;
  return {
    run_id: `run_${runs}`,
    ended: new Date(NOW - HOUR + runs).toISOString(),
    profile: id,
    model: `${id}-model`,
    role: 'review',
    write: false,
    state: failure === 'success' ? 'succeeded' : 'failed',
    failure,
    elapsed_ms: 20_000,
    model_calls: 4,
    tokens: 1000,
    ...more,
  };
}

/** Evidence with these endings, one after the other. */
export function withEndings(endings: readonly Ending[], more: Partial<Evidence> = {}): Evidence {
  const map = new Map<string, Ending[]>();
  for (const one of endings) map.set(routeKey(one), [...(map.get(routeKey(one)) ?? []), one]);
  return { ...noEvidence(NOW), endings: map, ...more };
}

export function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

/** The same numbers every time (mulberry32). */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function caught(action: () => unknown): CcError {
  try {
    action();
  } catch (error) {
    if (error instanceof CcError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
