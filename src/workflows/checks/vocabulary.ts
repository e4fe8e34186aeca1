import { suggestion } from '../../core/suggestion.ts';
import { ROLES, type Role } from '../../core/vocabulary.ts';
import {
  FAN_FIELDS,
  type Field,
  fieldNamed,
  GLOBAL_FIELDS,
  NODE_FIELDS,
} from '../expressions/fields.ts';
import type { RawNode } from '../format/nodes.ts';
import { outputsOf } from '../format/outputs.ts';
import type { Shape } from '../format/shape.ts';
import { FINDING_FIELDS, handoffFields, handoffSchema, SEVERITIES } from '../handoffs/schemas.ts';
import type { NodeKind } from '../vocabulary.ts';
import { isAgent } from './roles.ts';

/** What a path stands for, as far as the file tells; or why it stands for nothing. */
export type Described =
  | { ok: true; node?: string; field: Field }
  | { ok: false; message: string; fix: string };

const ANY: Field = { type: 'any', about: '' };
const LIST: Field = { type: 'list', about: '' };

/** Looks a path up in the published vocabulary and in what nodes are asked to hand on. */
export function describePath(shape: Shape, path: readonly string[]): Described {
  const [first = '', ...rest] = path;
  if (first === 'handoff') return describeHandoff(shape, rest);
  const node = shape.nodes.get(first);
  if (node === undefined) {
    const global = fieldNamed(path.join('.'), GLOBAL_FIELDS);
    if (global !== undefined) return { ok: true, field: global };
    if (Object.keys(GLOBAL_FIELDS).some((name) => name.startsWith(`${first}.`))) {
      return nothing(path, path.join('.'), Object.keys(GLOBAL_FIELDS));
    }
    return nothing(path, first, [...shape.nodes.keys(), 'handoff', 'cost', 'workflow']);
  }
  if (shape.broken.has(first)) return { ok: true, node: first, field: ANY };
  return describeNode(node, first, rest);
}

function describeNode(node: RawNode, id: string, rest: readonly string[]): Described {
  const [field = ''] = rest;
  const name = rest.join('.');
  if (rest.length === 0) {
    const fix = `Name a field, e.g. ${id}.status or ${id}.state.`;
    return { ok: false, message: `${id} is a node and no value`, fix };
  }
  const odd = oddFinding(node, rest);
  if (odd !== undefined) {
    return nothing(
      [id, ...rest],
      odd,
      [...SEVERITIES, 'total', ...FINDING_FIELDS],
      `${id}.findings.`,
    );
  }
  const fans = isFan(node);
  const ofFan = fans ? fieldNamed(name, FAN_FIELDS) : undefined;
  if (ofFan !== undefined) return { ok: true, node: id, field: ofFan };
  const published = NODE_FIELDS[kindOf(node)];
  const own = handoffNames(node);
  const isHandoffs = own?.includes(field) === true && !Object.hasOwn(published, name);
  const ofRole = roleWords(node, name);
  const found = ofRole ?? (isHandoffs ? ANY : fieldNamed(name, published));
  if (found === undefined) {
    const known = [
      ...Object.keys(published),
      ...(own ?? []),
      ...(fans ? Object.keys(FAN_FIELDS) : []),
    ];
    return nothing([id, ...rest], name, known, `${id}.`);
  }
  return {
    ok: true,
    node: id,
    field: fans && !['state', 'status', 'round'].includes(name) ? LIST : found,
  };
}

function describeHandoff(shape: Shape, [id = '', ...rest]: readonly string[]): Described {
  const node = shape.nodes.get(id);
  if (node === undefined) return nothing(['handoff', id], id, [...shape.nodes.keys()], 'handoff.');
  if (shape.broken.has(id) || node.type === 'workflow') return { ok: true, node: id, field: ANY };
  const names = handoffNames(node);
  if (names === undefined) {
    const fix = 'Only agent and workflow nodes hand something on.';
    return { ok: false, message: `${id} is a ${node.type} node without a handoff`, fix };
  }
  const [field] = rest;
  if (field !== undefined && !names.includes(field)) {
    return nothing(['handoff', id, field], field, names, `handoff.${id}.`);
  }
  const odd = oddFinding(node, rest);
  if (odd !== undefined) {
    return nothing(['handoff', id, ...rest], odd, FINDING_FIELDS, `handoff.${id}.findings.`);
  }
  return { ok: true, node: id, field: isFan(node) ? LIST : ANY };
}

/** What no finding of a reviewer has: a condition about it would hold as long as nothing is found. */
function oddFinding(node: RawNode, [field, name]: readonly string[]): string | undefined {
  if (field !== 'findings' || name === undefined || !isAgent(node)) return undefined;
  if (!handoffFields(baseRole(node.role)).includes('findings')) return undefined;
  const known = [...SEVERITIES, 'total', ...FINDING_FIELDS];
  return known.includes(name) ? undefined : name;
}

function nothing(
  path: readonly string[],
  name: string,
  known: readonly string[],
  prefix = '',
): Described {
  const fix = suggestion(name, known);
  const outputs = prefix === '' ? '' : ' Fields of your own are named in outputs of that node.';
  return { ok: false, message: `there is no ${path.join('.')}`, fix: `${fix}${outputs}`.trim() };
}

function handoffNames(node: RawNode): string[] | undefined {
  if (!isAgent(node)) return undefined;
  return handoffFields(baseRole(node.role), outputsOf(node.outputs));
}

/** Where the handoff of a role has a published name (`verdict` of a supervisor), the role's own meaning holds. */
function roleWords(node: RawNode, name: string): Field | undefined {
  if (!isAgent(node) || name === 'status') return undefined;
  const schema = handoffSchema(baseRole(node.role)).shape[name];
  const words = (schema as { options?: readonly string[] } | undefined)?.options;
  return words === undefined ? undefined : { type: 'text', words, about: 'from the handoff' };
}

/** Of a role of the file nothing is known here but that it hands on what every role does. */
function baseRole(name: string): Role {
  return ROLES.find((role) => role === name) ?? 'multimodal';
}

export function kindOf({ type }: RawNode): NodeKind {
  return type === undefined || type === 'worker' ? 'agent' : type;
}

export function isFan(node: RawNode): boolean {
  return (
    (isAgent(node) || node.type === 'command' || node.type === 'workflow') &&
    (node.for_each !== undefined || node.matrix !== undefined)
  );
}
