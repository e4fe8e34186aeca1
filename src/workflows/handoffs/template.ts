import type { JsonObject } from '../../core/json.ts';
import type { Role } from '../../core/vocabulary.ts';
import { handoffJsonSchema, type Outputs } from './schemas.ts';

export type HandoffTemplate = { role: Role; schema: JsonObject; example: JsonObject };

/** The form a worker of this role fills in: its JSON Schema and a filled-in example that satisfies it. */
export function handoffTemplate(role: Role, outputs: Outputs = {}): HandoffTemplate {
  const example = { ...EXAMPLE, ...EXAMPLES[role] };
  const asked = Object.fromEntries(
    Object.entries(outputs)
      .filter(([name]) => !Object.hasOwn(example, name))
      .map(([name, type]) => [name, SAMPLES[type] ?? '…']),
  );
  return { role, schema: handoffJsonSchema(role, outputs), example: { ...example, ...asked } };
}

const EXAMPLE = { status: 'pass', summary: 'Read the parser; one function does two things.' };

const SAMPLES: Readonly<Record<string, unknown>> = {
  text: '…',
  number: 0,
  boolean: true,
  list: [],
  object: {},
};

const FINDING = {
  severity: 'major',
  text: 'An empty list makes it throw.',
  file: 'src/parse.ts',
  line: 12,
};

const EXAMPLES: Readonly<Partial<Record<Role, JsonObject>>> = {
  requirements: {
    requirements: ['Keep the public functions as they are'],
    boundaries: ['src/parse.ts only'],
    acceptance_criteria: ['npm test passes'],
  },
  architecture: {
    touched_files: ['src/parse.ts'],
    dependencies: [],
    plan: ['Split reading from checking'],
    risks: ['Error texts may change'],
  },
  development: { changed_files: ['src/parse.ts'], commands_run: ['npm test: exit 0'] },
  implementation: { changed_files: ['src/parse.ts'], commands_run: ['npm test: exit 0'] },
  testing: { tests_run: ['npm test: 41 passed'], failures: [], coverage_gaps: ['Windows paths'] },
  review: { findings: [FINDING], blocking_issues: [], residual_risk: 'Low.' },
  security: {
    findings: [FINDING],
    secret_exposure: 'None found.',
    permissions: [],
    blocking_issues: [],
  },
  ops: {
    deploy_impact: 'None.',
    rollback: 'Revert the change.',
    observability: 'Unchanged.',
    release_risk: 'Low.',
  },
  supervisor: { verdict: 'approve', confidence: 'high', objections: [], missing_evidence: [] },
};
