import { readFile } from 'node:fs/promises';
import { compact } from '../core/json.ts';
import type { Role } from '../core/vocabulary.ts';
import type { FoundRun } from '../runs/find.ts';
import { claimsSuccess } from '../runs/insight/prose.ts';
import type { ProgressSummary } from '../runs/summarise.ts';
import { readJson } from '../store/atomic.ts';
import { matchClaim } from './claims/match.ts';
import { proseClaims } from './claims/prose.ts';
import { finalAnswer, proseOf, reportedClaims } from './claims/reported.ts';
import {
  type Changes,
  changedTools,
  exceeded,
  outsideScope,
  readChanges,
  unattributed,
} from './evidence/changes.ts';
import { type PatchFile, patchFiles } from './evidence/patch.ts';
import { postureOf } from './evidence/posture.ts';
import { type RunLog, readRunLog } from './evidence/run-log.ts';
import { readSecrets } from './evidence/secrets.ts';
import { isOnlyComments, tamperingIn } from './tampering/tampering.ts';
import type { TestRun, VerificationFacts } from './verification.ts';

/** Roles whose work is a change; the others may well end without one. */
const CHANGE_ROLES: ReadonlySet<Role> = new Set([
  'development',
  'implementation',
  'documentation',
  'automation',
]);
/** Of those, the ones whose change has to do something. */
const CODE_ROLES: ReadonlySet<Role> = new Set(['development', 'implementation', 'automation']);

/** What the files of a run say of it, before anything is run. */
export type Recorded = {
  run: FoundRun;
  metadata: unknown;
  changes: Changes;
  patch: PatchFile[];
  log: RunLog;
  answer: string;
  secrets: VerificationFacts['secrets'];
  flags: VerificationFacts['flags'];
};

export async function readRecorded(
  run: FoundRun,
  summary: ProgressSummary | undefined,
): Promise<Recorded> {
  const [metadata, changes, patch, log, answer, secrets] = await Promise.all([
    readJson(run.paths.metadata).catch(() => undefined),
    readChanges(run),
    readFile(run.paths.diff, 'utf8').catch(() => ''),
    readRunLog(run.paths.events),
    finalAnswer(run),
    readSecrets(run),
  ]);
  const flags = (summary?.insight.flags ?? []).map(({ code, blocking, evidence }) => ({
    code,
    blocking,
    evidence,
  }));
  return { run, metadata, changes, patch: patchFiles(patch), log, answer, secrets, flags };
}

/** All facts but those of our own commands. */
export async function factsOf(
  recorded: Recorded,
  tests: readonly TestRun[],
): Promise<
  Omit<VerificationFacts, 'tests' | 'tests_changed' | 'coverage' | 'checks' | 'changes'> & {
    changes: Omit<VerificationFacts['changes'], 'since'>;
  }
> {
  const { run, metadata, changes, log, answer, secrets, flags } = recorded;
  const { record } = run;
  const { outcome } = record;
  const evidence = { log, changes, cwd: record.cwd, tests };
  const reported = [...(await reportedClaims(run, answer)), ...proseClaims(proseOf(answer))];
  const mismatch = outcome?.route_mismatch;
  return {
    run: {
      state: record.state,
      failure: outcome?.failure.class ?? 'unknown',
      role: record.role,
      writes: record.scope !== null,
      change_due: record.scope !== null && CHANGE_ROLES.has(record.role),
      denials: outcome?.denials ?? 0,
      denied_writes: log.writes.filter(({ refused }) => refused).length,
      left_processes: outcome?.left_processes.length ?? 0,
      ...compact({
        route_mismatch:
          mismatch && `asked for ${mismatch.declared}, answered by ${mismatch.actual.join(', ')}`,
        log_incomplete: log.problems.length === 0 ? undefined : log.problems.join('; '),
      }),
    },
    changes: {
      known: changes.known,
      ...compact({ problem: changes.problem }),
      complete: changes.complete,
      files: changes.source.length,
      outside: outsideScope(changes, run),
      unattributed: unattributed(changes, log, run),
      not_captured: changes.not_captured,
      tools: changedTools(changes, log),
      too_large: exceeded(changes, metadata),
      unread: unread(recorded),
    },
    secrets,
    flags,
    tampering: tamperingOf(recorded),
    success_claimed: claimsSuccess(proseOf(answer)),
    claims: reported.map((claim) => matchClaim(claim, evidence)),
    posture: postureOf(metadata, record),
  };
}

function tamperingOf({ run, changes, patch }: Recorded): VerificationFacts['tampering'] {
  const source = new Set(changes.source.map(({ path }) => path));
  const files = patch.filter(({ path, old_path }) => source.has(path) || source.has(old_path));
  const found = tamperingIn(files);
  if (!CODE_ROLES.has(run.record.role) || !isOnlyComments(files)) return found;
  const [first] = files;
  const text = 'only comments and blank lines changed';
  return [...found, { code: 'only_comments', level: 'investigate', path: first?.path ?? '', text }];
}

/** Changed files of which no part of the patch was kept, or not all. */
function unread({ changes, patch }: Recorded): string[] {
  const known = new Set(patch.map(({ path }) => path));
  const missing = changes.source.filter(({ path }) => !known.has(path)).map(({ path }) => path);
  return [...new Set([...changes.unread, ...missing])];
}
