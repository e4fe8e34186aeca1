import { hash } from 'node:crypto';

/**
 * JSON with sorted keys and no blanks: equal values have equal bytes, whatever wrote them. Fields
 * that are undefined are left out, as JSON.stringify does.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item)).join(',')}]`;
  const fields = value as Readonly<Record<string, unknown>>;
  let text = '';
  for (const key of Object.keys(fields).sort()) {
    const item = fields[key];
    if (item === undefined) continue;
    text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${canonicalJson(item)}`;
  }
  return `{${text}}`;
}

/** Whether a text is the canonical JSON of what it was parsed to; quicker than writing that anew. */
export function isCanonical(value: unknown, text: string): boolean {
  // Keys that look like numbers are moved by the parser, so only the slow way can tell.
  return (JSON.stringify(value) === text && isSorted(value)) || canonicalJson(value) === text;
}

function isSorted(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every(isSorted);
  const fields = value as Readonly<Record<string, unknown>>;
  let before = '';
  for (const key in fields) {
    if (key < before || !isSorted(fields[key])) return false;
    before = key;
  }
  return true;
}

/** SHA-256 in hexadecimal. */
export function sha256(data: string | Uint8Array): string {
  return hash('sha256', data);
}
