import type { Actor } from '../../ledger/entry.ts';
import type { FoundRun } from '../../runs/find.ts';
import type { Host } from '../../workspace/host.ts';
import type { VerdictFile } from '../verdict-file.ts';
import type { OpenItem } from './item.ts';
import { addItem, closeItem, readItems } from './store.ts';

/** More reasons than this are one problem with many symptoms. */
const MAX_ITEMS = 20;
const PREFIX = 'verification:';

/**
 * Opens an item for every reason of a verification that speaks against the run, and closes those of
 * earlier verifications of the same run that it does not find any more.
 */
export async function openFromVerification(
  host: Host,
  { workspace, record: { run_id } }: Pick<FoundRun, 'workspace' | 'record'>,
  { verification_id, reasons }: Pick<VerdictFile, 'verification_id' | 'reasons'>,
  actor: Actor,
): Promise<{ opened: OpenItem[]; closed: OpenItem[] }> {
  const wanted = reasons.filter(({ level }) => level !== 'info').slice(0, MAX_ITEMS);
  const opened: OpenItem[] = [];
  const closed: OpenItem[] = [];
  const found = new Set<string>();
  const nth = new Map<string, number>();
  for (const { code, level, text } of wanted) {
    const kind = `${code}:${level}`;
    nth.set(kind, (nth.get(kind) ?? 0) + 1);
    const { item } = await addItem(
      host,
      workspace,
      {
        title: `${code}: ${text}`,
        severity: level === 'reject' ? 'blocker' : 'warn',
        runId: run_id,
        source: 'verification',
        // The text has numbers and names that change from one verification to the next.
        key: `${PREFIX}${kind}:${nth.get(kind)}`,
      },
      actor,
    );
    found.add(item.item);
    opened.push(item);
  }
  for (const { item, run_id: about, source, status } of readItems(workspace).values()) {
    if (about !== run_id || source !== 'verification' || status !== 'open' || found.has(item)) {
      continue;
    }
    const reason = `not found any more by ${verification_id}`;
    closed.push(await closeItem(host, workspace, { id: item, status: 'done', reason }, actor));
  }
  return { opened, closed };
}
