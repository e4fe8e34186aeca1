import { sleep } from '../../core/clock.ts';
import type { Host } from '../../workspace/host.ts';
import { ensureWorkflowSupervised, orGiveUp } from './ensure.ts';
import { readWorkflow } from './read.ts';
import type { FoundWorkflow } from './record.ts';

const LOOK_MS = 200;

/**
 * Sees to it that somebody carries a workflow on, or ends what it has launched where it is damaged, until
 * `isDone`. False when the signal aborts first.
 */
export async function superviseUntil(
  host: Host,
  found: FoundWorkflow,
  isDone: () => Promise<boolean> | boolean,
  signal: AbortSignal,
): Promise<boolean> {
  const { workspace, record } = found;
  for (;;) {
    if (await isDone()) return true;
    if (signal.aborted) return false;
    await orGiveUp(host, found, () => readWorkflow(workspace, record.workflow_id))
      .then((now) => ensureWorkflowSupervised(host, now))
      .catch(() => undefined);
    await sleep(LOOK_MS, signal);
  }
}
