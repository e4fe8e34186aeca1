import type { Instance, NodeRecord } from '../core/instance.ts';
import type { Plan } from '../plan.ts';
import { isOver } from '../vocabulary.ts';
import { rejectedIn } from './rejected.ts';

/** The one call that makes sense now; a call about a workflow without its id means the one it is about. */
export type NextCall = { tool: string; input: Record<string, unknown>; why: string };

const LONG_WAIT_SECONDS = 50;

/** An approval in a workflow that is a part of the one that is looked at. */
type Elsewhere = { workflow_id: string; node: string; round: number };

/** What is damaged of a workflow that nobody can carry on, and where it ran. */
export type Broken = { why: string; cwd: string };

/** It cannot go on, and doing it all again on top of what it left is for somebody to decide. */
export function afterBroken({ cwd }: Broken): NextCall {
  const why =
    'it is broken and cannot go on; see what it left in the project, then start it anew with cc_workflow_run';
  return { tool: 'cc_diff_summary', input: { cwd }, why };
}

/**
 * What a controller should do next: a pure function of the instance and of what its parts ask; no worker
 * has a say in it. Nor has this in a decision: whoever just follows it would have approved.
 */
export function nextCall(
  plan: Plan,
  instance: Instance,
  cursor: string,
  parts: readonly Elsewhere[] = [],
): NextCall {
  const next = callFor(instance, cursor, parts);
  const [rejected, ...more] = rejectedIn(plan, instance);
  if (rejected === undefined) return next;
  const others = more.length === 0 ? '' : ` (and ${more.length} more)`;
  const why = `what ${rejected.run_id}${others} did was rejected and is in the project until cc_rollback_run takes it back`;
  return { ...next, why: `${next.why}; ${why}` };
}

function callFor(instance: Instance, cursor: string, parts: readonly Elsewhere[]): NextCall {
  const { state, nodes, stop } = instance;
  if (!isOver(state) && stop === null) {
    const own = nodes.find(isAsking);
    const [part] = parts;
    if (own !== undefined) return decide({ node: own.id, round: own.round });
    if (part !== undefined) {
      const { workflow_id, node, round } = part;
      return decide({ workflow_id, node, round });
    }
  }
  if (!isOver(state)) {
    const input = { since: cursor, wait_seconds: LONG_WAIT_SECONDS };
    return { tool: 'cc_workflow_status', input, why: 'it is under way' };
  }
  if (state === 'succeeded') {
    return {
      tool: 'cc_workflow_report',
      input: {},
      why: 'it is done; the report has every decision',
    };
  }
  const resume = { tool: 'cc_workflow_resume', input: {} };
  const limit = usedUp(instance);
  // How much more it may have is for whoever pays to say.
  if (limit !== undefined) {
    return { ...resume, why: `${limit} is used up; with a higher one it goes on where it stopped` };
  }
  if (state === 'needs_rerun') return { ...resume, why: 'does again what was taken back' };
  if (state === 'stopped') return { ...resume, why: 'goes on where it was stopped' };
  const cause = nodes.find(isCause);
  if (cause === undefined) return { ...resume, why: 'does again what did not succeed' };
  const why = `${cause.id} ${cause.state}; put its reason right first, then what did not succeed is done again`;
  return { ...resume, why };
}

function decide(input: Record<string, unknown>): NextCall {
  return {
    tool: 'cc_workflow_approve',
    input,
    why: 'somebody has to decide: add approve: true or false',
  };
}

export function isAsking({ attempts }: NodeRecord): boolean {
  return attempts.some(({ kind, stopping }) => kind === 'approval' && stopping === null);
}

/** It did not succeed by itself, and not only because of what came before. */
export function isCause({ state, failure, reason }: NodeRecord): boolean {
  if (state === 'failed') return failure === 'final' || failure === 'handling';
  return state === 'blocked' && reason?.code !== 'need_failed';
}

/** The name of the limit that is used up, where that is why it ended. */
function usedUp({ nodes, limits, spent }: Instance): string | undefined {
  if (!nodes.some(({ reason }) => reason?.code === 'budget_exhausted')) return undefined;
  const { max_usd, max_runs } = limits;
  if (max_runs !== undefined && spent.runs >= max_runs) return 'max_runs';
  return max_usd === undefined ? 'max_tokens' : 'max_usd';
}
