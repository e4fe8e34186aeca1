import { compact, type JsonObject } from '../../core/json.ts';
import { oneLine } from '../../core/text.ts';
import type { Role } from '../../core/vocabulary.ts';
import { LEAST_CAPS } from '../../workspace/budget-caps.ts';
import type { NodeBudget } from '../format/fields.ts';
import { handoffJsonSchema } from '../handoffs/schemas.ts';
import { type Isolation, nodeAt, type Plan, type Scope } from '../plan.ts';
import type { Effect } from './effects.ts';
import type { Instance } from './instance.ts';
import { nodeOfKey, taskAt } from './keys.ts';
import { promptOf } from './prompt.ts';

/** A `start_run` as a run is asked for: everything there is to say, in the words of runs. */
export type RunOrder = {
  idempotencyKey: string;
  title: string;
  task: string;
  role: Role;
  profile: string | undefined;
  model: string | undefined;
  allowWrite: boolean;
  scope: Scope | undefined;
  budget: NodeBudget;
  finalOnly: boolean;
  isolation: Isolation;
  outputSchema: JsonObject;
  /** Roles it may have launched. */
  helpers: readonly { name: string; text: string }[];
};

/** Of what a role is told, in the list a worker chooses from. */
const HELPER_CHARS = 200;

type StartRun = Extract<Effect, { type: 'start_run' }>;

export function runOrderOf(plan: Plan, instance: Instance, effect: StartRun): RunOrder {
  const node = nodeAt(plan, nodeOfKey(plan, effect.key) ?? -1);
  if (node.kind !== 'agent') throw new TypeError(`${node.id} is no worker run`);
  const { delegated } = effect;
  const rule = plan.delegation.find(({ to }) => to.name === delegated?.role);
  const use = delegated === undefined ? node.use : (rule?.to ?? node.use);
  const own = delegated === undefined ? node.budget : use.budget;
  const { max_usd, max_tokens } = effect;
  const wall = node.timeout_seconds;
  return {
    idempotencyKey: effect.key,
    title: `${plan.id}: ${effect.task}`,
    task:
      delegated === undefined
        ? promptOf(plan, instance, node, taskAt(effect.task))
        : delegated.task,
    role: use.role,
    profile: use.profile ?? undefined,
    model: use.model ?? undefined,
    // Who launched it waits, and two must not write in the same files: who is launched only reads.
    allowWrite: delegated === undefined && node.allow_write,
    scope: delegated === undefined ? (node.scope ?? undefined) : undefined,
    budget: {
      ...own,
      ...compact({ max_usd, max_tokens }),
      // A run ends itself in good order; the workflow steps in only when it does not.
      ...(wall === null
        ? {}
        : {
            wall_seconds: Math.max(
              LEAST_CAPS.wall_seconds,
              Math.min(own.wall_seconds ?? wall, wall),
            ),
          }),
    },
    finalOnly: node.final_only,
    isolation: delegated === undefined ? node.isolation : 'shared',
    outputSchema: handoffJsonSchema(use.role, delegated === undefined ? node.outputs : {}),
    helpers: plan.delegation
      .filter(({ from }) => from === use.name)
      .map(({ to }) => ({ name: to.name, text: oneLine(to.instructions ?? '', HELPER_CHARS) })),
  };
}
