import type { Workspace } from '../../workspace/layout.ts';
import type { Instance } from '../core/instance.ts';
import { type PartWait, waitsOf } from '../views/status-parts.ts';
import { readWorkflow } from './read.ts';

/**
 * What waits for a decision in the workflows that are parts of this one, however deep: nobody looks at
 * those by themselves. What cannot be read asks nothing.
 */
export async function waitsInParts(workspace: Workspace, { nodes }: Instance): Promise<PartWait[]> {
  const ids = nodes.flatMap(({ attempts }) =>
    attempts.flatMap(({ kind, run_id }) =>
      kind === 'workflow' && run_id !== null ? [run_id] : [],
    ),
  );
  const found = await Promise.all(
    ids.map(async (workflow_id) => {
      const part = await readWorkflow(workspace, workflow_id).catch(() => undefined);
      if (part === undefined) return [];
      const own = waitsOf(part.plan, part.instance.nodes);
      const deeper = await waitsInParts(workspace, part.instance);
      return [...own.map((one) => ({ ...one, workflow_id })), ...deeper];
    }),
  );
  return found.flat();
}
