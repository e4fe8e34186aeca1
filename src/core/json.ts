/** Reading JSON of unknown shape: every accessor answers undefined instead of throwing. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function objectAt(value: unknown, key: string): JsonObject | undefined {
  const item = isObject(value) ? value[key] : undefined;
  return isObject(item) ? item : undefined;
}

export function arrayAt(value: unknown, key: string): readonly unknown[] {
  const item = isObject(value) ? value[key] : undefined;
  return Array.isArray(item) ? item : [];
}

export function stringAt(value: unknown, key: string): string | undefined {
  const item = isObject(value) ? value[key] : undefined;
  return typeof item === 'string' ? item : undefined;
}

export function numberAt(value: unknown, key: string): number | undefined {
  const item = isObject(value) ? value[key] : undefined;
  return typeof item === 'number' && Number.isFinite(item) ? item : undefined;
}

export function booleanAt(value: unknown, key: string): boolean | undefined {
  const item = isObject(value) ? value[key] : undefined;
  return typeof item === 'boolean' ? item : undefined;
}

/** Drops the keys whose value is undefined, so that files and results hold no empty fields. */
export function compact<T extends Record<string, unknown>>(
  value: T,
): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
