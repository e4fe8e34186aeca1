import { arrayAt, isObject, type JsonObject, stringAt } from '../../core/json.ts';
import { oneLine } from '../../core/text.ts';
import { type Expression, pathsOf } from '../expressions/ast.ts';
import { roleFields } from '../handoffs/schemas.ts';
import type { AgentNode, Plan, PlanNode } from '../plan.ts';
import type { NodeRecord } from './instance.ts';

const TOLD_CHARS = 300;
/** What a supervisor says of the work; everything else is about the node. */
const JUDGEMENT: readonly string[] = ['verdict', 'objections', 'missing_evidence'];

/**
 * What a node that succeeded holds against the work. A worker that has done its review says `pass` of
 * that, and names in the same answer what must not go on.
 */
export function objectionOf(plan: PlanNode, { tasks }: NodeRecord): string | undefined {
  if (plan.kind !== 'agent') return undefined;
  for (const { result } of tasks) {
    const found = result?.handoff === undefined ? undefined : objectionIn(plan, result.handoff);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `its verdict is block: …`, `it names 2 blocking issues, the first: …`; undefined where there is none. */
export function objectionIn(node: AgentNode, handoff: JsonObject): string | undefined {
  return verdictAgainst(node, handoff) ?? issuesIn(node, handoff);
}

/** A supervisor that does not approve. Its `status` tells only that it has judged. */
export function verdictAgainst({ use }: AgentNode, handoff: JsonObject): string | undefined {
  const verdict = stringAt(handoff, 'verdict');
  if (use.role !== 'supervisor' || verdict === undefined || verdict === 'approve') return undefined;
  const [first] = arrayAt(handoff, 'objections');
  const why = typeof first === 'string' ? first : (stringAt(handoff, 'summary') ?? '');
  return oneLine(`its verdict is ${verdict}: ${why}`, TOLD_CHARS);
}

/** Fields that a file gave such a name mean what the file means by them. */
function issuesIn({ use }: AgentNode, handoff: JsonObject): string | undefined {
  const known = roleFields(use.role);
  const listed = (name: string) => (known.includes(name) ? arrayAt(handoff, name) : []);
  const issues = listed('blocking_issues');
  const blockers = listed('findings').filter(
    (finding) => isObject(finding) && finding.severity === 'blocker',
  );
  const failures = listed('failures');
  const [all, what] =
    issues.length > 0
      ? [issues, 'blocking issue']
      : blockers.length > 0
        ? [blockers.map((finding) => stringAt(finding, 'text')), 'blocker']
        : [failures, 'failure'];
  if (all.length === 0) return undefined;
  const count = all.length === 1 ? `1 ${what}` : `${all.length} ${what}s, the first`;
  return oneLine(`it names ${count}: ${String(all[0])}`, TOLD_CHARS);
}

/** Whether some condition of the file asks for the verdict of a node: then the file says what it means. */
export function isVerdictAskedFor(plan: Plan, id: string): boolean {
  return plan.nodes.some((node) =>
    expressionsOf(node).some((expression) =>
      pathsOf(expression).some(({ path }) => {
        const [of, field = ''] = path[0] === 'handoff' ? path.slice(1) : path;
        return of === id && JUDGEMENT.includes(field);
      }),
    ),
  );
}

function expressionsOf(node: PlanNode): Expression[] {
  const conditions =
    node.kind === 'gate' ? node.conditions.map(({ expression }) => expression) : [];
  return node.when === null ? conditions : [...conditions, node.when];
}
