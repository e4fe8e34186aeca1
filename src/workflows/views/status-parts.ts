import { compact } from '../../core/json.ts';
import { oneLine } from '../../core/text.ts';
import type { Attempt, Instance, NodeRecord } from '../core/instance.ts';
import type { Plan } from '../plan.ts';
import { isOver } from '../vocabulary.ts';
import { isAsking, isCause } from './next-call.ts';

export type Running = {
  task: string;
  phase: string;
  for_s?: number;
  run_id?: string;
  model?: string;
};
/** `round`: of the node, in which it is asked; a decision that names another one is refused. */
export type Waiting = { node: string; round: number; question: string; since: string };
/** In a workflow that is a part of this one. */
export type PartWait = Waiting & { workflow_id: string };
export type Retrying = { task: string; at: string; why: string };
export type Failure = {
  node: string;
  state: string;
  code: string;
  why: string;
  /** Of several tasks that of the first one that failed. */
  run_id?: string;
  allowed?: true;
};
export type Cost = { usd: number | null; at_least?: true; tokens: number; runs: number };

/** `review`, or `review[3]` for the fourth of several. */
export function taskName(plan: Plan, index: number, id: string, task: number): string {
  return plan.nodes[index]?.expansion == null ? id : `${id}[${task}]`;
}

const NAME_CHARS = 60;

export function runningOf(plan: Plan, { nodes, children }: Instance, now: Date): Running[] {
  const seconds = (since: string) =>
    Math.max(0, Math.round((now.getTime() - Date.parse(since)) / 1000));
  const own = nodes.flatMap(({ id, attempts }, index) =>
    attempts
      .filter(({ kind }) => kind !== 'approval')
      .map((attempt) =>
        compact({
          task: taskName(plan, index, id, attempt.task),
          phase: attempt.stopping === null ? phaseOf(attempt) : 'stopping',
          for_s: seconds(attempt.since),
          run_id: attempt.run_id ?? undefined,
          model: attempt.model === null ? undefined : oneLine(attempt.model, NAME_CHARS),
        }),
      ),
  );
  const launched = children.map((child) =>
    compact({
      task: `${child.root.split('/')[1] ?? ''} > ${oneLine(child.role, NAME_CHARS)}`,
      phase: child.stopping ? 'stopping' : child.run_id === null ? 'starting' : 'running',
      run_id: child.run_id ?? undefined,
    }),
  );
  return [...own, ...launched];
}

function phaseOf({ kind, phase }: Attempt): string {
  return kind === 'command' && phase === 'starting' ? 'running' : phase;
}

export function waitsOf(plan: Plan, nodes: readonly NodeRecord[]): Waiting[] {
  return nodes.flatMap((record, index) => {
    const node = plan.nodes[index];
    if (node?.kind !== 'approval' || !isAsking(record)) return [];
    const { id, round, since } = record;
    return [{ node: id, round, question: node.question, since }];
  });
}

export function retryingOf(plan: Plan, nodes: readonly NodeRecord[], chars: number): Retrying[] {
  return nodes.flatMap(({ id, tasks }, index) =>
    tasks.flatMap(({ wake_at, reason }, at) =>
      wake_at === null
        ? []
        : [
            {
              task: taskName(plan, index, id, at),
              at: wake_at,
              why: oneLine(reason?.text ?? '', chars),
            },
          ],
    ),
  );
}

/** First what holds the rest up, then what the file allows to fail. */
export function failuresOf(nodes: readonly NodeRecord[], chars: number): Failure[] {
  const borne = nodes.filter((node) => node.state === 'failed' && !isCause(node));
  return [...nodes.filter(isCause), ...borne].map((node) =>
    compact({
      node: node.id,
      state: node.state,
      code: node.reason?.code ?? '',
      why: oneLine(node.reason?.text ?? '', chars),
      run_id: node.tasks.find(({ state }) => state === 'failed')?.result?.run_id,
      allowed: isCause(node) ? undefined : (true as const),
    }),
  );
}

export function costOf({ spent }: Instance): Cost {
  const { usd, tokens, runs, complete } = spent;
  return {
    usd: !complete && usd === 0 ? null : Math.round(usd * 1e6) / 1e6,
    ...(complete ? {} : { at_least: true as const }),
    tokens,
    runs,
  };
}

export function elapsedSeconds({ state, started, ended, updated }: Instance, now: Date): number {
  if (started === null) return 0;
  const until = isOver(state) ? Date.parse(ended ?? updated) : now.getTime();
  return Math.max(0, Math.round((until - Date.parse(started)) / 1000));
}
