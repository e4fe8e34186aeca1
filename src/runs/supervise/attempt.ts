import { randomUUID } from 'node:crypto';
import { CcError } from '../../core/errors.ts';
import { makePrivateDirSync, writeFileAtomic } from '../../store/atomic.ts';
import { claudeArguments } from '../../workers/claude/arguments.ts';
import { RUN_COOKIE, workerVariables } from '../../workers/claude/environment.ts';
import type { GuardContext } from '../../workers/claude/guard.ts';
import { sandboxVariables } from '../../workers/claude/sandbox-environment.ts';
import type { privateRunPaths } from '../../workspace/home.ts';
import { type RunRecord, treeRoot } from '../record.ts';
import { makePaths } from '../scope/made-paths.ts';
import { encloseRun } from './enclose.ts';
import type { WatchLimits } from './watchdog.ts';
import { WorkerLink } from './worker-link.ts';

/** Added to the wall budget, within which the supervisor itself should have ended the worker. */
const GUARD_MARGIN_SECONDS = 2;

/** Everything needed to start the worker of a run, again if need be. */
export type AttemptPlan = {
  record: RunRecord;
  paths: ReturnType<typeof privateRunPaths>;
  /** The environment for the worker, credentials included; it exists in this process only. */
  workerEnv: Readonly<Record<string, string>>;
  guard: GuardContext;
  /** The first message: the task word for word, then the controller's context. */
  task: readonly string[];
  systemPrompt: string;
  /** The user's directory of cc-orchestrator, which a sandbox hides. */
  userHome: string;
  /** Hides the run's own credentials in a raw line of the worker. */
  hide: (line: Buffer) => Buffer;
  watch: WatchLimits;
};

/** Which session a worker process belongs to. */
export type SessionChoice = { sessionId: string; resume: boolean };

/** Starts one attempt. Throws what a person can act on; nothing is left running when it does. */
export async function startAttempt(
  plan: AttemptPlan,
  attempt: number,
  session: SessionChoice,
  remainingMs: number,
  onExit: () => void,
): Promise<WorkerLink> {
  const { record, paths } = plan;
  requireCredentials(plan);
  makePrivateDirSync(record.worker.tmp_dir);
  if (record.worker.config_dir !== null) {
    makePrivateDirSync(record.worker.config_dir);
  }
  await writeFileAtomic(paths.systemPrompt, plan.systemPrompt);
  makePaths(record);
  const enclosure = await encloseRun(record, {
    userHome: plan.userHome,
    systemPrompt: paths.systemPrompt,
    env: plan.workerEnv,
  });
  return WorkerLink.start({
    file: record.worker.path,
    args: claudeArguments({
      ...session,
      model: record.model ?? undefined,
      allowWrite: record.scope !== null,
      tools: record.tools,
      mayAsk: record.ask !== undefined,
      maxTurns: record.budget.max_turns,
      maxUsd: record.cli_price ? record.budget.max_usd : undefined,
      outputSchema: record.output_schema,
      systemPromptFile: paths.systemPrompt,
      readableDirs: record.cwd === treeRoot(record) ? [] : [treeRoot(record)],
      officialLogin: record.worker.config_dir === null,
    }),
    cwd: record.cwd,
    env: {
      ...plan.workerEnv,
      ...workerVariables({
        runId: record.run_id,
        tmpDir: record.worker.tmp_dir,
        configDir: record.worker.config_dir ?? undefined,
        toolTimeoutMs: record.delegation && record.budget.wall_seconds * 1000,
      }),
      ...(enclosure === undefined ? {} : sandboxVariables(record.worker.tmp_dir)),
    },
    paths,
    attempt,
    guardSeconds: Math.max(1, remainingMs / 1000) + GUARD_MARGIN_SECONDS,
    cookie: { name: RUN_COOKIE, value: record.run_id },
    enclosure,
    onExit,
  });
}

/** A session id can be used once: only the first process has the one that was announced. */
export function sessionFor(record: RunRecord, attempt: number, rotations: number): SessionChoice {
  const { session_id, resume = false } = record.worker;
  if (resume && rotations === 0) return { sessionId: session_id, resume: true };
  return { sessionId: attempt === 1 ? session_id : randomUUID(), resume: false };
}

/** A successor may have been started by somebody who does not know the profile's token. */
function requireCredentials({ record, workerEnv }: AttemptPlan): void {
  const missing = record.worker.secret_env.filter((name) => !workerEnv[name]);
  if (missing.length === 0) return;
  throw new CcError(
    'PROFILE_UNUSABLE',
    `The credentials of profile ${record.profile.id} are not known here (${missing.join(', ')}).`,
    { hint: 'Start it again from where the profile is configured.' },
  );
}
