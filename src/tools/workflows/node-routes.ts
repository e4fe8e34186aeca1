import * as z from 'zod';
import { toErrorFacts } from '../../core/errors.ts';
import { profileHostOf } from '../../profiles/host-of.ts';
import { listProfiles } from '../../profiles/list.ts';
import type { Price } from '../../profiles/price.ts';
import { priceFor } from '../../profiles/prices.ts';
import type { Profile } from '../../profiles/profile.ts';
import { requestFor } from '../../routing/choose.ts';
import { gatherEvidence } from '../../routing/gather.ts';
import { type ProfilePick, pickProfile } from '../../routing/pick.ts';
import type { AgentNode } from '../../workflows/plan.ts';
import type { Host } from '../../workspace/host.ts';
import { type Policy, readPolicy } from '../../workspace/policy.ts';

/** A route, and the nodes that would take it. */
export const nodeRoute = z.object({
  profile: z.string().optional(),
  model: z.string().optional(),
  /** `known` or `unknown`. */
  price: z.string(),
  nodes: z.array(z.string()),
  /** Why there is no route. */
  error: z.string().optional(),
});
export type NodeRoute = z.infer<typeof nodeRoute>;

/** The route each node would take now, nodes with the same one together. */
export async function routesOf(
  host: Host,
  nodes: readonly AgentNode[],
  router?: NodeRouter,
): Promise<{ routes: NodeRoute[]; policy: Policy }> {
  const { policy, pickFor, priceOf } = router ?? (await nodeRouter(host));
  const routes = new Map<string, NodeRoute>();
  for (const node of nodes) {
    const route = routeOf(node);
    const key = JSON.stringify(route);
    const known = routes.get(key) ?? { ...route, nodes: [] };
    known.nodes.push(node.id);
    routes.set(key, known);
  }
  return { routes: [...routes.values()], policy };

  function routeOf(node: AgentNode): Omit<NodeRoute, 'nodes'> {
    try {
      const pick = pickFor(node);
      return {
        profile: pick.profile.id,
        model: pick.model,
        price: priceOf(pick) === undefined ? 'unknown' : 'known',
      };
    } catch (error) {
      return { price: 'unknown', error: toErrorFacts(error).message };
    }
  }
}

export type NodeRouter = {
  policy: Policy;
  /** Throws when no profile can be used for the node. */
  pickFor(node: AgentNode): ProfilePick;
  priceOf(route: { profile: Profile; model: string }): Price | undefined;
};

/** Chooses for nodes by the one scorer, as a run would now; the evidence is gathered once for all. */
export async function nodeRouter(host: Host): Promise<NodeRouter> {
  const policy = await readPolicy(host.home);
  const { profiles, prices } = await listProfiles(profileHostOf(host));
  const now = host.clock.now();
  const evidence = await gatherEvidence(host.home, policy.routing, prices, now, profiles);
  return {
    policy,
    pickFor: ({ use, task, allow_write, scope }) => {
      const work = {
        task: task ?? undefined,
        role: use.role,
        profile: use.profile ?? undefined,
        model: use.model ?? undefined,
        write: allow_write,
        paths: scope?.paths,
      };
      return pickProfile(requestFor(work, use.role, policy), profiles, evidence);
    },
    priceOf: ({ profile, model }) => priceFor(profile, model, evidence.prices),
  };
}
