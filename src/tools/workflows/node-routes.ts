import { toErrorFacts } from '../../core/errors.ts';
import { profileHostOf } from '../../profiles/host-of.ts';
import { listProfiles } from '../../profiles/list.ts';
import { priceFor } from '../../profiles/prices.ts';
import { requestFor } from '../../routing/choose.ts';
import { gatherEvidence } from '../../routing/gather.ts';
import { pickProfile } from '../../routing/pick.ts';
import type { AgentNode } from '../../workflows/plan.ts';
import type { Host } from '../../workspace/host.ts';
import { type Policy, readPolicy } from '../../workspace/policy.ts';

export type NodeRoute = {
  profile?: string;
  model?: string;
  /** `known` or `unknown`. */
  price: string;
  nodes: string[];
  /** Why there is no route. */
  error?: string;
};

/** The route each node would take now, by the one scorer; the evidence is gathered once for all. */
export async function routesOf(
  host: Host,
  nodes: readonly AgentNode[],
): Promise<{ routes: NodeRoute[]; policy: Policy }> {
  const policy = await readPolicy(host.home);
  const { profiles, prices } = await listProfiles(profileHostOf(host));
  const now = host.clock.now();
  const evidence = await gatherEvidence(host.home, policy.routing, prices, now, profiles);
  const routes = new Map<string, NodeRoute>();
  for (const node of nodes) {
    const route = routeOf(node);
    const key = JSON.stringify(route);
    const known = routes.get(key) ?? { ...route, nodes: [] };
    known.nodes.push(node.id);
    routes.set(key, known);
  }
  return { routes: [...routes.values()], policy };

  function routeOf({ use, task, allow_write, scope }: AgentNode): Omit<NodeRoute, 'nodes'> {
    const work = {
      task: task ?? undefined,
      role: use.role,
      profile: use.profile ?? undefined,
      model: use.model ?? undefined,
      write: allow_write,
      paths: scope?.paths,
    };
    try {
      const pick = pickProfile(requestFor(work, use.role, policy), profiles, evidence);
      const price = priceFor(pick.profile, pick.model, evidence.prices);
      return {
        profile: pick.profile.id,
        model: pick.model,
        price: price === undefined ? 'unknown' : 'known',
      };
    } catch (error) {
      return { price: 'unknown', error: toErrorFacts(error).message };
    }
  }
}
