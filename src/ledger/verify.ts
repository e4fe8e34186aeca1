import type { Host } from '../workspace/host.ts';
import type { Workspace } from '../workspace/layout.ts';
import { type Anchor, readAnchor } from './anchor.ts';
import { type Chain, type Problem, readChain } from './chain.ts';
import type { Head } from './entry.ts';
import { ledgerPaths } from './place.ts';
import { checkReceipts, type ReceiptCheck } from './verify-receipts.ts';

export type LedgerVerdict = {
  /** Nothing was found that should not be so. */
  ok: boolean;
  /** Complete lines of the file, and intact entries among them. */
  lines: number;
  entries: number;
  head: Head | null;
  /** What the user's home says the ledger reaches to. */
  anchored: number | null;
  receipts: ReceiptCheck['counts'];
  /** In the order of their lines. */
  problems: Problem[];
  /** What is no problem and yet worth knowing. */
  notes: string[];
  limits: string;
  /** Line of the first entry about the run that was asked for. */
  runLine: number | undefined;
};

const LIMITS =
  'The chain alone cannot show a cut or rewritten end; the anchor in the user home and the receipts can. Nothing here proves anything against somebody with this user’s rights who changes all of them: keep a copy of the head elsewhere.';

/**
 * Checks a ledger against itself, its anchor and the receipts of its runs. Pure reading; other
 * processes may append meanwhile.
 */
export async function verifyLedger(
  host: Host,
  workspace: Workspace,
  options: { runId?: string | undefined } = {},
): Promise<LedgerVerdict> {
  // First, so that it is never ahead of what is read afterwards.
  const anchor = await readAnchor(host, workspace);
  const chain = readChain(ledgerPaths(workspace).file);
  const receipts = await checkReceipts(workspace, chain, options.runId);
  const problems = [
    ...(chain?.problems ?? []),
    ...anchorProblems(anchor, chain),
    ...receipts.problems,
  ].sort((a, b) => a.line - b.line);
  return {
    ok: problems.length === 0,
    lines: chain?.lines ?? 0,
    entries: chain?.entries ?? 0,
    head: chain === undefined || chain.entries === 0 ? null : chain.head,
    anchored: anchor === undefined || anchor === 'damaged' ? null : anchor.seq,
    receipts: receipts.counts,
    problems,
    notes: [...chainNotes(chain), ...anchorNotes(anchor, chain), ...receipts.notes],
    limits: LIMITS,
    runLine: options.runId === undefined ? undefined : firstLine(chain, options.runId),
  };
}

function firstLine(chain: Chain | undefined, runId: string): number | undefined {
  for (const { subject, line } of chain?.bySeq.values() ?? []) if (subject === runId) return line;
  return undefined;
}

function anchorProblems(
  anchor: Anchor | 'damaged' | undefined,
  chain: Chain | undefined,
): Problem[] {
  if (anchor === undefined) return [];
  if (anchor === 'damaged') {
    return [{ class: 'rewrite', line: 1, text: 'the anchor in the user home is damaged' }];
  }
  const broken = anchor.breaks.map(({ time, anchored, found }): Problem => {
    const text = `at ${time} entry ${anchored.seq} was anchored, and the ledger ended at ${found.seq} without it: its end was cut off or rewritten`;
    return { class: 'break', line: (chain?.bySeq.get(found.seq)?.line ?? 0) + 1, text };
  });
  return [...broken, ...headProblems(anchor, chain)];
}

function headProblems({ seq, hash, file }: Anchor, chain: Chain | undefined): Problem[] {
  if (chain === undefined) {
    return [{ class: 'truncate', line: 1, text: `the ledger is gone; entry ${seq} was anchored` }];
  }
  const link = chain.bySeq.get(seq);
  if (link?.hash === hash) return [];
  if (link !== undefined) {
    const text = `entry ${seq} is not the one that was anchored: it, or what stands before it, was rewritten`;
    return [{ class: 'rewrite', line: link.line, text }];
  }
  if (seq > chain.head.seq) {
    const other = chain.file === file ? '' : ', and the file is another one';
    const text = `entries up to ${seq} were anchored, the last one here is ${chain.head.seq}${other}`;
    return [{ class: 'truncate', line: chain.lines + 1, text }];
  }
  // It is missing or changed in the middle, which the chain has told.
  return [];
}

function chainNotes(chain: Chain | undefined): string[] {
  if (chain === undefined) return ['There is no ledger here yet.'];
  const notes: string[] = [];
  if (chain.torn.length > 0) {
    notes.push(
      `Cut off by a crash or a full disk, nothing is missing: line ${chain.torn.slice(0, 20).join(', ')}.`,
    );
  }
  if (chain.tornTail) {
    notes.push('The last line is not finished: it is being written, or a crash cut it off.');
  }
  return notes;
}

function anchorNotes(anchor: Anchor | 'damaged' | undefined, chain: Chain | undefined): string[] {
  if (chain === undefined || chain.entries === 0 || anchor === 'damaged') return [];
  if (anchor === undefined) {
    return ['No anchor in this user home: whether entries are missing at the end cannot be told.'];
  }
  if (anchor.since > 0) {
    return [
      `Entries up to ${anchor.since} are older than the anchor; that they were not rewritten before it was made cannot be told.`,
    ];
  }
  return [];
}
