import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isoTime } from '../../core/clock.ts';
import { CcError } from '../../core/errors.ts';
import { newId } from '../../core/ids.ts';
import { compact } from '../../core/json.ts';
import { createRedactor, type Redactor } from '../../core/redact.ts';
import { byteLength, neutralise } from '../../core/text.ts';
import { profileHostOf } from '../../profiles/host-of.ts';
import { knownSecrets } from '../../profiles/resolve-credentials.ts';
import { wakeTarget } from '../../runs/wake.ts';
import { makePrivateDir, writeFileAtomic } from '../../store/atomic.ts';
import { topLease, withLease } from '../../store/lease.ts';
import { SCHEMA_VERSION } from '../../store/versions.ts';
import type { Host } from '../../workspace/host.ts';
import { initWorkspace } from '../../workspace/init.ts';
import { sharedPaths } from '../../workspace/layout.ts';
import { readPolicy } from '../../workspace/policy.ts';
import type { Place } from '../../workspace/resolve.ts';
import { LIMITS } from '../limits.ts';
import type { Plan, WorkflowBudget } from '../plan.ts';
import { forgetActive, rememberActive } from './active.ts';
import { forgetWorkflowKey, rememberWorkflowKey, workflowOfKey } from './keys.ts';
import { privateWorkflowPaths, workflowPaths } from './paths.ts';
import { digestOfPlan, shownPlan, writePlan } from './plan-file.ts';
import { type WorkflowRecord, writeWorkflowRecord } from './record.ts';
import { startWorkflowSupervisor } from './start-supervisor.ts';
import { rememberWake } from './wake-file.ts';

const LEASE_WAIT_MS = 30_000;

export type WorkflowRequest = {
  plan: Plan;
  /** The text of the file, then of those it uses. */
  sources: readonly string[];
  /** It came as text: there is no such file. */
  fromText?: boolean;
  /** What the whole is for. */
  task: string;
  mock: boolean;
  /** How long each mock run takes; default: no time. */
  mockMs?: number | undefined;
  /** In place of what the file says. */
  limits?: WorkflowBudget | undefined;
  idempotencyKey?: string | undefined;
  client?: string | undefined;
  threadId?: string | undefined;
  /** Wake the Codex thread at its end, and when somebody has to decide; default: the policy. */
  wake?: boolean | undefined;
  /** Where the client says its own program is. */
  codexPath?: string | undefined;
  parent?: { workflow_id: string; key: string } | undefined;
};

export type LaunchedWorkflow = { record: WorkflowRecord; existing: boolean };

/**
 * Starts a workflow: its directory, then its supervisor. Returns as soon as that has been started. With
 * an idempotency key that was used before, the earlier workflow is returned and nothing starts.
 */
export async function launchWorkflow(
  host: Host,
  place: Place,
  request: WorkflowRequest,
): Promise<LaunchedWorkflow> {
  requireTask(request.task);
  if (host.readOnly) {
    throw new CcError('NOT_ALLOWED', 'This server is read-only and starts nothing.', {
      hint: 'Start it from a shell: cc-orchestrator workflow-run',
    });
  }
  const { workspace } = place;
  const { wake_codex } = await readPolicy(host.home);
  const wake = request.parent === undefined ? wakeTarget(host.env, request, wake_codex) : undefined;
  await initWorkspace(workspace, host.home, host.clock);
  const limits = compact({ ...request.plan.budget, ...compact({ ...request.limits }) });
  const plan: Plan = { ...request.plan, budget: limits };
  const redact = createRedactor(await knownSecrets(profileHostOf(host)).catch(() => []));
  const record = recordOf(host, place, { ...request, plan }, redact);
  const earlier = await withLease(sharedPaths(workspace).launchLease, LEASE_WAIT_MS, async () => {
    const existing = await workflowOfKey(workspace, request.idempotencyKey);
    if (existing !== undefined) return existing;
    if (wake !== undefined) await rememberWake(host, record.workflow_id, wake);
    await create(host, place, { ...request, plan }, record, redact);
    return undefined;
  });
  if (earlier !== undefined) {
    requireSame(earlier, record);
    return { record: earlier, existing: true };
  }
  try {
    await startWorkflowSupervisor(host, record);
  } catch (error) {
    await takeBack(host, place, record);
    throw error;
  }
  return { record, existing: false };
}

function requireTask(task: string): void {
  if (byteLength(task) <= LIMITS.taskChars) return;
  throw new CcError('BAD_INPUT', `The task is longer than ${LIMITS.taskChars} bytes.`, {
    hint: 'Put the details into a file of the project and name the file.',
  });
}

function recordOf(
  host: Host,
  { cwd, workspace }: Place,
  request: WorkflowRequest,
  redact: Redactor,
): WorkflowRecord {
  const { plan, task, parent = null, idempotencyKey = null } = request;
  const now = host.clock.now();
  return {
    schema_version: SCHEMA_VERSION,
    workflow_id: newId('wf', now),
    plan_id: plan.id,
    description: plan.description === null ? null : redact(plan.description),
    file: redact(plan.file),
    task: redact(neutralise(task)),
    created: isoTime(now),
    workspace: workspace.root,
    cwd,
    home: host.home.root,
    mock: request.mock,
    parent,
    idempotency_key: idempotencyKey,
    plan_sha256: digestOfPlan(plan),
    task_sha256: createHash('sha256').update(task).digest('hex'),
    limits: compact({ ...plan.budget }),
    nodes: plan.nodes.length,
    ...(request.fromText === true ? { from_text: true } : {}),
    ...compact({ mock_ms: request.mockMs, client: request.client, thread_id: request.threadId }),
  };
}

async function create(
  host: Host,
  { workspace }: Place,
  { plan, sources, task }: WorkflowRequest,
  record: WorkflowRecord,
  redact: Redactor,
): Promise<void> {
  const paths = workflowPaths(workspace, record.workflow_id);
  const own = privateWorkflowPaths(host.home, record.workflow_id);
  await makePrivateDir(paths.inbox);
  await makePrivateDir(own.dir);
  await writePlan(own.plan, plan);
  await writeFileAtomic(own.task, task, { durable: true });
  await writePlan(paths.plan, shownPlan(plan, redact));
  const [first = '', ...used] = sources.map((text) => redact(neutralise(text)));
  await writeFileAtomic(paths.source, first);
  if (used.length > 0) await makePrivateDir(paths.sources);
  for (const [index, text] of used.entries()) {
    await writeFileAtomic(join(paths.sources, `${index + 1}.yaml`), text);
  }
  await rememberWorkflowKey(workspace, record);
  await rememberActive(workspace, paths);
  // From here on the workflow exists: whoever finds it without a supervisor carries it on.
  await writeWorkflowRecord(paths, record);
}

/** No supervisor could be started, so nothing has happened and nothing is left behind. */
async function takeBack(host: Host, { workspace }: Place, record: WorkflowRecord): Promise<void> {
  const paths = workflowPaths(workspace, record.workflow_id);
  await withLease(sharedPaths(workspace).launchLease, LEASE_WAIT_MS, async () => {
    // Somebody else was luckier.
    if (topLease(paths.lease) !== undefined || existsSync(paths.journal)) return;
    await rm(paths.metadata, { force: true });
    await forgetActive(paths);
    await forgetWorkflowKey(workspace, record);
    await rm(paths.dir, { recursive: true, force: true });
    await rm(privateWorkflowPaths(host.home, record.workflow_id).dir, {
      recursive: true,
      force: true,
    });
  });
}

/** A key stands for one workflow and one task; answering others with it would look like success. */
function requireSame(earlier: WorkflowRecord, wanted: WorkflowRecord): void {
  const isSame =
    earlier.plan_sha256 === wanted.plan_sha256 &&
    earlier.task_sha256 === wanted.task_sha256 &&
    earlier.mock === wanted.mock;
  if (isSame) return;
  throw new CcError(
    'BAD_INPUT',
    `This idempotency_key belongs to another workflow or task (${earlier.workflow_id}).`,
    { hint: 'Use a new key; to see the earlier workflow, read its status.' },
  );
}
