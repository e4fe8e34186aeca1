import { timeLimit } from '../../core/clock.ts';
import { CcError } from '../../core/errors.ts';
import { compact } from '../../core/json.ts';
import { byteLength, oneLine } from '../../core/text.ts';
import { askWorkflow, type WorkflowAsk } from '../../workflows/instances/ask.ts';
import { changedSource } from '../../workflows/instances/changed-source.ts';
import { findWorkflow, listWorkflows } from '../../workflows/instances/find.ts';
import { waitsInParts } from '../../workflows/instances/part-waits.ts';
import { readWorkflow, type WorkflowNow } from '../../workflows/instances/read.ts';
import { brokenOf, type FoundWorkflow } from '../../workflows/instances/record.ts';
import { whyStalled } from '../../workflows/instances/stalled.ts';
import { instanceAt, waitUntilOver, waitWorkflow } from '../../workflows/instances/wait.ts';
import { seqOf, workflowStatus } from '../../workflows/views/status.ts';
import { isOver, type WorkflowState } from '../../workflows/vocabulary.ts';
import type { ToolContext } from '../define.ts';
import { handoffOfRun, handoffsOfNode } from './read-handoff.ts';
import { reportNow } from './read-report.ts';

/** What the tools of started workflows have in common. */
export type Asked = { workflow_id?: string | undefined; cwd?: string | undefined };

/** By its id, wherever it is; without one the newest of the project. */
export async function askedInstance(
  { host, place }: ToolContext,
  { workflow_id, cwd }: Asked,
): Promise<FoundWorkflow> {
  const isNeeded = workflow_id === undefined || cwd !== undefined;
  const near = isNeeded ? await place(cwd) : await place(undefined).catch(() => undefined);
  return findWorkflow(host, near, workflow_id);
}

export async function readAsked(context: ToolContext, asked: Asked): Promise<WorkflowNow> {
  const { workspace, record } = await askedInstance(context, asked);
  return readWorkflow(workspace, record.workflow_id);
}

type AskedStatus = Asked & { wait_seconds?: number | undefined; since?: string | undefined };

/** How a workflow stands, after a while if `wait_seconds` says so; in all never more than 4 kB. */
export async function statusFor(context: ToolContext, asked: AskedStatus) {
  const { host, signal, progress } = context;
  const found = await askedInstance(context, asked);
  const timeoutMs = (asked.wait_seconds ?? 0) * 1000;
  const since = seqOf(asked.since);
  const wait = { since, timeoutMs, signal, progress };
  const now = await waitWorkflow(host, found, wait);
  const { plan, instance, seq, isSupervised, record, parts } = now;
  const beside = compact({
    folder: found.paths.dir,
    broken: record.broken,
    stalled: await whyStalled(host, now),
    unsupervised: isSupervised ? undefined : 'cc_recover_runs gives it a supervisor',
    others: asked.workflow_id === undefined ? await unfinished(found) : undefined,
  });
  const reserved = byteLength(JSON.stringify(beside));
  const broken = brokenOf(record);
  const isSeen = since !== undefined && since <= seq && broken === undefined;
  const before = isSeen ? await instanceAt(found, since) : undefined;
  const facts = { seq, now: host.clock.now(), mock: record.mock, parts, broken, before, reserved };
  return { ...workflowStatus(plan, instance, facts), ...beside };
}

const OTHERS = 3;

/** Others of the project that go on: the newest one must not hide them. */
async function unfinished({ workspace, record }: FoundWorkflow): Promise<string[] | undefined> {
  const others = (await listWorkflows(workspace)).flatMap(({ record: other }) =>
    other.end === undefined && other.parent === null && other.workflow_id !== record.workflow_id
      ? [other.workflow_id]
      : [],
  );
  return others.length === 0 ? undefined : others.slice(0, OTHERS);
}

/** Asks a workflow for something and tells how it stands then; a refusal is an error that says what can be done. */
export async function askFor(context: ToolContext, found: FoundWorkflow, asked: WorkflowAsk) {
  const { host, client, signal } = context;
  const { ok, text, pending } = await askWorkflow(host, found, asked, {
    from: client.name,
    signal,
  });
  const now = await readWorkflow(found.workspace, found.record.workflow_id);
  const brief = await briefly(context, now);
  const goesOn = asked.kind === 'resume' || asked.kind === 'retry_node';
  const note = goesOn ? await changedSource(host, found) : undefined;
  if (ok || pending !== undefined)
    return { now, answer: { ok, text, ...compact({ pending, note }), ...brief } };
  const { state, next } = brief;
  throw new CcError('CHECK_FAILED', `${found.record.workflow_id}: ${text}.`, {
    hint: `Now: ${next.tool} (${next.why}).`,
    details: { state, next },
  });
}

/** How a workflow stands, in a few lines. */
export async function briefly(
  { host }: ToolContext,
  { plan, instance, seq, record, workspace }: WorkflowNow,
) {
  const parts = await waitsInParts(workspace, instance);
  const broken = brokenOf(record);
  const facts = { seq, now: host.clock.now(), mock: record.mock, parts, broken };
  const { workflow_id, mock, state, reason, progress, waits, next, cursor } = workflowStatus(
    plan,
    instance,
    facts,
  );
  return { workflow_id, ...compact({ mock, waits }), state, reason, progress, next, cursor };
}

/** Until nothing of it runs any more, or the time is up. */
export async function untilOver(
  { host, signal }: ToolContext,
  found: FoundWorkflow,
  ms: number,
): Promise<WorkflowNow> {
  return waitUntilOver(host, found, timeLimit(ms, signal));
}

/** What came of a stop: it may have ended by itself while nobody had answered yet. */
export function stopText(state: WorkflowState, answer: string): string {
  if (state === 'stopped') return 'it is stopped';
  return isOver(state) ? `it was over before it could be stopped: ${state}` : answer;
}

const NAMED = 30;

/** One that does not exist is told with those that do. */
export function requireNode({ plan }: WorkflowNow, id: string): void {
  const ids = plan.nodes.map((node) => node.id);
  if (ids.includes(id)) return;
  const node = id.replace(/\[\d+\]$/, '');
  if (node !== id && ids.includes(node)) {
    throw new CcError('BAD_INPUT', `${oneLine(id, 80)} is one of several tasks of a node.`, {
      hint: `Name the node, which is all of them: ${node}.`,
    });
  }
  const more = ids.length > NAMED ? `, and ${ids.length - NAMED} more` : '';
  throw new CcError('NOT_FOUND', `There is no node ${oneLine(id, 80)} in ${plan.id}.`, {
    hint: `Nodes: ${ids.slice(0, NAMED).join(', ')}${more}.`,
  });
}

export async function reportFor(
  context: ToolContext,
  { full = false, ...asked }: Asked & { full?: boolean | undefined },
) {
  return reportNow(context, await readAsked(context, asked), full);
}

type AskedHandoff = Asked & { node?: string | undefined; run_id?: string | undefined };

export async function handoffFor(context: ToolContext, { node, run_id, ...asked }: AskedHandoff) {
  if ((node === undefined) === (run_id === undefined)) {
    throw new CcError('BAD_INPUT', 'Which handoff? Pass either node or run_id.', {
      hint: 'node: of the newest workflow, or of workflow_id.',
    });
  }
  if (run_id !== undefined) return handoffOfRun(context, run_id);
  const now = await readAsked(context, asked);
  const id = node ?? '';
  requireNode(now, id.replace(/\[\d{1,4}\]$/, ''));
  return handoffsOfNode(now, id);
}
