import { bareModel } from '../../routing/keys.ts';
import type { AgentNode, Plan } from '../../workflows/plan.ts';
import type { Pin } from '../../workflows/propose/propose.ts';
import type { NodeRouter } from './node-routes.ts';

export type Reviewer = {
  /** Both are pinned, or the router could give both the same model after all. */
  pins: Record<string, Pin>;
  note: string;
};

/** Lets another model judge the work, where one can be used now. */
export function otherReviewer(
  plan: Plan,
  { node, of }: { node: string; of: string },
  { pickFor }: NodeRouter,
): Reviewer {
  const [judge, worker] = [agentNamed(plan, node), agentNamed(plan, of)];
  if (judge === undefined || worker === undefined) return { pins: {}, note: '' };
  try {
    const work = pickFor(worker);
    const other = pickFor(judge).ranked.find(
      ({ model, unfit, cooldown }) =>
        bareModel(model) !== bareModel(work.model) && !unfit && cooldown !== 'cooling',
    );
    if (other === undefined) {
      const note = `${node} judges with the model that did the work (${work.model}): no other can be used now`;
      return { pins: {}, note };
    }
    const pins = {
      [of]: { profile: work.profile.id, model: work.model },
      [node]: { profile: other.profile.id, model: other.model },
    };
    return {
      pins,
      note: `${node} judges by ${other.model}, not by ${work.model} that does the work`,
    };
  } catch {
    return { pins: {}, note: 'no profile can be used now, so none is chosen' };
  }
}

function agentNamed(plan: Plan, id: string): AgentNode | undefined {
  const node = plan.nodes.find((item) => item.id === id);
  return node?.kind === 'agent' ? node : undefined;
}
