import * as z from 'zod';
import { canonicalJson, isCanonical, sha256 } from '../core/canonical.ts';
import { isObject, numberAt, parseJson, stringAt } from '../core/json.ts';

/** Operations that decide something. Readers accept others: a later version may know more. */
export const LEDGER_KINDS = [
  'dispatch',
  'end',
  'verify',
  'apply',
  'rollback',
  'undo',
  'redo',
  'approve',
  'decision',
  'usage',
  'open_item',
  'gate',
  'score',
] as const;
export type LedgerKind = (typeof LEDGER_KINDS)[number];

/** On whose behalf: a client of the server, a person's shell, or a supervisor by itself. */
const actor = z.object({
  by: z.enum(['controller', 'cli', 'supervisor', 'unknown']),
  client: z.string().optional(),
  /** The controller's conversation. */
  thread: z.string().optional(),
});
export type Actor = z.infer<typeof actor>;

/** One line of the ledger. */
export const ledgerEntry = z.object({
  /** 1, 2, 3, … without gaps. */
  seq: z.number(),
  time: z.string(),
  kind: z.string(),
  actor,
  /** What it is about: a run id, an item, a branch. */
  subject: z.string(),
  /** With kind and subject it names what may be recorded once only. */
  key: z.string().optional(),
  facts: z.record(z.string(), z.unknown()),
  /** Taking of the lease under which it was written. */
  epoch: z.number(),
  /** `hash` of the line before; of the first line, the digest of the file's header. */
  prev: z.string(),
  /** SHA-256 of the canonical JSON of everything else. */
  hash: z.string(),
});
export type LedgerEntry = z.infer<typeof ledgerEntry>;

/** A place in the chain. 0 is the header. */
export type Head = { seq: number; hash: string };

export function sealEntry(content: Omit<LedgerEntry, 'hash'>): LedgerEntry {
  return { ...content, hash: sha256(canonicalJson(content)) };
}

/** The line of an entry, without its newline. There is one way to write it, so any other is an edit. */
export function entryLine(entry: LedgerEntry): string {
  return canonicalJson(entry);
}

/** What stands at the end of a line that a crash or a full disk cut off. */
export const TORN_MARK = '~torn';

export type ReadLine =
  | { state: 'intact'; entry: LedgerEntry }
  /** It was an entry; `claims` is what it still says about its place. */
  | { state: 'edited'; claims: Partial<Head> }
  | { state: 'unreadable'; torn: boolean };

/** Judges one line by itself: byte for byte what we would have written, or not. */
export function readEntryLine(line: string): ReadLine {
  const value = parseJson(line);
  if (!isObject(value)) return { state: 'unreadable', torn: line.endsWith(TORN_MARK) };
  const hash = stringAt(value, 'hash');
  if (hash !== undefined && isCanonical(value, line) && sha256(without(line, hash)) === hash) {
    const parsed = ledgerEntry.safeParse(value);
    if (parsed.success) return { state: 'intact', entry: parsed.data };
  }
  const seq = numberAt(value, 'seq');
  return {
    state: 'edited',
    claims: { ...(seq === undefined ? {} : { seq }), ...(hash === undefined ? {} : { hash }) },
  };
}

/**
 * A canonical line as it was hashed. The keys behind `hash` have short texts without a quote in them
 * that is not escaped, so its last occurrence is the one on the outermost level.
 */
function without(line: string, hash: string): string {
  const field = `,"hash":"${hash}"`;
  const at = line.lastIndexOf(field);
  return at === -1 ? '' : line.slice(0, at) + line.slice(at + field.length);
}
