import { RULES } from './verdict-rules.ts';
import type { Reason, VerdictWord, VerificationFacts } from './verification.ts';

export type Judgement = { verdict: VerdictWord; risk: number; reasons: Reason[] };

/**
 * Accept, investigate or reject: a pure function of the facts, so that whoever has the file can work it
 * out again. Accept needs every piece of evidence that is due; what is unknown means investigate; what
 * contradicts, leaks, fails or leaves the scope means reject. Words of a model only ever lower it.
 */
export function judge(facts: VerificationFacts): Judgement {
  const reasons = RULES.flatMap((rule) => rule(facts) ?? []).sort(
    (a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level),
  );
  const rejects = reasons.filter(({ level }) => level === 'reject').length;
  const doubts = reasons.filter(({ level }) => level === 'investigate').length;
  const verdict = rejects > 0 ? 'reject' : doubts > 0 ? 'investigate' : 'accept';
  return { verdict, risk: riskOf(verdict, rejects, doubts), reasons };
}

const LEVELS: readonly Reason['level'][] = ['reject', 'investigate', 'info'];

/** Below the first is approval, from the second on a refusal (capabilities.md V23, V24). */
export const CAREFUL = 0.3;
export const BLOCKED = 0.81;

/** 0 to 1: 0.5 for what blocks, 0.1 for a warning (capabilities.md V24), within the band of the verdict. */
function riskOf(verdict: VerdictWord, rejects: number, doubts: number): number {
  const sum = 0.5 * rejects + 0.1 * doubts;
  const [least, most] = { accept: [0, 0], investigate: [CAREFUL, 0.8], reject: [BLOCKED, 1] }[
    verdict
  ] as [number, number];
  return Math.round(Math.min(most, Math.max(least, sum)) * 100) / 100;
}
