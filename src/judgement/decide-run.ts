import { appendEntry } from '../ledger/append.ts';
import type { Actor, LedgerEntry } from '../ledger/entry.ts';
import type { FoundRun } from '../runs/find.ts';
import { activeSlots } from '../runs/slots.ts';
import type { Host } from '../workspace/host.ts';
import { readPolicy } from '../workspace/policy.ts';
import { sensitiveChanges } from './changes.ts';
import { type DecisionInputs, decideNext, type Verdict } from './decide.ts';
import { evidenceDigest, factsOf, type RunFacts } from './facts.ts';
import { contradictedClaims } from './verdict-file.ts';

export type Decided = Verdict & {
  inputs: DecisionInputs;
  /** Its entry in the ledger. Waiting is not recorded. */
  seq: number | undefined;
};

/** Decides about a run and puts the decision into the ledger. Without a run there is nothing to do. */
export async function decideRun(
  host: Host,
  found: FoundRun | undefined,
  { pending, actor }: { pending: number; actor: Actor },
): Promise<Decided> {
  if (found === undefined) {
    const inputs = { ...NOTHING, pending };
    return { ...decideNext(inputs), inputs, seq: undefined };
  }
  const facts = await factsOf(host, found);
  const evidence = evidenceDigest(facts);
  const inputs = inputsOf(facts, {
    pending,
    decided: lastDecision(facts.entries, evidence, pending),
    freeSlots: await freeSlots(host, found),
  });
  const verdict = decideNext(inputs);
  if (verdict.action === 'wait') return { ...verdict, inputs, seq: undefined };
  const { seq } = await appendEntry(host, found.workspace, {
    kind: 'decision',
    subject: facts.runId,
    actor,
    facts: {
      action: verdict.action,
      rule: verdict.rule,
      why: verdict.why,
      evidence,
      pending,
      verification: facts.verdict?.verification_id ?? null,
      risk: inputs.risk,
    },
  });
  return { ...verdict, inputs, seq };
}

export function inputsOf(
  facts: RunFacts,
  more: {
    pending: number;
    decided: DecisionInputs['decided'];
    freeSlots: number | null;
  },
): DecisionInputs {
  const { verdict, changes } = facts;
  return {
    state: facts.state,
    failure: facts.failure ?? null,
    silent_minutes: Math.round(facts.silentMinutes),
    next: facts.next.action,
    decided: more.decided,
    verdict: verdict?.verdict ?? null,
    on_record: facts.verdictOnRecord && facts.endOnRecord,
    risk: verdict?.risk ?? null,
    contradicted_claims: verdict === undefined ? 0 : contradictedClaims(verdict),
    blockers: facts.blockers.length,
    open_items: facts.otherItems,
    sensitive: changes === undefined ? [] : sensitiveChanges(changes),
    writes: facts.writes,
    gate: GATES.find((gate) => gate === facts.gate) ?? null,
    free_slots: more.freeSlots,
    pending: more.pending,
  };
}
const GATES = ['GO', 'HOLD', 'ESCALATE'] as const;

const NOTHING: DecisionInputs = {
  state: undefined,
  failure: null,
  silent_minutes: 0,
  next: null,
  decided: null,
  verdict: null,
  on_record: false,
  risk: null,
  contradicted_claims: 0,
  blockers: 0,
  open_items: 0,
  sensitive: [],
  writes: false,
  gate: null,
  free_slots: null,
  pending: 0,
};

/** The decision about this very evidence, unless other operations have followed it. */
function lastDecision(
  entries: readonly LedgerEntry[],
  evidence: string,
  pending: number,
): DecisionInputs['decided'] {
  const last = entries.find(({ kind, facts }) => kind === 'decision' && 'action' in facts);
  if (last === undefined || last.facts.evidence !== evidence) return null;
  if (last.facts.pending !== pending) return null;
  return { seq: last.seq, action: String(last.facts.action) };
}

async function freeSlots(host: Host, { workspace, record }: FoundRun): Promise<number | null> {
  try {
    const { max_concurrent: limit } = await readPolicy(host.home);
    const taken = await activeSlots(workspace);
    return Math.max(0, limit - taken.filter(({ profile }) => profile === record.profile.id).length);
  } catch {
    return null;
  }
}
