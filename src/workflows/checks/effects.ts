import { exitCodeHiddenBy } from '../../core/shell-exit.ts';
import { pathsOf } from '../expressions/ast.ts';
import { judge } from '../expressions/evaluate.ts';
import type { RawNode } from '../format/nodes.ts';
import type { Path } from '../format/problems.ts';
import type { Checking } from './context.ts';
import type { Parsed } from './expressions.ts';
import { isAgent } from './roles.ts';

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
  for (const [id, node] of shape.nodes) {
    if (!shape.broken.has(id)) checkExitCodes(source, id, node);
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

/** `npm test | tee log` succeeds whatever the tests do. */
function checkExitCodes(source: Checking['source'], id: string, node: RawNode): void {
  const tell = (path: Path, line: string) => {
    const hidden = exitCodeHiddenBy(line);
    if (hidden === undefined) return;
    const message = `this succeeds whatever comes before: it ends with the exit code of ${JSON.stringify(hidden.slice(0, 80))}`;
    source.add('hidden_exit_code', path, message, { level: 'warning' });
  };
  if (node.type === 'command' && typeof node.command === 'string') {
    tell(['nodes', id, 'command'], node.command);
  }
  if (!isAgent(node) || typeof node.verify !== 'object') return;
  for (const [at, line] of (node.verify.test_commands ?? []).entries()) {
    tell(['nodes', id, 'verify', 'test_commands', at], line);
  }
}
