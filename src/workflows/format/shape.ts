import { arrayAt, isObject, type JsonObject, stringAt } from '../../core/json.ts';
import { LIMITS } from '../limits.ts';
import { type WorkflowFile, workflowFile } from './file.ts';
import { report } from './issues.ts';
import { type RawNode, rawNode } from './nodes.ts';
import type { Source } from './source.ts';

/** What a file says, its types checked. */
export type Shape = Omit<WorkflowFile, 'nodes'> & {
  nodes: ReadonlyMap<string, RawNode>;
  /** Nodes that are not well formed: only what they need is known of them. */
  broken: ReadonlySet<string>;
  /** Keys of the file itself that are not well formed and were left out. */
  dropped: ReadonlySet<string>;
};

const head = workflowFile.omit({ nodes: true });

/**
 * The file with its types checked. A part that is not well formed is told and left out, so that
 * everything else can still be checked at the same time.
 */
export function shapeOf(source: Source): Shape | undefined {
  const { value } = source;
  if (value === undefined) return undefined;
  if (!isObject(value)) {
    source.add('wrong_type', [], 'a workflow is a map with nodes', {
      fix: 'Begin with schema_version: 1, id and nodes.',
    });
    return undefined;
  }
  const { nodes, ...rest } = value;
  const { top, dropped } = topOf(source, rest, value);
  if (!isObject(nodes)) {
    if (nodes === undefined) source.add('no_nodes', [], 'there are no nodes');
    else {
      const fix = 'Give each its id as key: nodes: { fix: { role: implementation, task: … } }.';
      source.add('wrong_type', ['nodes'], 'must be a map of ids and nodes', { at: 'key', fix });
    }
    return undefined;
  }
  const entries = Object.entries(nodes);
  if (entries.length === 0) source.add('no_nodes', ['nodes'], 'there are no nodes');
  if (entries.length > LIMITS.nodes) {
    const message = `there are ${entries.length} nodes, at most ${LIMITS.nodes} are run`;
    source.add('too_large', ['nodes'], message, { at: 'key' });
    return undefined;
  }
  return { ...top, dropped, ...nodesOf(source, entries, value) };
}

function topOf(source: Source, rest: JsonObject, whole: unknown) {
  const parsed = head.safeParse(rest);
  const issues = parsed.error?.issues ?? [];
  for (const issue of issues) report(source, issue, [], whole);
  const names = issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' && issue.path.length === 0 ? issue.keys : [issue.path[0]],
  );
  const dropped = new Set(names.map(String));
  const kept = Object.fromEntries(Object.entries(rest).filter(([key]) => !dropped.has(key)));
  return { top: parsed.data ?? head.parse(kept), dropped };
}

function nodesOf(source: Source, entries: readonly [string, unknown][], whole: unknown) {
  const nodes = new Map<string, RawNode>();
  const broken = new Set<string>();
  for (const [id, value] of entries) {
    const parsed = rawNode.safeParse(value);
    if (parsed.success) {
      nodes.set(id, parsed.data);
      continue;
    }
    broken.add(id);
    nodes.set(id, { type: 'gate', needs: textsAt(value, 'needs') });
    for (const issue of parsed.error.issues) report(source, issue, ['nodes', id], whole);
  }
  return { nodes, broken };
}

function textsAt(value: unknown, key: string): string[] {
  const one = stringAt(value, key);
  const many = arrayAt(value, key).filter((item) => typeof item === 'string');
  return one === undefined ? many : [one];
}
