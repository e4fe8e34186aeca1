import { compact, type JsonObject, stringAt } from '../../core/json.ts';
import { neutralise, truncate } from '../../core/text.ts';
import type { WorkerEvent } from '../events.ts';
import { wellFormed } from './tool-text.ts';

/** Longest text kept inside one event; the whole final answer goes to stdout.txt. */
export const EVENT_TEXT_CHARS = 4000;
const NAME_CHARS = 100;
const MODEL_CHARS = 300;
const LIST_ITEMS = 50;
/** A control character may stand beside each one that is kept, so twice as much is looked at. */
const LOOK_AT = 2;

export function event(type: WorkerEvent['type'], fields: Record<string, unknown>): WorkerEvent {
  return { type, ...compact(fields) };
}

export function textFields(text: string): { text: string; chars: number } {
  return { text: clean(text, EVENT_TEXT_CHARS), chars: text.length };
}

/** A name or an id: never long, but it comes from a model or a gateway. */
export function nameAt(value: unknown, key: string): string | undefined {
  return cleanAt(value, key, NAME_CHARS);
}

/** A model id; those of Bedrock can be long, and a cut one would be another model. */
export function modelAt(value: unknown, key = 'model'): string | undefined {
  return cleanAt(value, key, MODEL_CHARS);
}

export function cleanAt(value: unknown, key: string, max: number): string | undefined {
  const text = stringAt(value, key);
  return text === undefined ? undefined : clean(text, max);
}

/** The strings of a list (or of one field of its items), as many as an event may hold. */
export function names(items: readonly unknown[], key?: string): string[] {
  return items
    .map((item) => (key === undefined ? item : stringAt(item, key)))
    .filter((item) => typeof item === 'string')
    .slice(0, LIST_ITEMS)
    .map((item) => clean(item, NAME_CHARS));
}

export function clean(text: string, max: number): string {
  // Cut first: neutralising 5 MB to keep 4 kB would cost more than everything else.
  return wellFormed(truncate(neutralise(text.slice(0, max * LOOK_AT)), max));
}

export function other(raw: JsonObject): WorkerEvent {
  return event('cc.worker.other', {
    worker_type: nameAt(raw, 'type'),
    subtype: nameAt(raw, 'subtype'),
  });
}
