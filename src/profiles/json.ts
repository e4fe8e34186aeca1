import { isObject, type JsonObject } from '../core/json.ts';

export type JsonRecord = JsonObject;

/** The value as an object, or an empty one: for fields whose absence and damage mean the same. */
export function recordAt(value: unknown, key: string): JsonRecord {
  const item = isObject(value) ? value[key] : undefined;
  return isObject(item) ? item : {};
}

/** A non-empty string, trimmed. */
export function textAt(value: unknown, key: string): string | undefined {
  const item = isObject(value) ? value[key] : undefined;
  return typeof item === 'string' && item.trim() !== '' ? item.trim() : undefined;
}
