import * as z from 'zod';
import { compact } from '../core/json.ts';
import { truncate } from '../core/text.ts';
import { VERDICTS, type Verification } from './verification.ts';
import type { Verified } from './verify-run.ts';

/** What a controller needs of a verification; the file has the rest. */
export const verifyAnswer = z.object({
  run_id: z.string(),
  verification_id: z.string().optional(),
  verdict: z.enum(VERDICTS).optional(),
  /** 0 to 1: below 0.3 accept, above 0.8 reject. */
  risk: z.number().optional(),
  /** Worst first. */
  reasons: z.array(z.object({ level: z.string(), code: z.string(), text: z.string() })).optional(),
  more_reasons: z.number().optional(),
  tests: z
    .object({
      commands: z.number(),
      passed: z.number(),
      failed: z.number(),
      skipped: z.number(),
    })
    .optional(),
  claims: z
    .object({ verified: z.number(), contradicted: z.number(), unverified: z.number() })
    .optional(),
  changed_files: z.number().optional(),
  file: z.string().optional(),
  /** The time was up; call again with the same arguments. */
  still_running: z.literal(true).optional(),
  doing: z.string().optional(),
});
export type VerifyAnswer = z.infer<typeof verifyAnswer>;

const REASONS_SHOWN = 6;
const TEXT_CHARS = 140;

export function answerOf({ result, file }: Verified): VerifyAnswer {
  const { reasons } = result;
  const isBad = reasons.some(({ level }) => level !== 'info');
  // What is only told would push out what decides.
  const relevant = isBad ? reasons.filter(({ level }) => level !== 'info') : reasons;
  const omitted = reasons.length - Math.min(relevant.length, REASONS_SHOWN);
  return {
    run_id: result.run_id,
    verification_id: result.verification_id,
    verdict: result.verdict,
    risk: result.risk,
    reasons: relevant
      .slice(0, REASONS_SHOWN)
      .map(({ level, code, text }) => ({ level, code, text: truncate(text, TEXT_CHARS) })),
    ...compact({
      more_reasons: omitted > 0 ? omitted : undefined,
      tests: testsOf(result),
      claims: claimsOf(result),
      changed_files: result.changes.known ? result.changes.files : undefined,
    }),
    file,
  };
}

function testsOf({ tests }: Verification): VerifyAnswer['tests'] {
  if (tests.length === 0) return undefined;
  const total = (key: 'passed' | 'failed' | 'skipped') =>
    tests.reduce((sum, { counts }) => sum + (counts?.[key] ?? 0), 0);
  return {
    commands: tests.length,
    passed: total('passed'),
    failed: total('failed'),
    skipped: total('skipped'),
  };
}

function claimsOf({ claims }: Verification): VerifyAnswer['claims'] {
  if (claims.length === 0) return undefined;
  const count = (wanted: string) => claims.filter(({ status }) => status === wanted).length;
  return {
    verified: count('verified'),
    contradicted: count('contradicted'),
    unverified: count('unverified'),
  };
}
