import { canonicalJson } from '../core/canonical.ts';
import { CcError } from '../core/errors.ts';
import { isObject } from '../core/json.ts';
import { redactJson } from '../core/redact.ts';
import { byteLength, oneLine } from '../core/text.ts';
import { seenRedactor } from '../profiles/seen-secrets.ts';

const TEXT_CHARS = 500;
const LIST_ITEMS = 50;
const DEPTH = 5;
/** A line is written in one piece, and a reader must be able to hold thousands of them. */
const MAX_FACTS_BYTES = 8 << 10;

export type Facts = Readonly<Record<string, unknown>>;

/** Facts as they may stand in the ledger for ever: no secrets, no control characters, bounded. */
export function boundFacts(facts: Facts): Record<string, unknown> {
  const hidden = redactJson(facts, seenRedactor());
  const bounded = bound(hidden, DEPTH);
  const bytes = byteLength(canonicalJson(bounded));
  if (bytes <= MAX_FACTS_BYTES && isObject(bounded)) return { ...bounded };
  throw new CcError('INTERNAL', `${bytes} bytes of facts are too many for a line of the ledger.`, {
    hint: `At most ${MAX_FACTS_BYTES}: put the rest into a file and its digest into the ledger.`,
  });
}

function bound(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return oneLine(value, TEXT_CHARS);
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) return '…';
  if (Array.isArray(value)) {
    const kept = value.slice(0, LIST_ITEMS).map((item) => bound(item, depth - 1));
    return value.length > LIST_ITEMS ? [...kept, `… ${value.length - LIST_ITEMS} more`] : kept;
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [oneLine(key, TEXT_CHARS), bound(item, depth - 1)]),
  );
}
