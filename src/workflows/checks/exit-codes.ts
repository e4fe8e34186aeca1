import { exitCodeHiddenBy } from '../../core/shell-exit.ts';
import type { Path } from '../format/problems.ts';
import type { Checking } from './context.ts';
import { isAgent } from './roles.ts';

/** `npm test | tee log` succeeds whatever the tests do. */
export function checkExitCodes({ source, shape }: Checking): void {
  const tell = (path: Path, line: string) => {
    const hidden = exitCodeHiddenBy(line);
    if (hidden === undefined) return;
    const message = `this succeeds whatever comes before: it ends with the exit code of ${JSON.stringify(hidden.slice(0, 80))}`;
    source.add('hidden_exit_code', path, message, { level: 'warning' });
  };
  for (const [id, node] of shape.nodes) {
    if (shape.broken.has(id)) continue;
    if (node.type === 'command' && typeof node.command === 'string') {
      tell(['nodes', id, 'command'], node.command);
    }
    if (!isAgent(node) || typeof node.verify !== 'object') continue;
    for (const [at, line] of (node.verify.test_commands ?? []).entries()) {
      tell(['nodes', id, 'verify', 'test_commands', at], line);
    }
  }
}
