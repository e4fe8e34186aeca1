import * as z from 'zod';
import { canonicalJson, sha256 } from '../core/canonical.ts';
import { numberAt } from '../core/json.ts';
import { redactJson } from '../core/redact.ts';
import { seenRedactor } from '../profiles/seen-secrets.ts';
import type { FoundRun } from '../runs/find.ts';
import { readJson, writeJsonAtomic } from '../store/atomic.ts';
import { SCHEMA_VERSION } from '../store/versions.ts';
import type { Host } from '../workspace/host.ts';
import { appendEntry, type Draft } from './append.ts';
import type { LedgerEntry } from './entry.ts';
import { type Statement, statementOf } from './statement.ts';

const subject = z.object({
  name: z.string(),
  digest: z.object({ sha256: z.string() }),
  annotations: z.object({ bytes: z.number() }).optional(),
});

/** `receipt.json` as far as it is checked; `predicate.ledger` is the entry that has its digest. */
export const receipt = z.looseObject({
  subject: z.array(subject),
  predicate: z.looseObject({
    run_id: z.string(),
    ledger: z.object({ seq: z.number(), hash: z.string() }),
  }),
});
export type Receipt = z.infer<typeof receipt>;

/**
 * Appends an entry about a run and writes its receipt anew. The entry holds the digest of the receipt,
 * and the receipt the place of the entry, so that neither can be changed without the other.
 *
 * At the end of a run the record that is going to be written is passed with it; afterwards a verdict
 * is added by calling it again with the entry of the verification.
 */
export async function writeReceipt(
  host: Host,
  run: FoundRun,
  draft: Omit<Draft, 'subject'>,
): Promise<LedgerEntry> {
  const before = await readReceipt(run);
  const bytes = numberAt(draft.facts, 'event_bytes') ?? eventBytes(before);
  const statement = await hiddenStatement(host, run, bytes);
  const entry = await appendEntry(host, run.workspace, {
    ...draft,
    subject: run.record.run_id,
    facts: { ...draft.facts, receipt: digestOfReceipt(statement) },
  });
  // Recorded before a crash: the events have grown since, the statement is about what they were then.
  const then = numberAt(entry.facts, 'event_bytes') ?? bytes;
  const stated = then === bytes ? statement : await hiddenStatement(host, run, then);
  const { seq, hash } = entry;
  await writeJsonAtomic(
    run.paths.receipt,
    {
      schema_version: SCHEMA_VERSION,
      ...stated,
      predicate: { ...stated.predicate, ledger: { seq, hash } },
    },
    { durable: true },
  );
  return entry;
}

/** What the ledger has of a receipt: everything but the place of the entry and the format. */
export function digestOfReceipt(
  value: Pick<Statement, 'predicate'> & Readonly<Record<string, unknown>>,
): string {
  const { schema_version: _version, predicate, ...rest } = value;
  const { ledger: _ledger, ...facts } = predicate;
  return sha256(canonicalJson({ ...rest, predicate: facts }));
}

/** The receipt of a run, or undefined where it has none that can be read. */
export async function readReceipt({
  paths,
}: Pick<FoundRun, 'paths'>): Promise<Receipt | undefined> {
  return receipt.safeParse(await readJson(paths.receipt).catch(() => undefined)).data;
}

async function hiddenStatement(
  host: Host,
  run: FoundRun,
  bytes: number | undefined,
): Promise<Statement> {
  return redactJson(await statementOf(host, run, bytes), seenRedactor());
}

/** Events are appended to a run that is over, too: that somebody was woken, say. */
function eventBytes(before: Receipt | undefined): number | undefined {
  return before?.subject.find(({ name }) => name === 'events.ndjson')?.annotations?.bytes;
}
