import { compact } from '../core/json.ts';
import { appendEntry } from '../ledger/append.ts';
import type { Actor } from '../ledger/entry.ts';
import { verifyLedger } from '../ledger/verify.ts';
import type { FoundRun } from '../runs/find.ts';
import type { Host } from '../workspace/host.ts';
import { type PastDecision, pastDecisions } from './came-of.ts';
import { factsOf } from './facts.ts';
import { type Review, reviewRun } from './review.ts';

export type Reviewed = Review & { seq: number; earlier: PastDecision[] };

const TOLD = 5;

/** Reviews what is proposed to be done with a run, and puts that into the ledger. */
export async function reviewDecision(
  host: Host,
  found: FoundRun,
  {
    proposed,
    note,
    actor,
  }: { proposed?: string | undefined; note?: string | undefined; actor: Actor },
): Promise<Reviewed> {
  const facts = await factsOf(host, found);
  const review = reviewRun({ ...facts, tampering: await tamperingOf(host, found) });
  const { seq } = await appendEntry(host, found.workspace, {
    kind: 'decision',
    subject: facts.runId,
    actor,
    facts: compact({
      verdict: review.verdict,
      why:
        [...review.objections, ...review.missing_evidence].slice(0, TOLD).join('; ') || undefined,
      proposed,
      note,
      verification: facts.verdict?.verification_id,
    }),
  });
  return { ...review, seq, earlier: pastDecisions(facts.entries).slice(0, TOLD) };
}

/**
 * What a judgement about a run must not rest on: something was done to its receipt, or to the ledger
 * since the run is in it. What happened before concerns others.
 */
export async function tamperingOf(host: Host, found: FoundRun): Promise<string[]> {
  const { problems, runLine = 0 } = await verifyLedger(host, found.workspace, {
    runId: found.record.run_id,
  });
  return problems
    .filter((one) => one.class === 'receipt' || one.line >= runLine)
    .slice(0, TOLD)
    .map(({ line, text }) => `line ${line}: ${text}`);
}
