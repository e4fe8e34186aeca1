import { nodeAt, type Plan } from '../plan.ts';
import { moneyOf } from './budget.ts';
import type { Effect, Start } from './effects.ts';
import type { Attempt, Child } from './instance.ts';
import { nodeOfKey, taskId } from './keys.ts';
import { ownMoney } from './pool.ts';

/** The effect that puts an attempt into flight; the same for the same attempt, whenever it is made. */
export function startOf(plan: Plan, attempt: Attempt): Effect {
  const { key, task } = attempt;
  const node = nodeAt(plan, nodeOfKey(plan, key) ?? -1);
  if (node.kind === 'approval') {
    const { id, question } = node;
    return { id: `${key}:ask`, type: 'ask_approval', key, node: id, question };
  }
  const [round = 1, attemptOfRound = 1] = (key.split('/').at(-1) ?? '').split('.').map(Number);
  const start: Start = { key, node: node.id, task: taskId(node, task), round, try: attemptOfRound };
  const id = `${key}:start`;
  if (node.kind === 'command') return { id, type: 'run_command', ...start };
  const type = node.kind === 'workflow' ? 'start_workflow' : 'start_run';
  return { id, type, ...start, ...ownMoney(attempt) };
}

export function repairOf({ key, run_id, repair, reserved }: Attempt): Effect {
  return {
    id: `${key}:repair`,
    type: 'repair_handoff',
    key,
    run_id: run_id ?? '',
    prompt: repair ?? '',
    ...moneyOf(reserved),
  };
}

export function verificationOf(plan: Plan, { key, run_id }: Attempt): Effect {
  const node = nodeAt(plan, nodeOfKey(plan, key) ?? -1);
  const test_commands = node.kind === 'agent' ? (node.verify?.test_commands ?? []) : [];
  const id = `${key}:verify`;
  return { id, type: 'verify_run', key, run_id: run_id ?? '', node: node.id, test_commands };
}

const STOPS = { run: 'stop_run', command: 'stop_command', workflow: 'stop_workflow' } as const;

export function stopOf({ key, kind, stopping }: Attempt, text: string): Effect | undefined {
  if (stopping === null || kind === 'approval') return undefined;
  return { id: `${key}:stop`, type: STOPS[kind], key, reason: { code: stopping, text } };
}

export function childStartOf(plan: Plan, child: Child): Effect {
  const { key, parent, role, task } = child;
  const node = nodeAt(plan, nodeOfKey(plan, key) ?? -1);
  return {
    id: `${key}:start`,
    type: 'start_run',
    key,
    node: node.id,
    task: node.id,
    round: 1,
    try: 1,
    delegated: { by: parent, role, task },
    ...moneyOf(child.granted),
  };
}

export function childStopOf({ key }: Child): Effect {
  const reason = { code: 'taken_back', text: 'the run that launched it is over' } as const;
  return { id: `${key}:stop`, type: 'stop_run', key, reason };
}

export function wakeOf(workflowId: string, at: string): Effect {
  return { id: `${workflowId}/wake/${at}`, type: 'wake', at };
}
