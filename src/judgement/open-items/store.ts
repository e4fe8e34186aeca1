import { join } from 'node:path';
import { isoTime } from '../../core/clock.ts';
import { CcError } from '../../core/errors.ts';
import { digestOf, newId } from '../../core/ids.ts';
import { compact } from '../../core/json.ts';
import { redact } from '../../core/redact.ts';
import { oneLine } from '../../core/text.ts';
import { appendEntry } from '../../ledger/append.ts';
import type { Actor } from '../../ledger/entry.ts';
import { makePrivateDir } from '../../store/atomic.ts';
import { withLease } from '../../store/lease.ts';
import { NdjsonAppender } from '../../store/ndjson-append.ts';
import { readNdjson } from '../../store/ndjson-read.ts';
import type { Host } from '../../workspace/host.ts';
import { sharedPaths, type Workspace } from '../../workspace/layout.ts';
import { type ItemSeverity, type ItemStatus, type OpenItem, openItem } from './item.ts';

const TURN_MS = 10_000;
const TITLE_CHARS = 200;
const REASON_CHARS = 300;
const PAGE = { maxBytes: 8 << 20, maxRecords: 50_000 };

export type NewItem = {
  title: string;
  severity: ItemSeverity;
  runId?: string | undefined;
  source: OpenItem['source'];
  /** Default: the title, whatever its case and blanks. */
  key?: string | undefined;
};

/** Every item as it stands now, by id. The log has each state an item ever had; the last one counts. */
export function readItems(workspace: Workspace): Map<string, OpenItem> {
  const items = new Map<string, OpenItem>();
  let cursor: string | undefined;
  for (let more = true; more; ) {
    const page = readNdjson(logPath(workspace), cursor, PAGE);
    for (const record of page.records) {
      const parsed = openItem.safeParse(record);
      if (parsed.success) items.set(parsed.data.item, parsed.data);
    }
    cursor = page.cursor;
    more = page.more;
  }
  return items;
}

/**
 * Opens an item, or counts it once more where it is known. One that was done and is found again is
 * open again; one that was deferred, or will not be fixed, stays so.
 */
export async function addItem(
  host: Host,
  workspace: Workspace,
  { title, severity, runId, source, key }: NewItem,
  actor: Actor,
): Promise<{ item: OpenItem; known: boolean }> {
  const clean = oneLine(redact(title), TITLE_CHARS);
  const dedup = digestOf(JSON.stringify([runId ?? null, key ?? clean.toLowerCase()]));
  return changing(host, workspace, async (items, write) => {
    const before = [...items.values()].find((one) => one.key === dedup);
    const now = isoTime(host.clock.now());
    if (before !== undefined) {
      const { closed: _closed, reason: _reason, ...rest } = before;
      const isBack = before.status === 'done';
      const item = { ...(isBack ? rest : before), count: before.count + 1 };
      if (isBack) item.status = 'open';
      await write(item, { act: isBack ? 'reopened' : 'found_again' }, actor, isBack);
      return { item, known: true };
    }
    const item: OpenItem = {
      item: newId('item', host.clock.now()),
      title: clean,
      severity,
      status: 'open',
      ...compact({ run_id: runId }),
      source,
      key: dedup,
      opened: now,
      count: 1,
    };
    await write(item, { act: 'opened' }, actor, true);
    return { item, known: false };
  });
}

/** Closes an item for a reason; `status` says whether it was done or is left. */
export async function closeItem(
  host: Host,
  workspace: Workspace,
  { id, status, reason }: { id: string; status: Exclude<ItemStatus, 'open'>; reason: string },
  actor: Actor,
): Promise<OpenItem> {
  return changing(host, workspace, async (items, write) => {
    const before = items.get(id);
    if (before === undefined) {
      throw new CcError('NOT_FOUND', `No open item ${id.slice(0, 60)}.`, {
        hint: 'List them with cc_open_items.',
      });
    }
    if (before.status === status) return before;
    const item: OpenItem = {
      ...before,
      status,
      closed: isoTime(host.clock.now()),
      reason: oneLine(redact(reason), REASON_CHARS),
    };
    await write(item, { act: 'closed' }, actor, true);
    return item;
  });
}

type Write = (item: OpenItem, facts: object, actor: Actor, onRecord: boolean) => Promise<void>;

/** One at a time. The ledger comes first: what cannot be recorded there does not happen. */
async function changing<T>(
  host: Host,
  workspace: Workspace,
  change: (items: Map<string, OpenItem>, write: Write) => Promise<T>,
): Promise<T> {
  const dir = sharedPaths(workspace).openItems;
  await makePrivateDir(dir);
  return withLease(join(dir, 'lease'), TURN_MS, () =>
    change(readItems(workspace), async (item, facts, actor, onRecord) => {
      const { item: id, title, severity, status, run_id, reason } = item;
      // That something is found again decides nothing.
      if (onRecord) {
        await appendEntry(host, workspace, {
          kind: 'open_item',
          subject: run_id ?? id,
          actor,
          facts: { ...facts, item: id, title, severity, status, ...compact({ reason }) },
        });
      }
      const path = logPath(workspace);
      const appender = NdjsonAppender.open(path, 'open_items', isoTime(host.clock.now()));
      try {
        appender.append([item]);
        appender.sync(path);
      } finally {
        appender.close();
      }
    }),
  );
}

function logPath(workspace: Workspace): string {
  return join(sharedPaths(workspace).openItems, 'items.ndjson');
}
