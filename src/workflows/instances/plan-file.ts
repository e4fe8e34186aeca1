import { createHash } from 'node:crypto';
import { CcError } from '../../core/errors.ts';
import { isObject } from '../../core/json.ts';
import { type Redactor, redactJson } from '../../core/redact.ts';
import { readJson, writeFileAtomic } from '../../store/atomic.ts';
import type { Plan } from '../plan.ts';

/** A plan is stored compiled and never compiled again: what a file means must not change on the way. */
export async function writePlan(path: string, plan: Plan): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(plan)}\n`, { durable: true });
}

export async function readPlan(path: string): Promise<Plan> {
  const value = await readJson(path);
  if (isObject(value) && Array.isArray(value.nodes) && typeof value.id === 'string') {
    return value as unknown as Plan;
  }
  throw new CcError('STORAGE_CORRUPT', `${path} is no plan of a workflow.`, {
    hint: 'Without it the workflow cannot go on. Start it again.',
  });
}

/** A plan as it may be shown. The ids by which everything finds its node stay. */
export function shownPlan(plan: Plan, redact: Redactor): Plan {
  const shown = redactJson(plan, redact);
  return {
    ...shown,
    nodes: shown.nodes.map((node, index) => ({ ...node, id: plan.nodes[index]?.id ?? node.id })),
  };
}

export function digestOfPlan(plan: Plan): string {
  return createHash('sha256').update(JSON.stringify(plan)).digest('hex');
}
