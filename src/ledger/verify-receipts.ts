import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runIds } from '../runs/run-ids.ts';
import { readJson } from '../store/atomic.ts';
import { type RunPaths, runPaths, type Workspace } from '../workspace/layout.ts';
import type { Chain, Link, Problem } from './chain.ts';
import { digestOfFile } from './digest-of-file.ts';
import { digestOfReceipt, type Receipt, receipt } from './receipt.ts';

/** Bytes of results that are read to be compared; of more runs only the receipts are. */
const MAX_BYTES = 1 << 30;

export type ReceiptCheck = {
  counts: {
    checked: number;
    /** Those whose files were compared, too. */
    files_of: number;
  };
  problems: Problem[];
  notes: string[];
};

/**
 * Whether every receipt is the one its entry was made with, and every result the one its receipt was
 * made of, newest runs first. Runs that retention removed have neither.
 */
export async function checkReceipts(
  workspace: Workspace,
  chain: Chain | undefined,
  only: string | undefined,
): Promise<ReceiptCheck> {
  const wanted = latestReceipts(chain);
  const ids = only === undefined ? (await runIds(workspace)).reverse() : [only];
  const check: ReceiptCheck = { counts: { checked: 0, files_of: 0 }, problems: [], notes: [] };
  let bytes = 0;
  for (const runId of ids) {
    const paths = runPaths(workspace, runId);
    const link = wanted.get(runId);
    if (!existsSync(paths.receipt)) {
      if (link !== undefined && existsSync(paths.metadata)) {
        check.problems.push(problem(link, runId, 'its receipt is gone'));
      }
      continue;
    }
    check.counts.checked += 1;
    const value = await readJson(paths.receipt).catch(() => undefined);
    const parsed = receipt.safeParse(value);
    const wrong = parsed.success
      ? mismatch(parsed.data, runId, link, chain)
      : 'its receipt cannot be read';
    if (wrong !== undefined) check.problems.push(problem(link, runId, wrong));
    if (!parsed.success || bytes > MAX_BYTES) continue;
    check.counts.files_of += 1;
    const files = checkFiles(paths, parsed.data);
    bytes += files.bytes;
    for (const name of files.changed) {
      check.problems.push(problem(link, runId, `${name} is not what its receipt was made of`));
    }
  }
  if (check.counts.files_of < check.counts.checked && bytes > MAX_BYTES) {
    check.notes.push(
      'Results were compared of the newest runs only; name a run to compare its own.',
    );
  }
  return check;
}

/** The entry by which the receipt of each run was made last. */
function latestReceipts(chain: Chain | undefined): Map<string, Link & { seq: number }> {
  const latest = new Map<string, Link & { seq: number }>();
  for (const [seq, link] of chain?.bySeq ?? []) {
    if (link.receipt === undefined) continue;
    if ((latest.get(link.subject)?.seq ?? 0) < seq) latest.set(link.subject, { ...link, seq });
  }
  return latest;
}

function mismatch(
  value: Receipt,
  runId: string,
  link: (Link & { seq: number }) | undefined,
  chain: Chain | undefined,
): string | undefined {
  const { seq, hash } = value.predicate.ledger;
  const own = chain?.bySeq.get(seq);
  if (own?.hash !== hash)
    return `its receipt names entry ${seq}, which is not in the chain like that`;
  if (value.predicate.run_id !== runId || own.subject !== runId)
    return 'its receipt is of another run';
  if (own.receipt !== digestOfReceipt(value)) return `its receipt is not the one of entry ${seq}`;
  if (link !== undefined && link.seq !== seq) {
    return `its receipt is older than entry ${link.seq}; verifying the run writes it anew`;
  }
  return undefined;
}

function checkFiles(paths: RunPaths, { subject }: Receipt): { changed: string[]; bytes: number } {
  const changed: string[] = [];
  let bytes = 0;
  for (const { name, digest, annotations } of subject) {
    // It is bound by the digest, but may have been forged together with it.
    const isName = /^(verification\/)?\w[\w.-]*$/.test(name);
    const now = isName ? digestOfFile(join(paths.dir, name), annotations?.bytes) : undefined;
    bytes += now?.bytes ?? 0;
    if (now?.sha256 !== digest.sha256) changed.push(name);
  }
  return { changed, bytes };
}

function problem(link: Link | undefined, runId: string, text: string): Problem {
  return { class: 'receipt', line: link?.line ?? 0, text: `${runId}: ${text}` };
}
