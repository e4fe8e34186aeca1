import { EXIT } from '../core/errors.ts';
import { oneLine } from '../core/text.ts';
import { findWorkflow } from '../workflows/instances/find.ts';
import { brokenOf } from '../workflows/instances/record.ts';
import { waitWorkflow } from '../workflows/instances/wait.ts';
import { workflowStatus } from '../workflows/views/status.ts';
import { isOver } from '../workflows/vocabulary.ts';
import type { Host } from '../workspace/host.ts';
import type { Place } from '../workspace/resolve.ts';
import { INTERRUPTED } from './interrupt.ts';
import { money } from './render.ts';

type Waiting = {
  near: Pick<Place, 'workspace'> | undefined;
  timeoutMs: number;
  json: boolean;
  /** What the shell is told when the time was up first. */
  timeUp: number;
};

const LONGEST_MS = 2_000_000_000;
const REASON_CHARS = 300;

/**
 * Waits until a workflow is over or waits for a decision, and prints one line about it. 0: it succeeded;
 * 1: anything else it came to.
 */
export async function waitForWorkflow(
  host: Host,
  id: string,
  { near, timeoutMs, json, timeUp }: Waiting,
  signal: AbortSignal,
): Promise<number> {
  const found = await findWorkflow(host, near, id);
  const until = host.clock.monotonic() + Math.min(timeoutMs, LONGEST_MS);
  for (let since: number | undefined; ; ) {
    const left = until - host.clock.monotonic();
    const waited = await waitWorkflow(host, found, { since, timeoutMs: left, signal });
    const { plan, instance, seq, record, parts } = waited;
    const { state } = instance;
    const isEnd = isOver(state) || state === 'waiting_approval' || parts.length > 0;
    if (!isEnd && record.broken === undefined) {
      if (signal.aborted) return INTERRUPTED;
      if (host.clock.monotonic() >= until) return timeUp;
      since = seq;
      continue;
    }
    const status = workflowStatus(plan, instance, {
      seq,
      now: host.clock.now(),
      mock: record.mock,
      parts,
      broken: brokenOf(record),
    });
    process.stdout.write(`${json ? JSON.stringify(status) : lineOf(status)}\n`);
    return status.state === 'succeeded' ? EXIT.ok : EXIT.checkFailed;
  }
}

function lineOf(status: ReturnType<typeof workflowStatus>): string {
  const { state, workflow_id, mock, cost, reason, waits } = status;
  const spent = money({ usd: cost.usd, ...(cost.at_least ? { cost_complete: false } : {}) });
  const asks = waits?.map(
    (one) => `${'workflow_id' in one ? `${one.workflow_id} ` : ''}${one.node}`,
  );
  const why = asks === undefined ? reason : `${reason}; waits for a decision: ${asks.join(', ')}`;
  const parts = [state, workflow_id, mock ? 'mock' : '', spent, oneLine(why, REASON_CHARS)];
  return parts.filter(Boolean).join('  ');
}
