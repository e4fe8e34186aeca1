import { plural } from '../core/text.ts';
import type { RunFacts } from './facts.ts';
import { contradictedClaims } from './verdict-file.ts';

/** What a supervisor says to a proposed action (capabilities.md §10.4). */
export type Review = {
  verdict: 'approve' | 'revise' | 'block';
  /** What speaks for it. */
  evidence: string[];
  /** What speaks against it. */
  objections: string[];
  /** What nobody knows yet. Nothing is approved without it. */
  missing_evidence: string[];
  required_changes: string[];
};

export type ReviewInputs = Pick<
  RunFacts,
  | 'state'
  | 'over'
  | 'failure'
  | 'writes'
  | 'changes'
  | 'verdict'
  | 'verdictOnRecord'
  | 'endOnRecord'
  | 'blockers'
  | 'otherItems'
> & {
  /** What is wrong with the ledger or the receipt of the run. */
  tampering: readonly string[];
};

/**
 * Approve, revise or block, from what is on record about a run. Words have no part in it, neither the
 * worker's nor the controller's. Blocked is what must not go on; revised what is not good enough yet,
 * and that includes everything nobody knows.
 */
export function reviewRun(inputs: ReviewInputs): Review {
  const blocking = blockingObjections(inputs);
  const doubts = doubtsOf(inputs);
  const missing = missingEvidence(inputs);
  const verdict =
    blocking.length > 0 ? 'block' : missing.length + doubts.length > 0 ? 'revise' : 'approve';
  return {
    verdict,
    evidence: evidenceOf(inputs),
    objections: [...blocking, ...doubts],
    missing_evidence: missing,
    required_changes: requiredChanges(inputs),
  };
}

function blockingObjections(inputs: ReviewInputs): string[] {
  const { over, state, failure, verdict, blockers, tampering } = inputs;
  const claims = verdict === undefined ? 0 : contradictedClaims(verdict);
  return [
    over ? '' : `the run is ${state}`,
    state === 'failed' || state === 'timed_out'
      ? `it ended as ${state} (${failure ?? 'unknown'})`
      : '',
    ...(verdict?.verdict === 'reject' ? reasonsOf(verdict, 'reject') : []),
    claims > 0 ? `${claims} of its claims are contradicted` : '',
    ...blockers.map(({ item, title }) => `open blocker ${item}: ${title}`),
    ...tampering.map((text) => `ledger: ${text}`),
  ].filter(Boolean);
}

function doubtsOf({ verdict, otherItems }: ReviewInputs): string[] {
  return [
    ...(verdict?.verdict === 'investigate' ? reasonsOf(verdict, 'investigate') : []),
    otherItems > 0 ? `${plural(otherItems, 'open item')} of this run` : '',
  ].filter(Boolean);
}

function missingEvidence(inputs: ReviewInputs): string[] {
  const { over, verdict, verdictOnRecord, endOnRecord, writes, changes } = inputs;
  if (!over) return ['the end of the run'];
  return [
    endOnRecord ? '' : 'its end in the ledger (cc_recover_runs)',
    verdict === undefined ? 'a verification (cc_verify_run)' : '',
    verdict !== undefined && !verdictOnRecord
      ? 'its verdict in the ledger: verify it again (cc_verify_run)'
      : '',
    changes === undefined ? 'what it changed' : '',
    writes && verdict !== undefined && verdict.tests.length === 0
      ? 'tests that a verification ran'
      : '',
  ].filter(Boolean);
}

function evidenceOf({ verdict, verdictOnRecord, changes, state, writes }: ReviewInputs): string[] {
  const passed = verdict?.tests.filter(({ status }) => status === 'passed') ?? [];
  const verified = verdict?.claims.filter(({ status }) => status === 'verified').length ?? 0;
  return [
    state === 'succeeded' ? 'the run ended well' : '',
    verdict?.verdict === 'accept' && verdictOnRecord
      ? `${verdict.verification_id} says accept, risk ${verdict.risk}`
      : '',
    ...passed.map(({ command }) => `passed: ${command}`),
    verified > 0 ? `${plural(verified, 'claim')} verified` : '',
    changes === undefined || !writes
      ? ''
      : `${plural(changes.paths.length, 'file')} changed, +${changes.added} -${changes.deleted}`,
  ].filter(Boolean);
}

function requiredChanges({ verdict, blockers, over }: ReviewInputs): string[] {
  if (!over) return [];
  const reasons = verdict?.reasons.filter(({ level }) => level !== 'info') ?? [];
  return [
    ...reasons.map(({ code, text }) => `resolve ${code}: ${text}`),
    ...blockers
      .filter(({ source }) => source !== 'verification')
      .map(({ item, title }) => `close ${item}: ${title}`),
  ];
}

function reasonsOf(
  { reasons, verdict }: NonNullable<ReviewInputs['verdict']>,
  wanted: 'reject' | 'investigate',
): string[] {
  const own = reasons.filter(({ level }) => level === wanted);
  return own.length === 0
    ? [`its verification says ${verdict}`]
    : own.map(({ code, text }) => `${code}: ${text}`);
}
