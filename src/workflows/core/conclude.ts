import { plural } from '../../core/text.ts';
import { nodeAt, type Plan } from '../plan.ts';
import { isOver, type WorkflowState } from '../vocabulary.ts';
import type { Draft } from './draft.ts';
import type { Instance, NodeRecord } from './instance.ts';
import { objectionOf } from './objections.ts';

const NAMED = 5;

/** The state of the workflow as its nodes have it. */
export function conclude(draft: Draft): void {
  const { instance } = draft;
  const isAtRest = instance.state === 'pending' ? instance.stop === null : isOver(instance.state);
  if (isAtRest) return;
  const { open, live, asking, ready, children } = instance;
  if (open === 0 && live === 0 && children.length === 0) {
    const { state, reason } = endOf(draft);
    instance.state = state;
    instance.reason = reason;
    instance.ended = draft.time;
    return;
  }
  const waits = asking > 0 && live === 0 && ready.length === 0;
  instance.state = waits && !hasTimer(instance) ? 'waiting_approval' : 'running';
  instance.reason =
    instance.stop !== null
      ? `it is being stopped: ${live + children.length} still run`
      : `${instance.nodes.length - open} of ${instance.nodes.length} nodes are through; ${live} run${asking > 0 ? `, ${plural(asking, 'waits', 'wait')} for a decision` : ''}`;
}

function hasTimer({ nodes }: Instance): boolean {
  return nodes.some(({ tasks }) => tasks.some((task) => task.wake_at !== null));
}

function endOf({ plan, instance }: Draft): { state: WorkflowState; reason: string } {
  const { nodes, stop } = instance;
  if (stop !== null) {
    return { state: stop.code === 'stopped' ? 'stopped' : 'failed', reason: stop.text };
  }
  const failed = nodes.filter((node) => node.state === 'failed' && node.failure === 'final');
  if (failed.length > 0) return { state: 'failed', reason: told('failed', failed) };
  const blocked = nodes.filter((node) => node.state === 'blocked' || node.state === 'cancelled');
  if (blocked.length > 0) {
    const causes = blocked.filter((node) => node.reason?.code !== 'need_failed');
    return {
      state: 'needs_attention',
      reason: told('blocked', causes.length > 0 ? causes : blocked),
    };
  }
  const borne = nodes.filter((node) => node.state === 'failed');
  const note = borne.length === 0 ? '' : `; ${told('failed, as the file allows', borne)}`;
  const said = unheeded(plan, nodes);
  return { state: 'succeeded', reason: `all ${nodes.length} nodes are through${note}${said}` };
}

/** What the last nodes found and nothing of the file acts on: the one who started it has to. */
function unheeded(plan: Plan, nodes: readonly NodeRecord[]): string {
  const told = nodes.flatMap((record, index) => {
    const node = nodeAt(plan, index);
    if (record.state !== 'succeeded' || node.dependents.length > 0) return [];
    const against = objectionOf(node, record);
    return against === undefined ? [] : [`${record.id}: ${against}`];
  });
  const more = told.length > NAMED ? ` and ${told.length - NAMED} more` : '';
  return told.length === 0 ? '' : `; not acted on: ${told.slice(0, NAMED).join('; ')}${more}`;
}

function told(what: string, nodes: readonly NodeRecord[]): string {
  const named = nodes.slice(0, NAMED).map(({ id, reason }) => `${id} (${reason?.text ?? ''})`);
  const more = nodes.length - named.length;
  return `${what}: ${named.join('; ')}${more > 0 ? ` and ${more} more` : ''}`;
}
