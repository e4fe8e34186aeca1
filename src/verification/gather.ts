import { readFile } from 'node:fs/promises';
import { compact } from '../core/json.ts';
import type { Role } from '../core/vocabulary.ts';
import type { FoundRun } from '../runs/find.ts';
import { claimsSuccess } from '../runs/insight/prose.ts';
import type { ProgressSummary } from '../runs/summarise.ts';
import type { Host } from '../workspace/host.ts';
import { matchClaim } from './claims/match.ts';
import { proseClaims } from './claims/prose.ts';
import { finalAnswer, proseOf, reportedClaims } from './claims/reported.ts';
import { type Changes, changeFacts, readChanges, toRoot } from './evidence/changes.ts';
import { namedFiles } from './evidence/named-files.ts';
import { type PatchFile, patchFiles } from './evidence/patch.ts';
import { postureOf } from './evidence/posture.ts';
import { type RunLog, readRunLog } from './evidence/run-log.ts';
import { readSecrets } from './evidence/secrets.ts';
import { kindOf } from './tampering/kinds.ts';
import { isOnlyComments, tamperingIn } from './tampering/tampering.ts';
import type { TestRun, VerificationFacts } from './verification.ts';

/** Roles whose work is a change that has to do something. */
const CODE_ROLES: readonly Role[] = [
  'development',
  'implementation',
  'backend',
  'frontend',
  'database',
  'automation',
];
/** Roles whose work is a change; the others may well end without one. */
const CHANGE_ROLES: readonly Role[] = [...CODE_ROLES, 'documentation'];

/** What the files of a run say of it, before anything is run. */
export type Recorded = {
  run: FoundRun;
  changes: Changes;
  patch: PatchFile[];
  log: RunLog;
  answer: string;
  secrets: VerificationFacts['secrets'];
  flags: VerificationFacts['flags'];
};

export async function readRecorded(
  host: Host,
  run: FoundRun,
  summary: ProgressSummary | undefined,
): Promise<Recorded> {
  const [changes, patch, log, answer, secrets] = await Promise.all([
    readChanges(host, run),
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
  return { run, changes, patch: patchFiles(patch), log, answer, secrets, flags };
}

/** All facts but those of our own commands. */
export async function factsOf(
  recorded: Recorded,
  tests: readonly TestRun[],
  commands: readonly string[],
): Promise<
  Omit<VerificationFacts, 'tests' | 'tests_changed' | 'coverage' | 'checks' | 'changes'> & {
    changes: Omit<VerificationFacts['changes'], 'since'>;
  }
> {
  const { run, changes, log, answer, secrets, flags } = recorded;
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
      change_due: record.scope !== null && CHANGE_ROLES.includes(record.role),
      denials: outcome?.denials ?? 0,
      denied_writes: log.writes.filter(({ refused }) => refused).length,
      left_processes: outcome?.left_processes.length ?? 0,
      ...compact({
        route_mismatch:
          mismatch && `asked for ${mismatch.declared}, answered by ${mismatch.actual.join(', ')}`,
        log_incomplete: log.problems.length === 0 ? undefined : log.problems.join('; '),
      }),
    },
    changes: changeFacts(changes, log, unread(recorded)),
    secrets,
    flags,
    tampering: tamperingOf(recorded, commands),
    success_claimed: claimsSuccess(proseOf(answer)),
    claims: reported.map((claim) => matchClaim(claim, evidence)),
    posture: postureOf(record),
  };
}

function tamperingOf(
  { run, changes, patch }: Recorded,
  commands: readonly string[],
): VerificationFacts['tampering'] {
  const { record } = run;
  const named = new Set(
    namedFiles(commands, record.cwd).map((path) => toRoot(path, changes.root, record.cwd)),
  );
  const looked = changes.files.filter(
    ({ path, area, generated }) =>
      area === 'source' ||
      // Git may have been told to look away from what steers the tests.
      (area === 'ignored' && generated !== true && STEERS.has(kindOf(path))),
  );
  const paths = new Set(looked.map(({ path }) => path));
  const files = patch.filter(({ path, old_path }) => paths.has(path) || paths.has(old_path));
  const found = [...tamperingIn(files, named), ...changedModes(looked)];
  if (!CODE_ROLES.includes(run.record.role) || !isOnlyComments(files)) return found;
  const [first] = files;
  const text = 'only comments and blank lines changed';
  return [...found, { code: 'only_comments', level: 'investigate', path: first?.path ?? '', text }];
}

const STEERS: ReadonlySet<string> = new Set(['runner', 'ci', 'manifest']);

/** A test that may no longer be run is no test. */
function changedModes(files: Changes['files']): VerificationFacts['tampering'] {
  return files
    .filter(({ path, status, perm }) => {
      const changed = status === 'mode' || status === 'typechange' || perm !== undefined;
      return changed && status !== 'added' && ['test', 'scripts'].includes(kindOf(path));
    })
    .map(({ path, status, perm }) => ({
      code: 'test_mode_changed',
      level: 'investigate',
      path,
      text: perm === undefined ? status : `${perm.from} became ${perm.to}`,
    }));
}

/** Changed files of which no part of the patch was kept, or not all. */
function unread({ changes, patch }: Recorded): string[] {
  const cut = new Set((changes.recorded?.omitted ?? []).map(({ path }) => path));
  const known = new Set(patch.map(({ path }) => path));
  return changes.source.map(({ path }) => path).filter((path) => cut.has(path) || !known.has(path));
}
