import type { LedgerEntry } from '../ledger/entry.ts';

/** What can come of a decision, in the words of the ledger. */
const OUTCOMES: ReadonlySet<string> = new Set([
  'verify',
  'apply',
  'rollback',
  'undo',
  'redo',
  'gate',
]);

export type PastDecision = {
  seq: number;
  time: string;
  /** Of cc_decide an action, of a review its verdict. */
  decided: string;
  why?: string;
  /** What followed it, oldest first; empty: nothing yet. */
  came_of: string[];
};

/**
 * The decisions about a run with what came of each, newest first: whatever was done between it and
 * the next one. `entries` are those about the run, newest first.
 */
export function pastDecisions(entries: readonly LedgerEntry[]): PastDecision[] {
  const past: PastDecision[] = [];
  let since: string[] = [];
  for (const { seq, time, kind, facts } of entries) {
    if (kind === 'decision') {
      const decided = String(facts.action ?? facts.verdict ?? 'unknown');
      const why = typeof facts.why === 'string' ? { why: facts.why } : {};
      past.push({ seq, time, decided, ...why, came_of: since });
      since = [];
    } else if (OUTCOMES.has(kind)) {
      const how = facts.verdict ?? facts.decision ?? facts.state;
      since = [`${kind}${how === undefined ? '' : `: ${String(how)}`} (${seq})`, ...since];
    }
  }
  return past;
}
