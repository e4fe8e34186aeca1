import { isoTime } from '../core/clock.ts';
import { compact } from '../core/json.ts';
import { redact } from '../core/redact.ts';
import { oneLine } from '../core/text.ts';
import { appendEntry } from '../ledger/append.ts';
import type { Actor } from '../ledger/entry.ts';
import { latestEntries } from '../ledger/query.ts';
import { blameOf } from '../routing/failures.ts';
import { isSameScore, type RunScore, readScores, storeScore } from '../routing/scores.ts';
import type { FoundRun } from '../runs/find.ts';
import type { Host } from '../workspace/host.ts';
import { factsOf, type RunFacts } from './facts.ts';
import { mainModel } from './gate/reviewers.ts';
import { readItems } from './open-items/store.ts';
import { type Score, type ScoreInputs, scoreOf } from './score.ts';
import { contradictedClaims } from './verdict-file.ts';

const REASON_CHARS = 300;
/** Dispatches looked through for runs that went on with the task. */
const DISPATCHES = 1000;

export type Scored = Score & {
  /** The one that answered; null where that is not known. */
  model: string | null;
  verdict: RunScore['verdict'];
  rating: number | null;
  /** It is another score than before, and counts from now on. */
  changed: boolean;
};

/** An earlier rating stays until another one is given. */
export type Rating = { rating: number; reason: string } | undefined;

/**
 * Scores the work of a run for the model that really answered. However often it is called, a run counts
 * once, with what is known of it now.
 */
export async function scoreRun(
  host: Host,
  found: FoundRun,
  given: Rating,
  actor: Actor | undefined,
): Promise<Scored> {
  const { record } = found;
  const facts = await factsOf(host, found);
  const before = readScores(host.home).get(record.run_id);
  const rating = given?.rating ?? before?.rating ?? null;
  const reason = given === undefined ? before?.reason : oneLine(redact(given.reason), REASON_CHARS);
  const verdict = facts.verdictOnRecord ? (facts.verdict?.verdict ?? null) : null;
  const score = scoreOf(inputsOf(found, facts, verdict, rating));
  const model = mainModel(record) ?? null;
  const line: RunScore = {
    run_id: record.run_id,
    time: isoTime(host.clock.now()),
    profile: record.profile.id,
    model: model ?? 'unknown',
    role: record.role,
    score: score.score,
    verdict,
    rating,
    ...compact({ reason }),
  };
  const result = { ...score, model, verdict, rating };
  // Nobody knows whom it would speak about, or nothing is known at all.
  if (model === null || score.score === null) return { ...result, changed: false };
  if (isSameScore(before, line)) return { ...result, changed: false };
  if (actor !== undefined) await recordScore(host, found, line, actor);
  await storeScore(host.home, line);
  return { ...result, changed: true };
}

async function recordScore(
  host: Host,
  { workspace }: FoundRun,
  { run_id, score, rating, verdict, model, reason }: RunScore,
  actor: Actor,
): Promise<void> {
  const facts = compact({ score, rating, verdict, model, reason });
  await appendEntry(host, workspace, {
    kind: 'score',
    subject: run_id,
    actor,
    facts,
  });
}

function inputsOf(
  { record, workspace }: FoundRun,
  facts: RunFacts,
  verdict: ScoreInputs['verdict'],
  rating: number | null,
): ScoreInputs {
  const { outcome, run_id } = record;
  const blame = outcome === undefined ? 'nobody' : blameOf(outcome.failure.class);
  const items = [...readItems(workspace).values()].filter(
    (item) => item.run_id === run_id && item.status === 'open',
  );
  const blockers = items.filter(({ severity }) => severity === 'blocker').length;
  const { entries } = latestEntries(workspace, { kind: 'dispatch' }, { limit: DISPATCHES });
  const claims = facts.verdict?.claims.length ?? 0;
  return {
    verdict,
    ended: blame === 'none' ? 'well' : blame === 'model' ? 'by_the_model' : undefined,
    claims: {
      total: claims,
      contradicted: facts.verdict === undefined ? 0 : contradictedClaims(facts.verdict),
    },
    outside: facts.changes === undefined ? undefined : (outcome?.outside_scope?.length ?? 0),
    // Going on with what was accepted is new work.
    rework:
      verdict === 'accept' ? 0 : entries.filter((entry) => entry.facts.continues === run_id).length,
    items: facts.verdict === undefined ? undefined : { blockers, others: items.length - blockers },
    rating,
  };
}
