import { arrayAt, isObject, objectAt, stringAt } from '../../core/json.ts';
import type { Lookup, Value } from '../expressions/evaluate.ts';
import { NODE_FIELDS } from '../expressions/fields.ts';
import { roleFields, SEVERITIES } from '../handoffs/schemas.ts';
import type { Plan, PlanNode } from '../plan.ts';
import { nodeAt } from '../plan.ts';
import type { Instance, NodeRecord, TaskRecord } from './instance.ts';
import { indexOf } from './keys.ts';

/** What paths of expressions stand for, at this moment of an instance. */
export function lookupIn(plan: Plan, instance: Instance): Lookup {
  return (path) => {
    const [first = '', ...rest] = path;
    if (first === 'handoff') return handoffPath(plan, instance, rest);
    const index = indexOf(plan, first);
    if (index === undefined) return globalPath(instance, path.join('.'));
    const node = instance.nodes[index];
    if (node === undefined) return missing(first);
    return nodePath(nodeAt(plan, index), node, rest);
  };
}

function missing(what: string, why = 'is not known'): Value {
  return { known: false, why: `${what} ${why}` };
}

function of(value: unknown, what: string): Value {
  return value === undefined ? missing(what) : { known: true, value };
}

function globalPath(instance: Instance, name: string): Value {
  const { spent, round, started, updated } = instance;
  switch (name) {
    case 'cost.usd':
      return spent.complete
        ? of(spent.usd, name)
        : missing(
            name,
            'is not known: a run had no price, or was ended before it told all it used',
          );
    case 'cost.tokens':
      return of(spent.tokens, name);
    case 'workflow.round':
      return of(round, name);
    case 'workflow.runs':
      return of(spent.runs, name);
    case 'workflow.elapsed_seconds':
      return of((Date.parse(updated) - Date.parse(started ?? updated)) / 1000, name);
    default:
      return missing(name);
  }
}

function handoffPath(plan: Plan, instance: Instance, [id = '', ...rest]: string[]): Value {
  const index = indexOf(plan, id);
  const node = index === undefined ? undefined : instance.nodes[index];
  if (index === undefined || node === undefined) return missing(`handoff.${id}`);
  const what = `handoff.${[id, ...rest].join('.')}`;
  return overTasks(nodeAt(plan, index), node, what, (task) => within(task.result?.handoff, rest));
}

function nodePath(plan: PlanNode, node: NodeRecord, rest: string[]): Value {
  const name = rest.join('.');
  const what = `${plan.id}.${name}`;
  if (name === 'state') return of(node.state, what);
  if (name === 'round') return of(node.round, what);
  if (plan.expansion !== null && ['total', 'succeeded', 'failed'].includes(name)) {
    if (name === 'total') return of(node.tasks.length, what);
    return of(node.tasks.filter(({ state }) => state === name).length, what);
  }
  if (name === 'status' && plan.expansion !== null) return of(statusOf(node), what);
  if (name === 'status' && plan.kind === 'gate') return of(statusOf(node), what);
  if (name === 'tests.failed' && node.tasks.some(ranNoTest)) {
    return missing(what, 'is not known: no test ran');
  }
  return overTasks(plan, node, what, (task) => taskField(plan, node, task, rest));
}

/** A runner that found nothing to run has no failures either, and has shown nothing. */
function ranNoTest({ result }: TaskRecord): boolean {
  return result?.tests !== undefined && result.tests.passed + result.tests.failed === 0;
}

/** One value of a node with one task; a list of a node with several, known when all of it is. */
function overTasks(
  plan: PlanNode,
  node: NodeRecord,
  what: string,
  pick: (task: TaskRecord) => unknown,
): Value {
  if (plan.expansion === null) {
    const [task] = node.tasks;
    return task === undefined
      ? missing(what, `is not known: ${plan.id} is ${node.state}`)
      : of(pick(task), what);
  }
  const values = node.tasks.map(pick);
  const at = values.indexOf(undefined);
  return at === -1 ? { known: true, value: values } : missing(`${what} of task ${at}`);
}

function taskField(plan: PlanNode, node: NodeRecord, task: TaskRecord, rest: string[]): unknown {
  const name = rest.join('.');
  const { result } = task;
  const own = result?.handoff;
  const [field = ''] = rest;
  // The role's own meaning of a name goes before the published one (`verdict` of a supervisor).
  if (plan.kind === 'agent' && own !== undefined && name !== 'status') {
    const isRoles = roleFields(plan.use.role).includes(field) && rest.length === 1;
    if (isRoles || !Object.hasOwn(NODE_FIELDS.agent, name)) return within(own, rest);
  }
  switch (name) {
    case 'status':
      return wordOf(node, task);
    case 'attempts':
      return task.tries;
    case 'cost.usd':
      return result?.usd;
    case 'cost.tokens':
      return result?.tokens;
    case 'elapsed_seconds':
      return result?.elapsed_ms === undefined ? undefined : result.elapsed_ms / 1000;
    case 'changes.files':
      return result?.changed_files;
    case 'blocking_count':
      return own === undefined ? undefined : arrayAt(own, 'blocking_issues').length;
    case 'failure.class':
      return result?.failure_class;
    case 'tests.total':
      return result?.tests && Object.values(result.tests).reduce((sum, count) => sum + count, 0);
  }
  if (field === 'findings') return findings(own, rest[1]);
  if (field === 'tests') return within(objectAt(result, 'tests'), rest.slice(1));
  return within(result ?? undefined, rest);
}

function findings(handoff: unknown, which = 'total'): number | undefined {
  if (!isObject(handoff) || !Array.isArray(handoff.findings)) return undefined;
  const { findings: list } = handoff;
  if (which === 'total') return list.length;
  if (!SEVERITIES.some((known) => known === which)) return undefined;
  return list.filter((finding) => stringAt(finding, 'severity') === which).length;
}

/** Along a path into data; a step over a list goes over all its entries. */
function within(value: unknown, path: readonly string[]): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (Array.isArray(value)) {
    const list = value.map((item) => within(item, path));
    return list.includes(undefined) ? undefined : list;
  }
  return isObject(value) && Object.hasOwn(value, step) ? within(value[step], rest) : undefined;
}

/** The word of the worker where there is one, else pass or fail where that is decided, else the state. */
export function statusOf(node: NodeRecord): string {
  const [only] = node.tasks;
  return wordOf(node, node.tasks.length === 1 ? only : undefined);
}

/**
 * A worker that says `pass` of work that failed all the same (our verdict, a time limit) has not the
 * last word: a gate that asks for the status would pass for it.
 */
function wordOf(node: NodeRecord, task: TaskRecord | undefined): string {
  const said = stringAt(task?.result?.handoff, 'status');
  const { state } = task ?? node;
  if (said !== undefined && (said !== 'pass' || state === 'succeeded')) return said;
  return state === 'succeeded' ? 'pass' : state === 'failed' ? 'fail' : state;
}
