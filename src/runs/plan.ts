import { createHash, randomUUID } from 'node:crypto';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isoTime } from '../core/clock.ts';
import { CcError } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import { compact, type JsonObject } from '../core/json.ts';
import { createRedactor, type Redactor } from '../core/redact.ts';
import { byteLength, oneLine } from '../core/text.ts';
import type { Role } from '../core/vocabulary.ts';
import { allowedEnvironment } from '../proc/env.ts';
import { isListedClaudeModel } from '../profiles/claude-models.ts';
import { profileHostOf } from '../profiles/host-of.ts';
import { contextWindowFor } from '../profiles/models.ts';
import type { Price } from '../profiles/price.ts';
import { priceFor } from '../profiles/prices.ts';
import { knownSecrets, resolveCredentials } from '../profiles/resolve-credentials.ts';
import { projectGuidance } from '../prompts/guidance.ts';
import { type Choice, chooseRoute } from '../routing/choose.ts';
import { windowOf } from '../routing/components.ts';
import type { ProfilePick } from '../routing/pick.ts';
import { SCHEMA_VERSION } from '../store/versions.ts';
import { requireClaude } from '../workers/claude/locate.ts';
import type { Host } from '../workspace/host.ts';
import { type Policy, readPolicy } from '../workspace/policy.ts';
import type { Place } from '../workspace/resolve.ts';
import { readCaps } from './cost-guard/caps.ts';
import { clipBudget } from './cost-guard/clip.ts';
import { requireOutputSchema } from './output-schema.ts';
import { type BudgetRequest, planBudget } from './plan-budget.ts';
import type { Lineage, Narrowing, RunMode, RunRecord } from './record.ts';

export { profileHostOf };

/** What somebody asks for. Everything but the task has a sensible default. */
export type RunRequest = {
  task: string;
  /** What it is called in lists; else the beginning of the task. */
  title?: string | undefined;
  context?: string | undefined;
  role?: Role | undefined;
  profile?: string | undefined;
  model?: string | undefined;
  allowWrite?: boolean | undefined;
  scope?: { paths?: string[] | undefined; commands?: string[] | undefined } | undefined;
  budget?: BudgetRequest | undefined;
  /** The worker may put questions to the controller and wait for the answer. */
  ask?: boolean | undefined;
  /** Keep only the result and stderr of what the worker says. */
  finalOnly?: boolean | undefined;
  projectGuidance?: boolean | undefined;
  /** JSON Schema of the answer; without an answer that satisfies it the run has failed. */
  outputSchema?: JsonObject | undefined;
  /** It tries a model out; its answer is used for nothing else. */
  trial?: RunRecord['trial'];
  idempotencyKey?: string | undefined;
  client?: string | undefined;
  threadId?: string | undefined;
  /** It goes on with the task of an earlier run. */
  continues?: Continues | undefined;
  /** Wake the Codex thread when the run ends; default: the policy. */
  wake?: boolean | undefined;
  /** Where the client says its own program is. */
  codexPath?: string | undefined;
};

/** Where a continuation stands in the life of its task, and the session it goes on in. */
export type Continues = {
  lineage: Omit<Lineage, 'drift'>;
  /** The route so far. */
  from: { profile: string; model: string | null };
  /** Undefined for a fresh session. */
  session: { id: string; configDir: string | null } | undefined;
  narrowed: Narrowing[];
  mode: RunMode | undefined;
};

/** A run that could be started. `workerEnv` may hold credentials and never leaves this process as data. */
export type RunPlan = {
  record: RunRecord;
  texts: string[];
  workerEnv: Record<string, string>;
  /** Hides the credentials of the profile in what is stored for reading. */
  hide: Redactor;
  pick: ProfilePick;
  policy: Policy;
};

/**
 * Decides everything about a run without starting or writing anything (what `dry_run` shows). With
 * `preview` not even the token command of a profile is run, and the plan cannot be carried out.
 */
export async function planRun(
  host: Host,
  place: Place,
  request: RunRequest,
  options: { preview?: boolean } = {},
): Promise<RunPlan> {
  if (request.allowWrite) refuseBareRepository(place.workspace.root);
  const policy = await readPolicy(host.home);
  const profileHost = profileHostOf(host);
  const now = host.clock.now();
  const [choice, claude] = await Promise.all([
    chooseRoute(
      { home: host.home, profileHost, policy, now },
      {
        // A continuation is as hard as what it is told now, not as long as what was said before.
        task: request.continues === undefined ? request.task : (request.title ?? request.task),
        role: request.role,
        profile: request.profile,
        model: request.model,
        write: request.allowWrite,
        paths: request.scope?.paths,
      },
    ),
    requireClaude(host.env, join(host.home.root, 'cache'), policy.claude_path),
  ]);
  const { pick, role, evidence } = choice;
  const credentials = await resolveCredentials(pick.profile, profileHost, options);
  const workerEnv = { ...allowedEnvironment(host.env, policy.env_pass), ...credentials.env };
  // A task may quote the token of any profile.
  const hide = createRedactor([...credentials.secrets, ...(await knownSecrets(profileHost))]);
  const runId = newId('run', now);
  const texts = messageTexts(request);
  const official = pick.profile.kind === 'login';
  const price = (priceFor(pick.profile, pick.model, evidence.prices) ?? null) as Price | null;
  const cliPrice = official && isListedClaudeModel(pick.model);
  const session = request.continues?.session;
  const guidance =
    request.projectGuidance === false
      ? undefined
      : projectGuidance(place.workspace.root, place.cwd);
  const record: RunRecord = {
    schema_version: SCHEMA_VERSION,
    run_id: runId,
    created: isoTime(now),
    workspace: place.workspace.root,
    cwd: place.cwd,
    title: oneLine(hide(request.title ?? request.task), 120),
    task_sha256: createHash('sha256').update(request.task).digest('hex'),
    task_bytes: byteLength(request.task),
    role,
    scope: writeScope(request),
    profile: {
      id: pick.profile.id,
      name: pick.profile.name,
      source: pick.profile.source,
      ...compact({ account: pick.profile.account }),
      auth: pick.profile.auth,
    },
    model: pick.model,
    pick_reason: pick.reason,
    budget: planBudget(request.budget ?? {}, policy.budget, price !== null || cliPrice),
    context_window: { ...contextWindow(choice), ...policy.context },
    watchdog: policy.watchdog,
    guidance_files: guidance?.files ?? [],
    ...compact({
      client: request.client,
      thread_id: request.threadId,
      idempotency_key: request.idempotencyKey,
      ...(request.continues && continuationFields(request.continues, pick)),
      ask: request.ask ? { timeout_seconds: policy.question_timeout_seconds } : undefined,
      final_only: request.finalOnly,
      output_schema: requireOutputSchema(request.outputSchema),
      trial: request.trial,
    }),
    worker: {
      kind: 'claude',
      path: claude.path,
      version: claude.version,
      session_id: session?.id ?? randomUUID(),
      ...(session === undefined ? {} : { resume: true }),
      config_dir: session?.configDir ?? (official ? null : join(host.home.sessions, runId)),
      // Short, because a socket inside it may not have a path longer than about 100 bytes.
      tmp_dir: join(tmpRoot(host.env.TMPDIR), `cc-${runId.slice(-8)}`),
      env: Object.keys(workerEnv).sort(),
      secret_env: Object.entries(credentials.env)
        .filter(([, value]) => credentials.secrets.includes(value))
        .map(([name]) => name)
        .sort(),
    },
    price,
    cli_price: cliPrice,
    base: null,
    state: 'starting',
  };
  record.budget = clipBudget(record.budget, await readCaps(host.home), record);
  return { record, texts, workerEnv, hide, pick, policy };
}

function continuationFields(
  { lineage, from, narrowed, mode }: Continues,
  pick: ProfilePick,
): Pick<RunRecord, 'lineage' | 'narrowed' | 'mode'> {
  const before = `${from.profile} ${from.model ?? 'default'}`;
  const now = `${pick.profile.id} ${pick.model}`;
  return {
    lineage: { ...lineage, ...(before === now ? {} : { drift: { from: before, to: now } }) },
    ...(narrowed.length === 0 ? {} : { narrowed }),
    ...compact({ mode }),
  };
}

/** Where nothing tells, a small window is assumed: a handover too early costs less than one too late. */
const ASSUMED_WINDOW = 128_000;
/** Until the CLI, which knows its own models, has told. */
const CLAUDE_WINDOW = 200_000;

function contextWindow({ pick: { profile, model }, evidence }: Choice): {
  tokens: number;
  source: string;
} {
  const known = contextWindowFor(profile, model);
  if (known !== undefined) return { tokens: known, source: 'profile' };
  if (isListedClaudeModel(model)) return { tokens: CLAUDE_WINDOW, source: 'claude' };
  const listed = windowOf(profile, model, evidence);
  if (listed !== undefined) return { tokens: listed, source: 'catalog' };
  return { tokens: ASSUMED_WINDOW, source: 'assumed' };
}

/** In a bare repository everything is git's own, hooks included, and nothing is a project's. */
function refuseBareRepository(root: string): void {
  if (!['HEAD', 'objects', 'refs'].every((name) => existsSync(join(root, name)))) return;
  throw new CcError('NOT_ALLOWED', `${root} is a bare git repository.`, {
    hint: 'Clone it, and pass cwd of the clone.',
  });
}

/** The user's own temporary directory where it can be used, else the system's. */
function tmpRoot(wanted: string | undefined): string {
  const own = process.platform === 'win32' ? tmpdir() : '/tmp';
  if (!wanted) return own;
  try {
    accessSync(wanted, constants.W_OK | constants.X_OK);
    return statSync(wanted).isDirectory() ? wanted : own;
  } catch {
    return own;
  }
}

/** The first message: the task word for word, and the controller's context apart from it. */
function messageTexts(request: RunRequest): string[] {
  if (request.task.trim() === '') {
    throw new CcError('BAD_INPUT', 'The task is empty.', {
      hint: 'Say what the worker should do.',
    });
  }
  if (request.context === undefined || request.context.trim() === '') return [request.task];
  return [request.task, `Context from the controller:\n\n${request.context}`];
}

function writeScope(request: RunRequest): RunRecord['scope'] {
  if (!request.allowWrite) {
    if (request.scope === undefined) return null;
    throw new CcError('BAD_INPUT', 'scope needs allow_write: true; this run would be read-only.', {
      hint: 'Pass allow_write: true, or leave scope out.',
    });
  }
  return { paths: request.scope?.paths ?? ['**'], commands: request.scope?.commands ?? [] };
}
