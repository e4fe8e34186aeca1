import type { Instance } from '../core/instance.ts';
import { taskId } from '../core/keys.ts';
import { nodeAt, type Plan } from '../plan.ts';
import { isOver } from '../vocabulary.ts';

/** A run whose work was rejected, and stands in the project itself. */
export type Rejected = { task: string; run_id: string };

/**
 * Rejected work that a workflow has left behind when it ended. What was done in a copy never came into the
 * project. Whether somebody took it back since is not known here; doing so twice does no harm.
 */
export function rejectedIn(plan: Plan, { nodes, state }: Instance): Rejected[] {
  if (!isOver(state)) return [];
  return nodes.flatMap(({ tasks }, index) => {
    const node = nodeAt(plan, index);
    if (node.kind !== 'agent' || !node.allow_write || node.isolation !== 'shared') return [];
    return tasks.flatMap(({ state: end, result }, at) => {
      const { run_id, verdict, changed_files } = result ?? {};
      const isLeft = end === 'failed' && verdict === 'reject' && changed_files !== 0;
      return isLeft && run_id !== undefined ? [{ task: taskId(node, at), run_id }] : [];
    });
  });
}
