import { stringAt } from '../core/json.ts';
import type { RunEvent } from './events.ts';
import type { Progress } from './progress.ts';

/** What the worker did last, in words. */
export function act(state: Progress, event: RunEvent, text: string): Progress {
  state.last_action = { time: event.time, text };
  return state;
}

/** The lists of strings among `keys`. */
export function lists<K extends string>(
  event: RunEvent,
  keys: readonly K[],
): { [key in K]?: string[] } {
  const found: { [key in K]?: string[] } = {};
  for (const key of keys) {
    const value = event[key];
    if (Array.isArray(value)) found[key] = value.filter((item) => typeof item === 'string');
  }
  return found;
}

/** The string fields among `keys`, so that absent ones stay absent. */
export function texts<K extends string>(
  event: RunEvent,
  keys: readonly K[],
): { [key in K]?: string } {
  const found: { [key in K]?: string } = {};
  for (const key of keys) {
    const value = stringAt(event, key);
    if (value !== undefined) found[key] = value;
  }
  return found;
}
