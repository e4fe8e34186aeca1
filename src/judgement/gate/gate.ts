import { plural } from '../../core/text.ts';
import { sensitiveChanges } from '../changes.ts';
import type { RunFacts } from '../facts.ts';
import type { CiStatus } from './ci.ts';
import { isIndependent, type Reviewer } from './reviewers.ts';

export const CHECKS = [
  'ended',
  'ledger',
  'verdict',
  'blockers',
  'size',
  'deletions',
  'conflicts',
  'coverage',
  'reviews',
  'ci',
  'sensitive',
] as const;
export type CheckName = (typeof CHECKS)[number];

/** What somebody may take the responsibility for; the others are facts about the run itself. */
export const WAIVABLE = ['size', 'deletions', 'coverage', 'reviews', 'ci', 'sensitive'] as const;

/** `NOT_DUE`: it does not apply. What is due and not known is HOLD. */
export type CheckStatus = 'GO' | 'HOLD' | 'ESCALATE' | 'WAIVED' | 'NOT_DUE';
export type Check = { check: CheckName; status: CheckStatus; detail: string };
export type Gate = { decision: 'GO' | 'HOLD' | 'ESCALATE'; checks: Check[] };

export type GateInputs = {
  facts: Pick<
    RunFacts,
    | 'state'
    | 'over'
    | 'endOnRecord'
    | 'verdict'
    | 'verdictOnRecord'
    | 'blockers'
    | 'writes'
    | 'changes'
  >;
  tampering: readonly string[];
  /** Files with conflict markers in what was added; undefined where the patch cannot be read. */
  conflicts: readonly string[] | undefined;
  limits: { lines: number; files: number };
  /** Lowest share of covered lines in per cent; undefined: nobody asked for one. */
  minCoverage: number | undefined;
  author: string | undefined;
  reviewers: readonly Reviewer[];
  minReviews: number;
  /** The commit that would be merged; null where there is none. */
  commit: string | null;
  /** Something in the working tree is not in that commit. */
  dirty: boolean;
  ci: readonly CiStatus[] | undefined;
  waived: ReadonlySet<string>;
};

/** Lines of a change that one person can still review (capabilities.md §10.5). */
export const LIMITS = { lines: 600, files: 50 } as const;
const MANY_LINES = 300;
const DELETED_FILES = 10;
const NET_DELETED_LINES = 500;

/**
 * GO, HOLD or ESCALATE, from evidence alone. HOLD is what can be put right or found out, ESCALATE what
 * only a person can decide; while anything holds, there is nothing to decide yet.
 */
export function judgeGate(inputs: GateInputs): Gate {
  const checks = CHECKS.map((name): Check => {
    const [status, detail] = JUDGES[name](inputs);
    const isWaived =
      inputs.waived.has(name) &&
      (WAIVABLE as readonly string[]).includes(name) &&
      (status === 'HOLD' || status === 'ESCALATE');
    return { check: name, status: isWaived ? 'WAIVED' : status, detail };
  });
  const has = (status: CheckStatus) => checks.some((check) => check.status === status);
  return { decision: has('HOLD') ? 'HOLD' : has('ESCALATE') ? 'ESCALATE' : 'GO', checks };
}

type Judgement = readonly [CheckStatus, string];

const JUDGES: Readonly<Record<CheckName, (inputs: GateInputs) => Judgement>> = {
  ended,
  ledger,
  verdict,
  blockers,
  size,
  deletions,
  conflicts,
  coverage,
  reviews,
  ci,
  sensitive,
};

function ended({ facts: { over, state, endOnRecord } }: GateInputs): Judgement {
  if (!over || state !== 'succeeded') return ['HOLD', `the run is ${state}`];
  return endOnRecord ? ['GO', 'ended well'] : ['HOLD', 'its end is not in the ledger'];
}

/** Somebody has changed what everything else rests on: that is not for a program to judge. */
function ledger({ tampering }: GateInputs): Judgement {
  return tampering.length === 0 ? ['GO', 'intact'] : ['ESCALATE', tampering.join('; ')];
}

function verdict({ facts: { verdict: found, verdictOnRecord } }: GateInputs): Judgement {
  if (found === undefined) return ['HOLD', 'not verified (cc_verify_run)'];
  const { verification_id, verdict: word, risk } = found;
  if (!verdictOnRecord) return ['HOLD', `${verification_id} is not in the ledger like that`];
  return [word === 'accept' ? 'GO' : 'HOLD', `${verification_id}: ${word}, risk ${risk}`];
}

function blockers({ facts: { blockers: open } }: GateInputs): Judgement {
  if (open.length === 0) return ['GO', 'none open'];
  return ['HOLD', open.map(({ item, title }) => `${item} ${title}`).join('; ')];
}

function size({ facts: { changes }, limits }: GateInputs): Judgement {
  if (changes === undefined) return ['HOLD', 'what was changed is not known'];
  const lines = changes.added + changes.deleted;
  const files = changes.paths.length;
  const text = `${plural(lines, 'line')} in ${plural(files, 'file')}`;
  if (lines > limits.lines || files > limits.files) {
    return ['HOLD', `${text}; at most ${limits.lines} in ${limits.files}`];
  }
  return ['GO', lines > MANY_LINES ? `${text}, which is much to review` : text];
}

function deletions({ facts: { changes } }: GateInputs): Judgement {
  if (changes === undefined) return ['HOLD', 'what was deleted is not known'];
  const net = changes.deleted - changes.added;
  const isMuch = changes.deletedFiles >= DELETED_FILES || net >= NET_DELETED_LINES;
  const text = `${plural(changes.deletedFiles, 'file')}, ${plural(Math.max(0, net), 'net line')}`;
  return [isMuch ? 'HOLD' : 'GO', text];
}

function conflicts({ conflicts: found, facts }: GateInputs): Judgement {
  if (facts.changes?.paths.length === 0) return ['NOT_DUE', 'nothing changed'];
  if (found === undefined) return ['HOLD', 'the patch cannot be read'];
  return found.length === 0 ? ['GO', 'no markers'] : ['HOLD', `markers in ${found.join(', ')}`];
}

function coverage({ minCoverage, facts: { verdict: found } }: GateInputs): Judgement {
  const wanted = minCoverage ?? found?.coverage?.wanted;
  if (wanted === undefined) return ['NOT_DUE', 'no threshold'];
  const percent = found?.coverage?.percent ?? null;
  if (percent === null) return ['HOLD', `not measured; ${wanted} % wanted`];
  return [percent >= wanted ? 'GO' : 'HOLD', `${percent} % of ${wanted} %`];
}

function reviews(inputs: GateInputs): Judgement {
  const { reviewers, minReviews, author, facts } = inputs;
  if (facts.changes?.paths.length === 0 && reviewers.length === 0)
    return ['NOT_DUE', 'nothing changed'];
  const unfit = reviewers.flatMap((one) => whyUnfit(one, author) ?? []);
  const fit = reviewers.filter((one) => whyUnfit(one, author) === undefined);
  const passed = fit.filter(isPassed).length;
  const failed = fit.length - passed;
  const text = [`${passed} passed, ${failed} not, ${minReviews} wanted`, ...unfit].join('; ');
  // Two who were asked the same and say different things: a person has to read them.
  if (passed > 0 && failed > 0) return ['ESCALATE', `they disagree: ${text}`];
  if (failed > 0) return ['HOLD', [text, ...fit.flatMap(({ blocking }) => blocking)].join('; ')];
  return [passed >= minReviews && unfit.length === 0 ? 'GO' : 'HOLD', text];
}

function isPassed({ verdict: word, blocking }: Reviewer): boolean {
  return word === 'pass' && blocking.length === 0;
}

function whyUnfit(reviewer: Reviewer, author: string | undefined): string | undefined {
  const { runId, state, readOnly, after, model } = reviewer;
  if (state !== 'succeeded') return `${runId} is ${state}`;
  if (!readOnly) return `${runId} was allowed to change files`;
  if (!after) return `${runId} began before the work had ended`;
  if (author === undefined) return 'the model of the author is not known';
  if (!isIndependent(model, author))
    return `${runId} is by ${model ?? 'nobody known'}, the author by ${author}`;
  if (reviewer.verdict === undefined) return `${runId} has no verdict (pass, fail) in its output`;
  return undefined;
}

const CI_GOOD = new Set(['success', 'succeeded', 'passed', 'pass', 'skipped', 'neutral']);
const CI_PROOF = new Set(['success', 'succeeded', 'passed', 'pass']);

function ci({ ci: found, commit, dirty, facts }: GateInputs): Judgement {
  if (facts.changes?.paths.length === 0) return ['NOT_DUE', 'nothing changed'];
  if (found === undefined) return ['HOLD', 'no CI status given'];
  if (commit === null) return ['HOLD', 'there is no commit it could be about'];
  if (dirty) return ['HOLD', `the working tree has changes that are not in ${commit.slice(0, 12)}`];
  const own = found.filter((one) => one.commit === commit.toLowerCase());
  if (own.length === 0) return ['HOLD', `nothing about ${commit}; only about other commits`];
  const bad = own.filter(({ status }) => !CI_GOOD.has(status));
  if (bad.length > 0) {
    return ['HOLD', bad.map(({ name, status }) => `${name ?? 'CI'}: ${status}`).join('; ')];
  }
  const proven = own.some(({ status }) => CI_PROOF.has(status));
  return [proven ? 'GO' : 'HOLD', `${plural(own.length, 'result')} for ${commit.slice(0, 12)}`];
}

function sensitive({ facts: { changes } }: GateInputs): Judgement {
  if (changes === undefined) return ['HOLD', 'what was changed is not known'];
  const found = sensitiveChanges(changes);
  if (found.length === 0) return ['GO', 'none'];
  return ['ESCALATE', `for a person to decide: ${found.slice(0, 10).join(', ')}`];
}
