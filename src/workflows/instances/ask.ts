import { CcError } from '../../core/errors.ts';
import { submitRequest } from '../../store/inbox.ts';
import { DirectoryWatcher } from '../../store/watch.ts';
import type { Host } from '../../workspace/host.ts';
import type { Instance } from '../core/instance.ts';
import type { WorkflowBudget } from '../plan.ts';
import { rememberActive } from './active.ts';
import { ensureWorkflowSupervised, orGiveUp } from './ensure.ts';
import type { JournalLine } from './journal.ts';
import { InstanceFollower } from './read.ts';
import { type FoundWorkflow, readWorkflowRecord } from './record.ts';

/** How long a caller waits before the request counts as pending (DESIGN §4 "Inbox"). */
const ANSWER_MS = 10_000;
const LOOK_MS = 250;
/** An approval may have to wait for a machine that is off. */
const TTL_MS = 7 * 24 * 3_600_000;

/** What can be asked of a workflow. */
export type WorkflowAsk =
  | { kind: 'stop'; text?: string | undefined }
  | { kind: 'resume'; limits?: WorkflowBudget | undefined }
  | { kind: 'retry_node'; node: string; text?: string | undefined }
  /** Without a node: the only one that asks. Without a round: the question that is open. */
  | {
      kind: 'approve';
      node?: string | undefined;
      round?: number | undefined;
      decision: 'approved' | 'rejected';
      comment?: string | undefined;
    }
  /** A run asks to launch another one; `parent` is the key it was started with. */
  | {
      kind: 'delegate';
      parent: string;
      request: string;
      role: string;
      task: string;
      max_usd?: number | undefined;
      max_tokens?: number | undefined;
    };

export type WorkflowAnswer = {
  /** False: it was refused, and `text` says why; or it is pending. */
  ok: boolean;
  text: string;
  instance: Instance;
  seq: number;
  /** Nobody has answered in time; it will be carried out by whoever supervises the workflow next. */
  pending?: string;
};

/** Asks for something, sees to it that somebody is there who does it, and waits for the answer. */
export async function askWorkflow(
  host: Host,
  found: FoundWorkflow,
  asked: WorkflowAsk,
  options: { from?: string; signal?: AbortSignal } = {},
): Promise<WorkflowAnswer> {
  const { workspace, paths } = found;
  const { workflow_id } = found.record;
  if (host.readOnly) {
    throw new CcError('NOT_ALLOWED', 'This server is read-only and changes no workflow.', {
      hint: `Do it from a shell, with --workflow-id ${workflow_id}.`,
    });
  }
  const { kind, ...payload } = asked;
  const follower = await orGiveUp(host, found, () => InstanceFollower.open(paths, found.record));
  if (found.record.broken !== undefined) {
    return { ok: false, text: found.record.broken, ...follower.now };
  }
  const watcher = new DirectoryWatcher([paths.dir]);
  try {
    // It may go on after its end, and then recovery has to find it.
    await rememberActive(workspace, paths);
    const from = options.from ?? 'unknown';
    const id = await submitRequest(paths.inbox, { kind, from, payload, ttlMs: TTL_MS }, host.clock);
    const until = host.clock.monotonic() + ANSWER_MS;
    for (;;) {
      const answer = answerTo(id, await orGiveUp(host, found, () => follower.read()));
      if (answer !== undefined) return { ...answer, ...follower.now };
      const record = await readWorkflowRecord(workspace, workflow_id);
      if (record.broken !== undefined) return { ok: false, text: record.broken, ...follower.now };
      await ensureWorkflowSupervised(host, { ...found, record, ...follower.now });
      const left = until - host.clock.monotonic();
      if (left <= 0 || options.signal?.aborted) {
        return { ok: false, text: 'nobody has answered yet', pending: id, ...follower.now };
      }
      await watcher.changed(Math.min(left, LOOK_MS), options.signal);
    }
  } finally {
    watcher.close();
  }
}

function answerTo(
  id: string,
  lines: readonly JournalLine[],
): { ok: boolean; text: string } | undefined {
  const request = lines.find((line) => line.request?.id === id)?.request;
  return request && { ok: request.ok, text: request.text };
}
