import { compact } from '../../core/json.ts';
import type { ProjectFacts } from './project-facts.ts';

/** A node as the file has it. */
export type ProposedNode = Record<string, unknown>;

const TEST_SECONDS = 1800;
const DIFF_LINES = 800;
const DENY = ['.env*', '**/*.lock'];

/** A node that may change files: those of the project that are usual for it, and it may run the tests. */
export function writer(
  { code, testing, tests }: ProjectFacts,
  node: ProposedNode,
  max_diff_lines = DIFF_LINES,
  deny = DENY,
): ProposedNode {
  const usual = [...code, ...testing];
  const allow = usual.length > 0 ? usual : ['**'];
  return {
    ...node,
    allow_write: true,
    write_scope: compact({
      allow,
      deny: deny.length > 0 ? deny : undefined,
      commands: tests === undefined ? undefined : [tests, `${tests} *`],
      max_diff_lines,
    }),
    ...(tests === undefined ? {} : { verify: { test_commands: [tests] } }),
    retry: { max_retries: 1, backoff_seconds: 10 },
  };
}

const LOOKS = ['git status', 'git diff', 'git diff *', 'git log *', 'git show *'];

/** It changes no file, but may look at what has changed. */
export function looking({ isGit }: ProjectFacts): ProposedNode {
  return isGit ? { allow_write: true, write_scope: { allow: [], commands: LOOKS } } : {};
}

/** Tests by us, a review, and a gate that goes back with the reasons. */
export function checked(
  facts: ProjectFacts,
  of: string,
  question: string,
): Record<string, ProposedNode> {
  return {
    ...testNode(facts, of),
    review: { role: 'review', task: question, needs: of, ...looking(facts) },
    accepted: {
      type: 'gate',
      needs: [...ifTested(facts, 'tests'), 'review'],
      pass_when: [
        ...ifTested(facts, 'tests.exit_code == 0'),
        'review.blocking_count == 0',
        'review.findings.blocker == 0',
      ],
      on_fail: { retry: of, max_retries: 2 },
    },
  };
}

export function testNode(
  { tests }: ProjectFacts,
  needs: string | undefined,
): Record<string, ProposedNode> {
  if (tests === undefined) return {};
  const node = { type: 'command', command: tests, ...compact({ needs }) };
  // A failure is for the gate to judge; it is no end.
  return { tests: { ...node, timeout_seconds: TEST_SECONDS, on_failure: 'continue' } };
}

/** Only where there is a node for the tests. */
export function ifTested({ tests }: ProjectFacts, text: string): string[] {
  return tests === undefined ? [] : [text];
}
