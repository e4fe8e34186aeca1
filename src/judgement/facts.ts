import { canonicalJson, sha256 } from '../core/canonical.ts';
import { isFinal, type RunState } from '../core/vocabulary.ts';
import type { LedgerEntry } from '../ledger/entry.ts';
import { latestEntries } from '../ledger/query.ts';
import { actualModels } from '../ledger/statement.ts';
import { type Decision, decide } from '../runs/decide.ts';
import type { FoundRun } from '../runs/find.ts';
import { lookAt } from '../runs/view.ts';
import type { Host } from '../workspace/host.ts';
import { type Changes, changesOf } from './changes.ts';
import { type OpenItem, openBlockers } from './open-items/item.ts';
import { readItems } from './open-items/store.ts';
import { readVerdict, type VerdictFile } from './verdict-file.ts';

/** What every judgement about a run rests on; nothing in it is what a model says about itself. */
export type RunFacts = {
  runId: string;
  state: RunState;
  over: boolean;
  /** Failure class of a run that did not end well. */
  failure: string | undefined;
  /** It was allowed to change files. */
  writes: boolean;
  /** Models that answered; empty where that is not known. */
  models: string[];
  /** Minutes since anything was heard of it, or since it ended. */
  silentMinutes: number;
  /** What its controller should do next, as long as nothing was verified (runs/decide.ts). */
  next: Decision;
  changes: Changes | undefined;
  verdict: VerdictFile | undefined;
  /** The verdict is in the ledger, word for word. */
  verdictOnRecord: boolean;
  /** The end of the run is in the ledger. */
  endOnRecord: boolean;
  blockers: OpenItem[];
  /** Open items of this run that are no blockers. */
  otherItems: number;
  /** Last gate decision about it since its last verdict. */
  gate: string | undefined;
  /** Entries about the run, newest first. */
  entries: LedgerEntry[];
};

/** So many operations about one run is more than anybody reads. */
const MAX_ENTRIES = 200;

export async function factsOf(host: Host, found: FoundRun): Promise<RunFacts> {
  const { run, state, summary } = await lookAt(host, found);
  const { record, paths, workspace } = run;
  const [verdict, changes] = await Promise.all([readVerdict(paths), changesOf(run)]);
  const { entries } = latestEntries(workspace, { subject: record.run_id }, { limit: MAX_ENTRIES });
  const items = [...readItems(workspace).values()];
  const failure = record.outcome?.failure;
  const heard = record.ended ?? summary?.updated ?? record.created;
  const verified = entries.find(({ kind }) => kind === 'verify');
  return {
    runId: record.run_id,
    state,
    over: isFinal(state),
    failure: failure === undefined || failure.class === 'success' ? undefined : failure.class,
    writes: record.scope !== null,
    models: actualModels(record),
    silentMinutes: Math.max(0, (host.clock.now().getTime() - Date.parse(heard)) / 60_000),
    next: decide({
      state,
      isAsking: summary?.insight?.asking ?? false,
      flags: summary?.insight?.flags ?? [],
      failure,
    }),
    changes,
    verdict,
    verdictOnRecord: verdict !== undefined && isOnRecord(verdict, verified),
    endOnRecord: entries.some(({ kind }) => kind === 'end'),
    blockers: openBlockers(items, record.run_id),
    otherItems: items.filter(
      ({ run_id, status, severity }) =>
        run_id === record.run_id && status === 'open' && severity !== 'blocker',
    ).length,
    gate: gateSince(entries, verified),
    entries,
  };
}

/** The file can be edited; the ledger cannot be, unnoticed. */
function isOnRecord(verdict: VerdictFile, entry: LedgerEntry | undefined): boolean {
  if (entry === undefined) return false;
  const { key, facts } = entry;
  return (
    key === verdict.verification_id &&
    facts.verdict === verdict.verdict &&
    facts.risk === verdict.risk
  );
}

function gateSince(entries: readonly LedgerEntry[], verified: LedgerEntry | undefined) {
  const gate = entries.find(({ kind }) => kind === 'gate');
  if (gate === undefined || gate.seq < (verified?.seq ?? 0)) return undefined;
  return typeof gate.facts.decision === 'string' ? gate.facts.decision : undefined;
}

/** Stands for everything a decision rests on: the same digest, the same decision. */
export function evidenceDigest(facts: RunFacts): string {
  const { state, failure, verdict, blockers, otherItems, gate } = facts;
  const known = {
    state,
    failure,
    verification: verdict && [verdict.verification_id, verdict.verdict, facts.verdictOnRecord],
    blockers: blockers.map(({ item }) => item),
    otherItems,
    gate,
    next: facts.next.action,
  };
  return sha256(canonicalJson(known)).slice(0, 16);
}
