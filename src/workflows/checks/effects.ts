import { pathsOf } from '../expressions/ast.ts';
import { judge } from '../expressions/evaluate.ts';
import type { Checking } from './context.ts';
import type { Parsed } from './expressions.ts';

/** What is valid and yet does nothing; people who write it mean something by it. */
export function checkEffects({ source, shape }: Checking, parsed: Parsed): void {
  for (const key of ['allow_write', 'max_events_bytes'] as const) {
    if (shape.defaults?.[key] === undefined) continue;
    const message =
      key === 'allow_write'
        ? 'writing is allowed node by node, never by default'
        : 'the policy of the user says how large the record of a run may be';
    source.add('no_effect', ['defaults', key], message, { at: 'key', level: 'warning' });
  }
  for (const id of shape.nodes.keys()) {
    const when = parsed.get(`nodes/${id}/when`);
    if (when === undefined || pathsOf(when).length > 0) continue;
    const { result } = judge(when, () => ({ known: false, why: '' }));
    if (result === true) {
      source.add('no_effect', ['nodes', id, 'when'], 'it is always true', { level: 'warning' });
    } else {
      source.add('unreachable', ['nodes', id, 'when'], `${id} never runs: this is never true`);
    }
  }
}
