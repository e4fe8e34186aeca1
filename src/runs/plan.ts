import { createHash, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { isoTime } from '../core/clock.ts';
import { CcError } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import { compact, type JsonObject } from '../core/json.ts';
import { createRedactor, type Redactor } from '../core/redact.ts';
import { byteLength, oneLine } from '../core/text.ts';
import type { Role } from '../core/vocabulary.ts';
import { allowedEnvironment } from '../proc/env.ts';
import { isKnownToClaude } from '../profiles/claude-models.ts';
import { profileHostOf } from '../profiles/host-of.ts';
import type { Price } from '../profiles/price.ts';
import { priceFor } from '../profiles/prices.ts';
import { knownSecrets, resolveCredentials } from '../profiles/resolve-credentials.ts';
import { projectGuidance } from '../prompts/guidance.ts';
import { roleText } from '../prompts/pack/role-text.ts';
import { chooseRoute } from '../routing/choose.ts';
import type { ProfilePick } from '../routing/pick.ts';
import { SCHEMA_VERSION } from '../store/versions.ts';
import { requireClaude } from '../workers/claude/locate.ts';
import type { Host } from '../workspace/host.ts';
import { type Policy, readPolicy } from '../workspace/policy.ts';
import type { Place } from '../workspace/resolve.ts';
import { readCaps } from './cost-guard/caps.ts';
import { clipBudget } from './cost-guard/clip.ts';
import type { WakeTarget } from './outbox.ts';
import { requireOutputSchema } from './output-schema.ts';
import { type BudgetRequest, planBudget } from './plan-budget.ts';
import { refuseBareRepository, tmpRoot } from './plan-place.ts';
import { planSafety } from './plan-safety.ts';
import { contextWindow } from './plan-window.ts';
import type { Lineage, Narrowing, RunDelegation, RunMode, RunRecord, Worktree } from './record.ts';
import type { ScopeRequest } from './scope/request.ts';
import { type TemplateUse, withTemplate } from './template.ts';
import { portsOf } from './worktrees/set-up.ts';

/** What somebody asks for. Everything but the task has a sensible default. */
export type RunRequest = {
  task: string;
  /** What it is called in lists; else the beginning of the task. */
  title?: string | undefined;
  context?: string | undefined;
  role?: Role | undefined;
  /** The task is made from this template, and `task` is what is filled in. */
  template?: TemplateUse | undefined;
  profile?: string | undefined;
  model?: string | undefined;
  allowWrite?: boolean | undefined;
  scope?: ScopeRequest | undefined;
  budget?: BudgetRequest | undefined;
  /** `worktree`: in a copy of the project, from which cc_apply_run brings the result. */
  isolation?: 'shared' | 'worktree' | undefined;
  /** The copy it works in. */
  worktree?: Worktree | undefined;
  /** The worker may put questions to the controller and wait for the answer. */
  ask?: boolean | undefined;
  /** Keep only the result and stderr of what the worker says. */
  finalOnly?: boolean | undefined;
  projectGuidance?: boolean | undefined;
  /** Go on elsewhere when the provider fails; default: where neither profile nor model is named. */
  fallback?: boolean | undefined;
  /** JSON Schema of the answer; without an answer that satisfies it the run has failed. */
  outputSchema?: JsonObject | undefined;
  /** It may have other runs launched. */
  delegation?: RunDelegation | undefined;
  /** It tries a model out; its answer is used for nothing else. */
  trial?: RunRecord['trial'];
  /** It is a node of a workflow; nobody else waits for its end. */
  workflow?: RunRecord['workflow'];
  idempotencyKey?: string | undefined;
  client?: string | undefined;
  threadId?: string | undefined;
  /** It goes on with the task of an earlier run. */
  continues?: Continues | undefined;
  /** Wake the Codex thread when the run ends; default: the policy. */
  wake?: boolean | undefined;
  /** Where the client says its own program is. */
  codexPath?: string | undefined;
  /** Whom the run before it was to wake, instead of `wake`. */
  wakes?: WakeTarget | undefined;
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
  /** Why it is on this route, where the route was not chosen here. */
  reason?: string | undefined;
};

/** A run that could be started. `workerEnv` may hold credentials and never leaves this process as data. */
export type RunPlan = {
  record: RunRecord;
  texts: string[];
  /** What the role adds to the system prompt. */
  roleText: string;
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
  asked: RunRequest,
  options: { preview?: boolean } = {},
): Promise<RunPlan> {
  const request = await withTemplate(host, asked);
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
  const { text, applied } = await roleText(host.home.promptPack, role);
  const credentials = await resolveCredentials(pick.profile, profileHost, options);
  const { worktree } = request;
  const workerEnv = {
    ...allowedEnvironment(host.env, policy.env_pass),
    ...portsOf({ worktree }),
    ...credentials.env,
  };
  const root = worktree?.root ?? place.workspace.root;
  // A task may quote the token of any profile.
  const hide = createRedactor([...credentials.secrets, ...(await knownSecrets(profileHost))]);
  const runId = newId('run', now);
  const texts = messageTexts(request);
  const official = pick.profile.kind === 'login';
  const safety = await planSafety(host, { cwd: place.cwd, root }, policy, {
    allowWrite: request.allowWrite,
    scope: request.scope,
    role,
    officialLogin: official,
  });
  const price = (priceFor(pick.profile, pick.model, evidence.prices) ?? null) as Price | null;
  const cliPrice = official && isKnownToClaude(pick.model, pick.profile.kind);
  const session = request.continues?.session;
  const guidance = request.projectGuidance === false ? undefined : projectGuidance(root, place.cwd);
  const record: RunRecord = {
    schema_version: SCHEMA_VERSION,
    run_id: runId,
    created: isoTime(now),
    workspace: place.workspace.root,
    cwd: place.cwd,
    ...compact({ worktree, delegation: request.delegation }),
    home: host.home.root,
    title: oneLine(hide(request.title ?? request.task), 120),
    task_sha256: createHash('sha256').update(request.task).digest('hex'),
    task_bytes: byteLength(request.task),
    role,
    role_text: applied,
    ...safety,
    profile: {
      id: pick.profile.id,
      name: pick.profile.name,
      source: pick.profile.source,
      ...compact({ account: pick.profile.account }),
      auth: pick.profile.auth,
    },
    model: pick.model,
    pick_reason: request.continues?.reason ?? pick.reason,
    budget: planBudget(request.budget ?? {}, policy.budget, price !== null || cliPrice),
    context_window: { ...contextWindow(choice), ...policy.context },
    watchdog: policy.watchdog,
    guidance_files: guidance?.files ?? [],
    ...compact({
      template: asked.template?.name,
      client: request.client,
      thread_id: request.threadId,
      idempotency_key: request.idempotencyKey,
      ...(request.continues && continuationFields(request.continues, pick)),
      ask: request.ask ? { timeout_seconds: policy.question_timeout_seconds } : undefined,
      final_only: request.finalOnly,
      output_schema: requireOutputSchema(request.outputSchema),
      trial: request.trial,
      workflow: request.workflow,
      fallback: request.trial === undefined ? fallbackOf(request, policy) : undefined,
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
  return { record, texts, roleText: text, workerEnv, hide, pick, policy };
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

function fallbackOf(
  { fallback, profile, model }: RunRequest,
  { routing }: Policy,
): RunRecord['fallback'] {
  if (routing.fallback === 'off' && fallback === true) {
    throw new CcError('NOT_ALLOWED', 'The policy allows no fallback.', {
      hint: 'Leave fallback out, or set routing.fallback: auto in policy.yaml.',
    });
  }
  if (routing.fallback === 'off') return 'policy_off';
  if (fallback !== undefined) return fallback ? 'on' : 'declined';
  const isNamed = profile !== undefined || model !== undefined;
  return isNamed && routing.fallback !== 'always' ? 'named' : 'on';
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
