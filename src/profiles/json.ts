export type JsonRecord = Record<string, unknown>;

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value as an object, or an empty one: for fields whose absence and damage mean the same. */
export function recordAt(value: unknown, key: string): JsonRecord {
  const item = isRecord(value) ? value[key] : undefined;
  return isRecord(item) ? item : {};
}

/** A non-empty string, trimmed. */
export function textAt(value: unknown, key: string): string | undefined {
  const item = isRecord(value) ? value[key] : undefined;
  return typeof item === 'string' && item.trim() !== '' ? item.trim() : undefined;
}

/** Parsed JSON or undefined; the parser's message is dropped because it quotes the text. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
