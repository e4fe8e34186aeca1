import { readFile } from 'node:fs/promises';
import { CcError } from '../core/errors.ts';
import { compact } from '../core/json.ts';
import { isFinal } from '../core/vocabulary.ts';
import { profileHostOf } from '../profiles/host-of.ts';
import { listProfiles } from '../profiles/list.ts';
import { recap } from '../prompts/closing.ts';
import { privateRunPaths } from '../workspace/home.ts';
import type { Host } from '../workspace/host.ts';
import type { FoundRun } from './find.ts';
import { type Launched, launchRun } from './launch.ts';
import { addSpent, budgetTokens, NOTHING_SPENT } from './limits.ts';
import type { WakeTarget } from './outbox.ts';
import type { Continues, RunRequest } from './plan.ts';
import type { BudgetRequest } from './plan-budget.ts';
import type { MovedFrom, Narrowing, RunMode, RunRecord } from './record.ts';
import type { RunBudget, Spent } from './spending-fields.ts';

export type Continuation = {
  instruction: string;
  /** Other than the run had. A different profile means a fresh session. */
  profile?: string | undefined;
  model?: string | undefined;
  budget?: BudgetRequest | undefined;
  narrow?: Narrowing | undefined;
  mode?: RunMode | undefined;
  client?: string | undefined;
  threadId?: string | undefined;
  /** The same key never continues twice. */
  key?: string | undefined;
  /** It is the product that goes on elsewhere, not a controller. */
  move?: TaskMove | undefined;
};

/** A task that is moved by itself: always a fresh session, and no new budget. */
export type TaskMove = {
  /** Everything the fresh session has to know. */
  text: string;
  reason: string;
  budget: RunBudget;
  moved: MovedFrom[];
  key: string;
  wakes: WakeTarget | undefined;
};

/**
 * Goes on with the task of a run that has ended: a new run of the same lineage, on the same route
 * unless another one is asked for. With the same profile it resumes the worker's own session; otherwise
 * a fresh session is told what happened.
 */
export async function continueRun(
  host: Host,
  run: FoundRun,
  wanted: Continuation,
): Promise<Launched> {
  const { record, workspace } = run;
  const { move } = wanted;
  if (!isFinal(record.state)) throw new Error('only a run that has ended can be continued');
  const spent = addSpent(spentByRecord(record), record.lineage?.spent ?? NOTHING_SPENT);
  const lifetime = { ...record.budget.lifetime, ...compact(wanted.budget?.lifetime ?? {}) };
  requireLifetimeLeft(record, lifetime, spent);
  const profile = wanted.profile ?? record.profile.id;
  const sessionId = record.outcome?.session_id;
  const resumable =
    move === undefined &&
    sessionId !== undefined &&
    profile === record.profile.id &&
    (await keepsSessions(host, record));
  const continues: Continues = {
    lineage: {
      root: record.lineage?.root ?? record.run_id,
      parent: record.run_id,
      index: (record.lineage?.index ?? 0) + 1,
      kind: resumable ? 'resume' : 'recap',
      spent,
      ...compact({ moved: move?.moved }),
    },
    from: { profile: record.profile.id, model: record.model },
    session: resumable ? { id: sessionId, configDir: record.worker.config_dir } : undefined,
    narrowed: [...(record.narrowed ?? []), ...(wanted.narrow ? [wanted.narrow] : [])],
    mode: wanted.mode ?? record.mode,
    reason: move?.reason,
  };
  const { lifetime: _old, ...own } = move?.budget ?? record.budget;
  const request: RunRequest = {
    task:
      move?.text ?? (resumable ? wanted.instruction : await retold(host, run, wanted.instruction)),
    title: wanted.instruction,
    role: record.role,
    profile,
    model:
      wanted.model ?? (profile === record.profile.id ? (record.model ?? undefined) : undefined),
    allowWrite: record.scope !== null,
    worktree: record.worktree,
    delegation: record.delegation,
    scope: record.scope ?? undefined,
    budget: { ...own, ...compact({ ...wanted.budget, lifetime: undefined }), lifetime },
    projectGuidance: record.guidance_files.length > 0,
    ask: record.ask !== undefined,
    finalOnly: record.final_only,
    outputSchema: record.output_schema,
    fallback: move === undefined && wanted.profile !== undefined ? undefined : inherited(record),
    idempotencyKey: move?.key ?? wanted.key,
    // Whoever continues a node by hand waits for it himself.
    workflow: move === undefined && wanted.key === undefined ? undefined : record.workflow,
    wakes: move?.wakes,
    client: wanted.client,
    threadId: wanted.threadId,
    continues,
  };
  return launchRun(host, { cwd: record.cwd, workspace, source: 'argument' }, request);
}

/** Whether the task may be moved is said once, at its start; the policy may have changed since. */
function inherited({ fallback }: RunRecord): boolean | undefined {
  return fallback === undefined || fallback === 'policy_off' ? undefined : fallback === 'on';
}

/**
 * Sessions of the user's own login lie elsewhere than all others. A profile of the same id may have
 * become the other kind since, and would not find the session.
 */
async function keepsSessions(host: Host, { profile, worker }: RunRecord): Promise<boolean> {
  const { profiles } = await listProfiles(profileHostOf(host));
  const now = profiles.find(({ id }) => id === profile.id);
  return now === undefined || (now.kind === 'login') === (worker.config_dir === null);
}

/** What a run that has ended counts against its task. */
export function spentByRecord({ outcome, elapsed_ms }: RunRecord): Spent {
  if (outcome === undefined) return { ...NOTHING_SPENT, elapsed_ms: elapsed_ms ?? 0 };
  const { tokens, usd, by_model } = outcome.usage;
  return {
    elapsed_ms: elapsed_ms ?? 0,
    turns: outcome.model_calls ?? 0,
    tokens: Math.round(budgetTokens(tokens)),
    usd: Object.keys(by_model).length === 0 ? 0 : usd,
  };
}

function requireLifetimeLeft(
  record: RunRecord,
  lifetime: NonNullable<RunRecord['budget']['lifetime']>,
  spent: Spent,
): void {
  const all: [string, number | undefined, number | null][] = [
    ['wall_seconds', lifetime.wall_seconds, spent.elapsed_ms / 1000],
    ['max_turns', lifetime.max_turns, spent.turns],
    ['max_tokens', lifetime.max_tokens, spent.tokens],
    ['max_usd', lifetime.max_usd, spent.usd],
  ];
  for (const [name, cap, used] of all) {
    if (cap === undefined || used === null || used < cap) continue;
    throw new CcError(
      'LIMIT_REACHED',
      `The task of ${record.run_id} has used its lifetime ${name}: ${Math.round(used * 100) / 100} of ${cap}.`,
      { hint: `Pass budget: { lifetime: { ${name}: … } } with more, or start a new task.` },
    );
  }
}

const ANSWER_CHARS = 20_000;

/** The instruction with what a fresh session must know of the task so far. */
async function retold(host: Host, run: FoundRun, instruction: string): Promise<string> {
  const { record, paths } = run;
  const task = await readFile(privateRunPaths(host.home, record.run_id).prompt, 'utf8')
    .then((text) => (JSON.parse(text) as string[]).join('\n\n'))
    .catch(() => record.title);
  const answer = await readFile(paths.stdout, 'utf8').catch(() => '');
  const failure = record.outcome?.failure;
  const outcome = [record.state, ...(failure?.evidence ?? [])].join('; ');
  return `${recap({ task, outcome, answer: answer.slice(0, ANSWER_CHARS) })}\n\n# Now\n\n${instruction}`;
}
