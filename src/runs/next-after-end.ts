import type { LedgerEntry } from '../ledger/entry.ts';

export type NextStep = { action: string; why: string };

/**
 * What a controller should do next with a run that is over, by what was done about it since its end: its
 * verification, gate, decisions, apply and rollback. `entries` are those about the run, newest first.
 * Undefined: nothing that counts was done yet.
 */
export function nextAfterEnd(entries: readonly LedgerEntry[]): NextStep | undefined {
  const undone = new Map<string, boolean>();
  for (const entry of entries) {
    const { kind, key = '', facts } = entry;
    // What was done before concerned an earlier state of its work.
    if (kind === 'end' || kind === 'dispatch') return undefined;
    const of = String(facts.of);
    if ((kind === 'undo' || kind === 'redo') && !undone.has(of)) undone.set(of, kind === 'undo');
    if (undone.get(key)) continue;
    const step = STEPS[kind]?.(facts);
    if (step !== undefined) return { ...step, why: `${step.why} (ledger entry ${entry.seq})` };
  }
  return undefined;
}

type Facts = LedgerEntry['facts'];

const STEPS: Readonly<Record<string, (facts: Facts) => NextStep | undefined>> = {
  verify: ({ verdict }) => AFTER_VERDICT[String(verdict)],
  gate: ({ decision }) => AFTER_GATE[String(decision)],
  // A review is a decision without an action: an opinion, which changes nothing.
  decision: ({ action, why }) => {
    const next = AFTER_DECISION[String(action)];
    return next === undefined
      ? undefined
      : { action: next, why: `cc_decide said ${String(action)}: ${String(why)}` };
  },
  apply: () => ({ action: 'report', why: 'its work was applied' }),
  rollback: () => ({
    action: 'rework',
    why: 'what it changed was put back; do it otherwise or not',
  }),
};

const AFTER_VERDICT: Readonly<Record<string, NextStep>> = {
  accept: { action: 'decide', why: 'its verification says accept; cc_decide says what comes next' },
  investigate: {
    action: 'review',
    why: 'its verification says investigate; verification/latest.json gives the reasons',
  },
  reject: {
    action: 'rollback_or_rework',
    why: 'its verification says reject; cc_send_instruction mends it, cc_rollback_run puts it back',
  },
};

const AFTER_GATE: Readonly<Record<string, NextStep>> = {
  GO: { action: 'decide', why: 'its gate says GO; cc_decide says what comes next' },
  HOLD: { action: 'gate_check', why: 'its gate says HOLD; see to that, then check again' },
  ESCALATE: { action: 'ask_user', why: 'its gate says ESCALATE' },
};

/** In the words of judgement/decide.ts. One to investigate adds nothing to what it rests on. */
const AFTER_DECISION: Readonly<Record<string, string>> = {
  complete: 'report',
  reject: 'rollback_or_rework',
  escalate: 'ask_user',
  dispatch: 'dispatch',
};
