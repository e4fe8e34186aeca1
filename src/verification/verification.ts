import * as z from 'zod';
import { CLAIM_KINDS } from '../runs/claims-schema.ts';

export const VERDICTS = ['accept', 'investigate', 'reject'] as const;
export type VerdictWord = (typeof VERDICTS)[number];

const reason = z.object({
  code: z.string(),
  level: z.enum(['reject', 'investigate', 'info']),
  text: z.string(),
  evidence: z.array(z.string()).optional(),
});
export type Reason = z.infer<typeof reason>;

/** Tests counted by a runner; `source` says where it was read: a file, or the output. */
const counts = z.object({
  passed: z.number(),
  failed: z.number(),
  skipped: z.number(),
  source: z.string(),
});
export type Counts = z.infer<typeof counts>;

const testRun = z.object({
  command: z.string(),
  /** `no_tests`: it ended well, but no test ran. `not_started`: there is no such program. */
  status: z.enum(['passed', 'failed', 'timed_out', 'no_tests', 'not_started']),
  exit_code: z.number().nullable(),
  signal: z.string().nullable(),
  seconds: z.number(),
  counts: counts.optional(),
  /** Names of failing tests, where they could be read. */
  failures: z.array(z.string()),
  /** Relative to the file of the verification. */
  stdout: z.string(),
  stderr: z.string(),
  /** More was written than is kept. */
  truncated: z.boolean(),
  /** Processes it left behind. */
  swept: z.number(),
});
export type TestRun = z.infer<typeof testRun>;

const check = z.object({ name: z.string(), passed: z.boolean(), detail: z.string() });
export type CheckResult = z.infer<typeof check>;

const claim = z.object({
  kind: z.enum(CLAIM_KINDS),
  command: z.string().optional(),
  paths: z.array(z.string()).optional(),
  outcome: z.string().optional(),
  /** `prose`: read out of its words, which can only lower the verdict. */
  from: z.enum(['schema', 'block', 'prose']),
  quote: z.string().optional(),
  status: z.enum(['verified', 'contradicted', 'unverified']),
  evidence: z.string(),
});
export type Claim = z.infer<typeof claim>;

const tampering = z.object({
  code: z.string(),
  level: z.enum(['reject', 'investigate']),
  path: z.string(),
  text: z.string(),
});
export type Tampering = z.infer<typeof tampering>;

const paths = z.array(z.string());

/** Everything the verdict rests on, and nothing else. */
const verificationFacts = z.object({
  run: z.object({
    state: z.string(),
    failure: z.string(),
    role: z.string(),
    /** It was allowed to change files. */
    writes: z.boolean(),
    /** Its role is to change something. */
    change_due: z.boolean(),
    denials: z.number(),
    /** Refused calls of file tools. */
    denied_writes: z.number(),
    left_processes: z.number(),
    route_mismatch: z.string().optional(),
    /** Why the events cannot be relied on, where they cannot. */
    log_incomplete: z.string().optional(),
  }),
  changes: z.object({
    /** False: nobody compared, so nothing is known. */
    known: z.boolean(),
    problem: z.string().optional(),
    complete: z.boolean(),
    /** Changed files of the project: source, not agent artifacts. */
    files: z.number(),
    /** Of them, those that tests can be about: no words for people. */
    code: z.number(),
    /** Changed files that git ignores and that are no cache: what it built, say. */
    ignored: z.number(),
    outside: paths,
    unattributed: paths,
    not_captured: paths,
    /** Programs the checks rely on: installed packages, git's own directory. */
    tools: paths,
    /** The limits of the scope that were exceeded. */
    too_large: paths,
    /** Changed after the run had ended, by somebody else. */
    since: paths,
    /** Parts of the diff nobody read. */
    unread: paths,
  }),
  secrets: z.object({
    known: z.boolean(),
    real: paths,
    unsure: paths,
    /** What it changed and nobody looked through, with why. */
    unscanned: paths.default([]),
  }),
  flags: z.array(z.object({ code: z.string(), blocking: z.boolean(), evidence: z.string() })),
  tampering: z.array(tampering),
  /** The final answer says that all is well. */
  success_claimed: z.boolean(),
  claims: z.array(claim),
  tests: z.array(testRun),
  /** Files that differ since our commands ran; `touched` of them had been there before. */
  tests_changed: z.object({ added: paths, touched: paths }),
  coverage: z
    .object({ wanted: z.number(), percent: z.number().nullable(), source: z.string() })
    .optional(),
  checks: z.array(check),
  posture: z.object({ sandbox: z.string(), shell: z.string(), blind: z.array(z.string()) }),
});
export type VerificationFacts = z.infer<typeof verificationFacts>;

/** `verification/<id>.json`: the facts, and the verdict that follows from them. */
export const verification = verificationFacts.extend({
  schema_version: z.number(),
  verification_id: z.string(),
  run_id: z.string(),
  time: z.string(),
  seconds: z.number(),
  verdict: z.enum(VERDICTS),
  risk: z.number(),
  reasons: z.array(reason),
  head: z.string().nullable(),
  after_tree: z.string().nullable(),
  tree_now: z.string().nullable(),
});
export type Verification = z.infer<typeof verification>;
