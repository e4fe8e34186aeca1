import { DirectoryWatcher } from '../../store/watch.ts';
import type { Host } from '../../workspace/host.ts';
import type { Instance } from '../core/instance.ts';
import { newInstance } from '../core/new-instance.ts';
import { replay } from '../core/reduce.ts';
import type { PartWait } from '../views/status-parts.ts';
import { isOver } from '../vocabulary.ts';
import { ensureWorkflowSupervised, orGiveUp } from './ensure.ts';
import { readJournal } from './journal.ts';
import { waitsInParts } from './part-waits.ts';
import { InstanceFollower, type WorkflowNow } from './read.ts';
import { type FoundWorkflow, readWorkflowRecord } from './record.ts';
import { markTold } from './wake-file.ts';

/** Between two looks whether somebody supervises it; a supervisor that vanished gives no hint. */
const LOOK_MS = 1000;
const PROGRESS_EVERY_MS = 10_000;

export type WorkflowWait = {
  /** What the caller has seen: only what came later is news. */
  since?: number | undefined;
  timeoutMs: number;
  signal: AbortSignal;
  progress?: (message: string) => void;
};

export type Waited = WorkflowNow & {
  /** False: the time was up first. */
  isNews: boolean;
  /** Somebody carries it on, or nobody needs to. */
  isSupervised: boolean;
  /** What waits for a decision in its parts. */
  parts: PartWait[];
};

/**
 * Waits until a workflow is over, waits for a decision (also in a part of it), or something in it has
 * failed for good. Gives one that lost its supervisor another.
 */
export async function waitWorkflow(
  host: Host,
  found: FoundWorkflow,
  wait: WorkflowWait,
): Promise<Waited> {
  const { timeoutMs, signal, since } = wait;
  const open = () => InstanceFollower.open(found.paths, found.record);
  const follower = await orGiveUp(host, found, open);
  // What it once was cannot be told of one that is broken.
  const isReadable = found.record.broken === undefined;
  const seen = since === undefined || !isReadable ? undefined : await newsAt(found, since);
  const before =
    seen ?? (isAtEnd(follower.now.instance) ? new Set<string>() : newsOf(follower.now.instance));
  let asked: Set<string> | undefined;
  const until = host.clock.monotonic() + timeoutMs;
  let nextProgress = host.clock.monotonic() + PROGRESS_EVERY_MS;
  const watcher = new DirectoryWatcher([found.paths.dir], tellsSomething);
  try {
    for (;;) {
      await orGiveUp(host, found, () => follower.read());
      const { instance } = follower.now;
      const record = await readWorkflowRecord(found.workspace, found.record.workflow_id);
      const now = { ...found, record, ...follower.now };
      const isSupervised = await ensureWorkflowSupervised(host, now);
      const parts = await waitsInParts(found.workspace, instance);
      // With a cursor they were told at the look before, or are now.
      if (since !== undefined) asked ??= new Set(parts.map(newsOfPart));
      const isNews =
        [...newsOf(instance)].some((one) => !before.has(one)) ||
        parts.some((one) => asked?.has(newsOfPart(one)) !== true);
      const time = host.clock.monotonic();
      const isBroken = record.broken !== undefined;
      if (isNews || isBroken || !isSupervised || time >= until || signal.aborted) {
        // Whoever waits for it here needs not be woken.
        const news = [...newsOf(instance), ...parts.map(newsOfPart)];
        if (isNews) await markTold(host, record.workflow_id, news).catch(() => undefined);
        return { ...now, isNews: isNews || isBroken, isSupervised, parts };
      }
      if (time >= nextProgress) {
        wait.progress?.(instance.reason);
        nextProgress = time + PROGRESS_EVERY_MS;
      }
      await watcher.changed(Math.min(until - time, LOOK_MS), signal);
    }
  } finally {
    watcher.close();
  }
}

/** Whatever else happens in it. Ends also when the signal aborts. */
export async function waitUntilOver(
  host: Host,
  found: FoundWorkflow,
  signal: AbortSignal,
): Promise<Waited> {
  for (let since: number | undefined; ; ) {
    const waited = await waitWorkflow(host, found, { since, timeoutMs: LOOK_MS * 60, signal });
    if (isOver(waited.instance.state) || waited.record.broken !== undefined || signal.aborted) {
      return waited;
    }
    since = waited.seq;
  }
}

function isAtEnd({ state }: Instance): boolean {
  return isOver(state) || state === 'waiting_approval';
}

/** All that is worth ending a wait for, by names that stay the same. */
export function newsOf({ state, ended, nodes }: Instance): Set<string> {
  const news = new Set<string>();
  if (isOver(state)) news.add(`over ${state} ${ended}`);
  for (const { id, round, failure, attempts } of nodes) {
    for (const { kind, key } of attempts) if (kind === 'approval') news.add(`asks ${key}`);
    if (failure === 'final') news.add(`failed ${id} ${round}`);
  }
  return news;
}

/** What waits for a decision in a part of it, by a name that stays the same. */
export function newsOfPart({ workflow_id, node, round }: PartWait): string {
  return `asks ${workflow_id}/${node} ${round}`;
}

async function newsAt(found: FoundWorkflow, seq: number): Promise<Set<string>> {
  return newsOf(await instanceAt(found, seq));
}

/** A workflow as it was after its event `seq`. Costs a pass over its journal. */
export async function instanceAt({ paths, record }: FoundWorkflow, seq: number): Promise<Instance> {
  const { now } = await InstanceFollower.open(paths, record);
  const { workflow_id, task, created: time } = record;
  const events = readJournal(paths.journal, undefined).lines.flatMap((line) =>
    line.seq <= seq && line.event !== undefined ? [line.event] : [],
  );
  return replay(now.plan, newInstance(now.plan, { workflow_id, task, time }), events);
}

function tellsSomething(name: string): boolean {
  return name === 'journal.ndjson' || name === 'metadata.json';
}
