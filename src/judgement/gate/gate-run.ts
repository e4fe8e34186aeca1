import { readFile } from 'node:fs/promises';
import { CcError } from '../../core/errors.ts';
import { ifThere } from '../../core/if-there.ts';
import { compact } from '../../core/json.ts';
import { describeHead } from '../../git/head.ts';
import { appendEntry } from '../../ledger/append.ts';
import type { Actor } from '../../ledger/entry.ts';
import type { FoundRun } from '../../runs/find.ts';
import type { Host } from '../../workspace/host.ts';
import { factsOf } from '../facts.ts';
import { tamperingOf } from '../review-run.ts';
import { readCi } from './ci.ts';
import { type CheckStatus, type Gate, judgeGate, LIMITS, WAIVABLE } from './gate.ts';
import { mainModel, readReviewer } from './reviewers.ts';

/** One pair of eyes that is not the author's. */
const MIN_REVIEWS = 1;

export type GateRequest = {
  reviews: readonly string[];
  /** `<commit>:<status>`, or a JSON file. */
  ci: string | undefined;
  minCoverage: number | undefined;
  maxLines: number | undefined;
  maxFiles: number | undefined;
  waive: readonly string[];
  reason: string | undefined;
  actor: Actor;
};

/** Checks whether the work of a run may be merged, and puts the answer into the ledger. */
export async function gateRun(
  host: Host,
  found: FoundRun,
  request: GateRequest,
): Promise<Gate & { commit: string | null; seq: number }> {
  requireWaivers(request);
  const { record } = found;
  const [facts, tampering, head, conflicts, reviewers, ci] = await Promise.all([
    factsOf(host, found),
    tamperingOf(host, found),
    describeHead(record.cwd, { env: host.env }).catch(() => undefined),
    conflictsIn(found),
    Promise.all([...new Set(request.reviews)].map((id) => readReviewer(host, id, found))),
    request.ci === undefined ? undefined : readCi(request.ci, record.cwd),
  ]);
  const commit = head?.head ?? null;
  const gate = judgeGate({
    facts,
    tampering,
    conflicts,
    limits: {
      lines: request.maxLines ?? LIMITS.lines,
      files: request.maxFiles ?? LIMITS.files,
    },
    minCoverage: request.minCoverage,
    author: mainModel(record),
    reviewers,
    minReviews: MIN_REVIEWS,
    commit,
    dirty: head?.dirty ?? true,
    ci,
    waived: new Set(request.waive),
  });
  const named = (status: CheckStatus) => {
    const names = gate.checks.filter((one) => one.status === status).map(({ check }) => check);
    return names.length === 0 ? undefined : names.join(', ');
  };
  const { seq } = await appendEntry(host, found.workspace, {
    kind: 'gate',
    subject: record.run_id,
    actor: request.actor,
    facts: compact({
      decision: gate.decision,
      hold: named('HOLD'),
      escalate: named('ESCALATE'),
      waived: named('WAIVED'),
      reason: request.reason,
      commit,
      verification: facts.verdict?.verification_id,
      reviews: request.reviews.length === 0 ? undefined : request.reviews,
    }),
  });
  return { ...gate, commit, seq };
}

function requireWaivers({ waive, reason }: GateRequest): void {
  const unknown = waive.filter((name) => !(WAIVABLE as readonly string[]).includes(name));
  if (unknown.length > 0) {
    throw new CcError('BAD_INPUT', `Not to be waived: ${unknown.join(', ').slice(0, 200)}.`, {
      hint: `These can be: ${WAIVABLE.join(', ')}. The others are facts about the run.`,
    });
  }
  if (waive.length === 0 || reason?.trim()) return;
  throw new CcError('BAD_INPUT', 'waive needs a reason.', {
    hint: 'Say in reason who decided that, and why; it goes into the ledger.',
  });
}

const FILE = /^\+\+\+ (?:b\/)?(.+?)\t?$/;
const MARKER = /^\+(<{7} |>{7} |\|{7} )/;

/** Files in whose added lines conflict markers stand; undefined where there is no patch. */
async function conflictsIn({ paths }: FoundRun): Promise<string[] | undefined> {
  const patch = await ifThere(readFile(paths.diff, 'utf8'));
  if (patch === undefined) return undefined;
  const files = new Set<string>();
  let file = '';
  for (const line of patch.split('\n')) {
    file = FILE.exec(line)?.[1] ?? file;
    if (MARKER.test(line)) files.add(file);
  }
  return [...files];
}
