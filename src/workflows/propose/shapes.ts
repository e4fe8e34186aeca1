import { checked, ifTested, looking, type ProposedNode, testNode, writer } from './blocks.ts';
import type { Pattern } from './pattern.ts';
import type { ProjectFacts } from './project-facts.ts';

export type Shape = {
  id: string;
  defaults: Record<string, unknown>;
  nodes: Record<string, ProposedNode>;
  /** Who judges whose work; by another model where there is one. */
  judges: { node: string; of: string };
};

const LONG = 1800;

/** The nodes of a pattern, with the paths and commands of this project. */
export function shapeFor(pattern: Pattern, facts: ProjectFacts): Shape {
  const { defaults, ...rest } = SHAPES[pattern](facts);
  return {
    ...rest,
    id: pattern.replace('_', '-'),
    defaults: { timeout_seconds: LONG, ...defaults },
  };
}

type Draft = Omit<Shape, 'id' | 'defaults'> & Partial<Pick<Shape, 'defaults'>>;

const SHAPES: Readonly<Record<Pattern, (facts: ProjectFacts) => Draft>> = {
  feature: (facts) => ({
    nodes: {
      requirements: {
        role: 'requirements',
        task: 'Work out what is wanted, what must stay as it is, and how one will see that it is done. Change nothing.',
      },
      design: {
        role: 'architecture',
        task: 'Decide how to build it with what is there: files to touch, steps, risks. Change nothing.',
        needs: 'requirements',
      },
      implementation: writer(facts, {
        role: 'implementation',
        task: 'Build it as designed, in small steps, with tests for what is new.',
        needs: 'design',
      }),
      ...checked(
        facts,
        'implementation',
        'Does the change do what the requirements ask, and nothing else? Name as blocking only what must be put right first.',
      ),
    },
    judges: { node: 'review', of: 'implementation' },
  }),
  refactor: (facts) => ({
    nodes: {
      requirements: {
        role: 'requirements',
        task: 'Work out what must not change (public functions, outputs, error texts) and what better means here. Change nothing.',
      },
      implementation: writer(facts, {
        role: 'implementation',
        task: 'Make the refactoring in small steps within these requirements. Change no behaviour and no test.',
        needs: 'requirements',
      }),
      ...checked(
        facts,
        'implementation',
        'Does anything behave differently now? Is it really simpler? Name as blocking only what must be put right first.',
      ),
    },
    judges: { node: 'review', of: 'implementation' },
  }),
  bug_fix: (facts) => ({
    nodes: {
      reproduce: {
        ...writer(
          { ...facts, code: [] },
          {
            role: 'testing',
            task: 'Write one test that fails because of the reported bug and for no other reason. Fix nothing. Hand over the file of the test as test_file.',
            outputs: { test_file: 'text', reproduced: 'boolean' },
          },
        ),
        verify: false,
      },
      confirmed: {
        type: 'gate',
        needs: 'reproduce',
        pass_when: 'handoff.reproduce.reproduced == true',
        on_fail: { retry: 'reproduce', max_retries: 1 },
      },
      fix: writer(facts, {
        role: 'implementation',
        task: 'Fix the cause of the bug, not the symptom. Leave the new test as it is.',
        needs: 'confirmed',
      }),
      ...checked(
        facts,
        'fix',
        'Is the cause fixed, or only the symptom? What else has the same cause?',
      ),
    },
    judges: { node: 'review', of: 'fix' },
  }),
  upgrade: (facts) => ({
    nodes: {
      plan: {
        role: 'compatibility',
        task: 'Which dependencies are behind, what breaks with each, and in which order to upgrade? Change nothing.',
        outputs: { upgrades: 'list' },
      },
      upgrade: {
        ...writer(
          { ...facts, code: [...facts.manifests, ...facts.code] },
          {
            role: 'implementation',
            task: 'Carry out the upgrades that were planned, one at a time. Never silence a type error or a test to get through.',
            needs: 'plan',
          },
          5000,
          [],
        ),
        when: 'count(handoff.plan.upgrades) > 0',
      },
      ...checked(
        facts,
        'upgrade',
        'What do these upgrades change for users, and what was adapted wrongly or not at all?',
      ),
      keep: {
        type: 'approval',
        needs: 'accepted',
        question: 'Keep these upgrades?',
        timeout_seconds: 86_400,
      },
    },
    judges: { node: 'review', of: 'upgrade' },
  }),
  audit: () => ({
    defaults: { retry: 1 },
    nodes: {
      survey: {
        role: 'architecture',
        task: 'Divide what is to be audited into at most twelve parts that can be read by themselves. Hand over parts: a list of {name, paths}.',
        outputs: { parts: 'list' },
      },
      audit: {
        role: 'review',
        task: 'Read your part and report defects you can point at, worst first.',
        needs: 'survey',
        for_each: 'handoff.survey.parts',
        max_items: 12,
        on_failure: 'continue',
      },
      secrets: {
        role: 'security',
        task: 'Look for credentials, unsafe defaults and dangerous calls in the whole.',
        needs: 'survey',
      },
      cross_check: {
        role: 'review',
        task: 'Others have reported defects. Try to refute each; keep only those that you can show.',
        needs: ['audit', 'secrets'],
        when: 'audit.succeeded > 0',
      },
      report: {
        role: 'documentation',
        task: 'Write one report from what stood: the worst first, duplicates merged, and which parts were not read.',
        needs: 'cross_check',
        outputs: { report: 'text' },
      },
    },
    judges: { node: 'cross_check', of: 'audit' },
  }),
  review: (facts) => ({
    defaults: { retry: 1 },
    nodes: {
      ...testNode(facts, undefined),
      correctness: {
        role: 'review',
        task: 'Review the changes for defects you can show.',
        ...looking(facts),
      },
      security: {
        role: 'security',
        task: 'Review the changes for what an attacker could use.',
        ...looking(facts),
      },
      cross_check: {
        role: 'review',
        task: 'Others have reviewed these changes. Try to refute each finding; keep only those that you can show, and add what all of them missed.',
        needs: ['correctness', 'security'],
        ...looking(facts),
      },
      verdict: {
        role: 'supervisor',
        task: 'Decide on the changes from the tests and the findings that stood.',
        needs: [...ifTested(facts, 'tests'), 'cross_check'],
      },
      acceptable: {
        type: 'gate',
        needs: [...ifTested(facts, 'tests'), 'cross_check', 'verdict'],
        pass_when: [
          ...ifTested(facts, 'tests.exit_code == 0'),
          'cross_check.findings.blocker == 0',
          'handoff.verdict.verdict in ["approve", "revise"]',
        ],
      },
    },
    judges: { node: 'cross_check', of: 'correctness' },
  }),
  docs: (facts) => ({
    nodes: {
      find: {
        role: 'documentation',
        task: 'Compare the documents with the code. Hand over wrong: a list of {file, what}, for each that says something that is not so or lacks what is asked for.',
        outputs: { wrong: 'list' },
      },
      correct: {
        ...writer(
          { ...facts, tests: undefined, testing: [], code: facts.documents },
          {
            role: 'documentation',
            task: 'Correct this. Say only what you have checked in the code.',
            needs: 'find',
          },
        ),
        // Side by side needs a copy for each, which needs git.
        ...(facts.isGit
          ? { for_each: 'handoff.find.wrong', max_items: 20, isolation: 'worktree' }
          : {}),
      },
      review: {
        role: 'review',
        task: 'Read the corrected documents as somebody who has to act on them. Is each statement so?',
        needs: 'correct',
      },
      accepted: {
        type: 'gate',
        needs: 'review',
        pass_when: ['review.blocking_count == 0', 'review.findings.blocker == 0'],
        on_fail: { retry: 'correct', max_retries: 1 },
      },
    },
    judges: { node: 'review', of: 'correct' },
  }),
};
