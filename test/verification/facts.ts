import type { Claim, TestRun, VerificationFacts } from '../../src/verification/verification.ts';

export const passed: TestRun = {
  command: 'npm test',
  status: 'passed',
  exit_code: 0,
  signal: null,
  seconds: 1,
  counts: { passed: 3, failed: 0, skipped: 0, source: 'output' },
  failures: [],
  stdout: 'v/test-1.stdout.txt',
  stderr: 'v/test-1.stderr.txt',
  truncated: false,
  swept: 0,
};

/** A writing run with every piece of evidence in its place, all of it good. */
export const GOOD: VerificationFacts = {
  run: {
    state: 'succeeded',
    failure: 'success',
    role: 'implementation',
    writes: true,
    change_due: true,
    denials: 0,
    denied_writes: 0,
    left_processes: 0,
  },
  changes: {
    known: true,
    complete: true,
    files: 1,
    code: 1,
    ignored: 0,
    outside: [],
    unattributed: [],
    not_captured: [],
    tools: [],
    too_large: [],
    since: [],
    unread: [],
  },
  secrets: { known: true, real: [], unsure: [], unscanned: [] },
  flags: [],
  tampering: [],
  success_claimed: true,
  claims: [],
  tests: [passed],
  tests_changed: { added: [], touched: [] },
  checks: [],
  posture: { sandbox: 'bubblewrap', shell: 'any', blind: [] },
};

export function claim(change: Partial<Claim>): Claim {
  return { kind: 'ran', from: 'block', status: 'verified', evidence: 'event 1', ...change };
}

/** The good facts with some of a group changed. */
export function but<K extends keyof VerificationFacts>(
  group: K,
  change: Partial<VerificationFacts[K]>,
  base: VerificationFacts = GOOD,
): VerificationFacts {
  const value = Array.isArray(change) ? change : { ...(base[group] as object), ...change };
  return { ...base, [group]: value };
}
