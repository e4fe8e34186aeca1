import { describe, expect, test } from 'vitest';
import { judge } from '../../src/verification/verdict.ts';
import type { VerificationFacts } from '../../src/verification/verification.ts';
import { but, claim, GOOD, passed } from './facts.ts';

const READ_ONLY: VerificationFacts = {
  ...but('run', { writes: false, change_due: false, role: 'review' }),
  changes: { ...GOOD.changes, known: false, complete: false, files: 0 },
  secrets: { known: false, real: [], unsure: [], unscanned: [] },
  tests: [],
};
const EMPTY = but('changes', { files: 0, code: 0 });
const tampering = (level: 'reject' | 'investigate') => [
  { code: 'tests_removed', level, path: 'test/a.js', text: '1 test removed' },
];
const run = (change: Partial<VerificationFacts['tests'][number]>) => [{ ...passed, ...change }];

type Row = [what: string, facts: VerificationFacts, verdict: string, code?: string];

/** One line for each rule: what it takes, and what follows. */
const TABLE: Row[] = [
  ['everything is there and good', GOOD, 'accept'],
  ['a read-only run without anything else', READ_ONLY, 'accept', 'changes_not_watched'],

  [
    'it failed',
    but('run', { state: 'failed', failure: 'crashed' }),
    'reject',
    'run_not_ended_well',
  ],
  ['it ran out of time', but('run', { state: 'timed_out' }), 'reject', 'run_not_ended_well'],
  ['it was cancelled', but('run', { state: 'cancelled' }), 'investigate', 'run_cut'],
  ['its budget was used up', but('run', { state: 'stopped_limit' }), 'investigate', 'run_cut'],
  ['its events are damaged', but('run', { log_incomplete: 'x' }), 'investigate', 'log_incomplete'],
  ['processes are left', but('run', { left_processes: 1 }), 'investigate', 'left_processes'],
  [
    'another model answered',
    but('run', { route_mismatch: 'a, b' }),
    'investigate',
    'route_mismatch',
  ],
  ['calls were refused', but('run', { denials: 2 }), 'accept', 'denials'],
  [
    'writes were refused',
    but('run', { denials: 2, denied_writes: 1 }),
    'investigate',
    'denied_writes',
  ],

  [
    'nobody knows what changed',
    but('changes', { known: false, files: 0 }),
    'investigate',
    'changes_unknown',
  ],
  [
    'part was not compared',
    but('changes', { complete: false }),
    'investigate',
    'changes_incomplete',
  ],
  [
    'a file was not captured',
    but('changes', { not_captured: ['a'] }),
    'investigate',
    'changes_incomplete',
  ],
  ['part of the diff is unread', but('changes', { unread: ['a'] }), 'investigate', 'diff_unread'],
  ['out of scope', but('changes', { outside: ['a'] }), 'reject', 'out_of_scope'],
  ['too large', but('changes', { too_large: ['9 files changed'] }), 'reject', 'too_large'],
  [
    'nobody accounts for a change',
    but('changes', { unattributed: ['a'] }),
    'investigate',
    'unattributed',
  ],
  [
    'installed packages changed',
    but('changes', { tools: ['node_modules/a'] }),
    'investigate',
    'tools_changed',
  ],
  ['changed since', but('changes', { since: ['a'] }), 'investigate', 'changed_since'],
  [
    'changed since, and it wrote nothing',
    { ...READ_ONLY, changes: { ...READ_ONLY.changes, since: ['a'] } },
    'accept',
    'changed_since',
  ],
  [
    'a read-only run that changed something',
    {
      ...READ_ONLY,
      changes: { ...GOOD.changes, outside: ['a'] },
      secrets: GOOD.secrets,
      tests: [passed],
    },
    'reject',
    'read_only_changed',
  ],

  [
    'somebody else edits while a reviewer reads',
    { ...READ_ONLY, changes: { ...GOOD.changes, unattributed: ['a'] } },
    'investigate',
    'unattributed',
  ],
  ['a real secret', but('secrets', { real: ['aws in a:1'] }), 'reject', 'secret'],
  ['maybe a secret', but('secrets', { unsure: ['x in a:1'] }), 'investigate', 'maybe_secret'],
  [
    'not looked through',
    but('secrets', { unscanned: ['large.log (too large)'] }),
    'investigate',
    'secrets_unscanned',
  ],
  ['not scanned', but('secrets', { known: false }), 'investigate', 'secrets_unknown'],

  ['no tests', but('tests', []), 'investigate', 'tests_unknown'],
  [
    'no tests, nothing changed, not due',
    { ...but('run', { change_due: false }, EMPTY), tests: [], success_claimed: false },
    'accept',
  ],
  [
    'no tests, and only words for people changed',
    { ...but('changes', { code: 0 }), tests: [] },
    'accept',
  ],
  ['a test fails', but('tests', run({ status: 'failed', exit_code: 1 })), 'reject', 'tests_failed'],
  [
    'one of two fails',
    but('tests', [passed, ...run({ status: 'failed' })]),
    'reject',
    'tests_failed',
  ],
  ['a test hangs', but('tests', run({ status: 'timed_out' })), 'reject', 'tests_timed_out'],
  [
    'a command that hides how its tests ended',
    but('tests', run({ command: 'npm test | tail -5', counts: undefined })),
    'investigate',
    'exit_code_hidden',
  ],
  [
    'one that hides it and tells its counts',
    but('tests', run({ command: 'npm test | tail -5' })),
    'accept',
  ],
  ['no test ran', but('tests', run({ status: 'no_tests' })), 'investigate', 'no_tests_ran'],
  ['not started', but('tests', run({ status: 'not_started' })), 'investigate', 'tests_not_started'],
  [
    'our commands changed files',
    but('tests_changed', { touched: ['a'] }),
    'investigate',
    'tests_changed_tree',
  ],
  ['our commands left files', but('tests_changed', { added: ['a'] }), 'accept', 'tests_left_files'],

  ['coverage is enough', { ...GOOD, coverage: { wanted: 80, percent: 80, source: 'l' } }, 'accept'],
  [
    'coverage is too low',
    { ...GOOD, coverage: { wanted: 80, percent: 79.99, source: 'l' } },
    'reject',
    'coverage_low',
  ],
  [
    'coverage is missing',
    { ...GOOD, coverage: { wanted: 0, percent: null, source: 'none' } },
    'reject',
    'coverage_missing',
  ],
  ['a check holds', but('checks', [{ name: 'a', passed: true, detail: '' }]), 'accept'],
  [
    'a check does not hold',
    but('checks', [{ name: 'a', passed: false, detail: 'x' }]),
    'reject',
    'check_failed',
  ],

  ['nothing changed, and it says done', EMPTY, 'reject', 'phantom_work'],
  [
    'nothing changed, and it claims nothing',
    { ...EMPTY, success_claimed: false },
    'investigate',
    'no_change',
  ],
  [
    'nothing changed, and it reports so',
    { ...EMPTY, claims: [claim({ kind: 'no_change' })] },
    'investigate',
    'no_change',
  ],
  [
    'nothing changed, no change due, a fix claimed',
    { ...but('run', { change_due: false }, EMPTY), claims: [claim({ kind: 'fixed' })] },
    'reject',
    'phantom_work',
  ],
  [
    'nothing changed in a run that failed',
    but('run', { state: 'failed' }, EMPTY),
    'reject',
    'run_not_ended_well',
  ],

  [
    'a claim is contradicted',
    but('claims', [claim({ status: 'contradicted' })]),
    'reject',
    'claim_contradicted',
  ],
  [
    'words are contradicted',
    but('claims', [claim({ status: 'contradicted', from: 'prose', quote: 'I ran it' })]),
    'investigate',
    'prose_contradicted',
  ],
  [
    'a claim is unverified',
    but('claims', [claim({ status: 'unverified' })]),
    'accept',
    'claims_unverified',
  ],
  [
    'tests were removed',
    but('tampering', tampering('investigate')),
    'investigate',
    'tests_removed',
  ],
  ['more was removed than added', but('tampering', tampering('reject')), 'reject', 'tests_removed'],
  [
    'a flag blocks',
    but('flags', [{ code: 'destructive_command', blocking: true, evidence: 'rm -r' }]),
    'investigate',
    'destructive_command',
  ],
  [
    'a flag warns',
    but('flags', [{ code: 'stalled', blocking: false, evidence: 'x' }]),
    'accept',
    'stalled',
  ],
  [
    'its last test failed, ours pass',
    but('flags', [{ code: 'failing_test', blocking: false, evidence: 'x' }]),
    'accept',
    'failing_test',
  ],
  ['something could not be seen', but('posture', { blind: ['the network'] }), 'accept', 'blind'],
];

test.each(TABLE)('%s', (_, facts, verdict, code) => {
  const judgement = judge(facts);
  const codes = judgement.reasons.map((reason) => reason.code);
  expect(judgement.verdict, codes.join(' ')).toBe(verdict);
  if (code === undefined) expect(codes).toEqual([]);
  else expect(codes).toContain(code);
});

describe('what holds for all of them', () => {
  test('risk lies in the band of its verdict, and reasons come worst first', () => {
    const rank = ['reject', 'investigate', 'info'];
    for (const [, facts] of TABLE) {
      const { verdict, risk, reasons } = judge(facts);
      if (verdict === 'accept') expect(risk).toBe(0);
      if (verdict === 'investigate') expect(risk).toSatisfy((n: number) => n >= 0.3 && n <= 0.8);
      if (verdict === 'reject') expect(risk).toSatisfy((n: number) => n > 0.8 && n <= 1);
      const levels = reasons.map(({ level }) => rank.indexOf(level));
      expect(levels).toEqual([...levels].sort());
    }
  });

  test('two of them together are never milder than either', () => {
    const order = ['accept', 'investigate', 'reject'];
    const rows = TABLE.filter(([, facts]) => facts.run.writes && facts.changes.files > 0);
    for (const [a, first] of rows) {
      for (const [b, second] of rows) {
        const both = merged(first, second);
        if (both === undefined) continue;
        const worst = Math.max(
          order.indexOf(judge(first).verdict),
          order.indexOf(judge(second).verdict),
        );
        expect(order.indexOf(judge(both).verdict), `${a} + ${b}`).toBeGreaterThanOrEqual(worst);
      }
    }
  });

  test('it is a function of its input alone', () => {
    for (const [, facts] of TABLE) {
      const stored = JSON.parse(JSON.stringify(facts)) as VerificationFacts;
      expect(judge(stored)).toEqual(judge(facts));
    }
  });

  test('no words can raise a verdict', () => {
    const praise = [
      claim({ kind: 'tests_pass', from: 'prose', status: 'verified' }),
      claim({ kind: 'fixed', from: 'prose', status: 'verified' }),
    ];
    const order = ['accept', 'investigate', 'reject'];
    for (const [what, facts] of TABLE) {
      const praised = { ...facts, claims: [...facts.claims, ...praise], success_claimed: true };
      const before = order.indexOf(judge(facts).verdict);
      expect(order.indexOf(judge(praised).verdict), what).toBeGreaterThanOrEqual(before);
    }
  });
});

/** Which groups of the facts are not the good ones. */
function bad(facts: VerificationFacts): string[] {
  const good = Object.entries(GOOD).map(([group, value]) => [group, JSON.stringify(value)]);
  const known = new Map(good as [string, string][]);
  return Object.entries(facts).flatMap(([group, value]) =>
    known.get(group) === JSON.stringify(value) ? [] : [group],
  );
}

/** Both deviations at once, where they are about different things. */
function merged(a: VerificationFacts, b: VerificationFacts): VerificationFacts | undefined {
  const groups = bad(b);
  if (groups.some((group) => bad(a).includes(group))) return undefined;
  const theirs = Object.entries(b).filter(([group]) => groups.includes(group));
  return { ...a, ...Object.fromEntries(theirs) };
}
