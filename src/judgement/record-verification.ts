import { compact } from '../core/json.ts';
import type { Actor, LedgerEntry } from '../ledger/entry.ts';
import { writeReceipt } from '../ledger/receipt.ts';
import type { FoundRun } from '../runs/find.ts';
import type { Host } from '../workspace/host.ts';
import { openFromVerification } from './open-items/from-verification.ts';
import { scoreRun } from './score-run.ts';
import type { VerdictFile } from './verdict-file.ts';

/** Reasons named in the ledger; the file has them all. */
const CODES = 20;

/**
 * What follows from a verification that is stored: its verdict goes into the ledger and the receipt, its
 * findings become open items, and the work counts for the model that did it. Where it cannot be put on
 * record, the verification has failed.
 */
export async function recordVerification(
  host: Host,
  run: FoundRun,
  result: Pick<
    VerdictFile,
    'verification_id' | 'verdict' | 'risk' | 'reasons' | 'tests' | 'coverage'
  >,
  actor: Actor,
): Promise<LedgerEntry> {
  const { verification_id, verdict, risk, reasons, tests, coverage } = result;
  const codes = (level: string) => {
    const found = reasons.filter((one) => one.level === level).map(({ code }) => code);
    return found.length === 0 ? undefined : [...new Set(found)].slice(0, CODES);
  };
  const entry = await writeReceipt(host, run, {
    kind: 'verify',
    key: verification_id,
    actor,
    facts: compact({
      verification_id,
      verdict,
      risk,
      rejects: codes('reject'),
      doubts: codes('investigate'),
      tests_passed: tests.filter(({ status }) => status === 'passed').length,
      tests_failed: tests.filter(({ status }) => status !== 'passed').length,
      coverage: coverage?.percent ?? undefined,
    }),
  });
  await openFromVerification(host, run, result, actor);
  // Evidence for routing is welcome, and no part of the verification.
  await scoreRun(host, run, undefined, undefined).catch(() => undefined);
  return entry;
}
