import { isObject, objectAt, stringAt } from '../core/json.ts';
import { isFinal } from '../core/vocabulary.ts';
import { removeRequest, submitRequest } from '../store/inbox.ts';
import { endCursor, readNdjson } from '../store/ndjson-read.ts';
import { DirectoryWatcher } from '../store/watch.ts';
import type { Host } from '../workspace/host.ts';
import type { FoundRun } from './find.ts';
import { readRecord } from './record.ts';
import { ensureSupervised } from './recover.ts';
import {
  FINISHING,
  type OrderKind,
  type OrderPayload,
  type OrderResult,
} from './supervise/orders.ts';

/** How long a caller waits for the supervisor before the request counts as pending (DESIGN §4 "Inbox"). */
const ANSWER_MS = 5000;
const REQUEST_TTL_MS = 3_600_000;
const LIMITS = { maxBytes: 1 << 20, maxRecords: 5000 };

export type Asked = { request_id: string; result: OrderResult | undefined };

/** Asks the supervisor of a run for something; `result` is undefined when it has not answered in time. */
export async function askSupervisor<K extends OrderKind>(
  host: Host,
  run: FoundRun,
  order: { kind: K; payload: OrderPayload<K>; from: string },
  signal: AbortSignal,
): Promise<Asked> {
  let cursor = endCursor(run.paths.events);
  const watcher = new DirectoryWatcher([run.paths.dir]);
  try {
    const request_id = await submitRequest(
      run.paths.inbox,
      { kind: order.kind, from: order.from, payload: order.payload, ttlMs: REQUEST_TTL_MS },
      host.clock,
    );
    await ensureSupervised(host, run);
    const until = host.clock.monotonic() + ANSWER_MS;
    for (;;) {
      // Looked at before the events: what was answered before the end is found in them.
      const { state } = await readRecord(run.paths, run.record.run_id);
      const page = readNdjson(run.paths.events, cursor, LIMITS);
      cursor = page.cursor;
      const result = answerIn(page.records, request_id);
      if (result !== undefined) return { request_id, result };
      if (page.more) continue;
      if (isFinal(state)) {
        await removeRequest(run.paths.inbox, request_id);
        return { request_id, result: { ok: false, text: FINISHING } };
      }
      const left = until - host.clock.monotonic();
      if (left <= 0 || signal.aborted) return { request_id, result: undefined };
      await watcher.changed(Math.min(left, 250), signal);
    }
  } finally {
    watcher.close();
  }
}

function answerIn(records: readonly unknown[], requestId: string): OrderResult | undefined {
  for (const event of records) {
    if (!isObject(event) || event.type !== 'cc.request.done' || event.id !== requestId) continue;
    const result = objectAt(event, 'result');
    return { ok: result?.ok === true, text: stringAt(result, 'text') ?? '' };
  }
  return undefined;
}
