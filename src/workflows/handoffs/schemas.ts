import * as z from 'zod';
import type { JsonObject } from '../../core/json.ts';
import { compact } from '../../core/json.ts';
import { ROLES, type Role } from '../../core/vocabulary.ts';
import { HANDOFF_STATUSES } from '../vocabulary.ts';

const text = z.string().max(8000);
const texts = z.array(z.string().max(2000)).max(200);

export const SEVERITIES = ['blocker', 'major', 'minor', 'info'] as const;

const finding = z.looseObject({
  severity: z.enum(SEVERITIES),
  text: z.string().min(1).max(2000),
  file: z.string().max(500).optional(),
  line: z.int().min(1).optional(),
});

/** What each of `findings` of a reviewing role says. */
export const FINDING_FIELDS: readonly string[] = Object.keys(finding.shape);

/** What every worker hands on. */
const BASE = {
  status: z
    .enum(HANDOFF_STATUSES)
    .describe('pass: done; fail: looked at and not good; blocked: could not be done.'),
  summary: z.string().min(1).max(4000).describe('What the next worker has to know.'),
};

/** What a role adds, as in the predecessor. An empty list is an answer, a missing one is none. */
const FIELDS: Readonly<Partial<Record<Role, z.ZodRawShape>>> = {
  requirements: { requirements: texts, boundaries: texts, acceptance_criteria: texts },
  architecture: { touched_files: texts, dependencies: texts, plan: texts, risks: texts },
  development: { changed_files: texts, commands_run: texts },
  implementation: { changed_files: texts, commands_run: texts },
  testing: { tests_run: texts, failures: texts, coverage_gaps: texts },
  review: {
    findings: z.array(finding).max(200),
    blocking_issues: texts.describe('What must be put right first; empty when nothing.'),
    residual_risk: text,
  },
  security: {
    findings: z.array(finding).max(200),
    secret_exposure: text,
    permissions: texts,
    blocking_issues: texts.describe('What must be put right first; empty when nothing.'),
  },
  ops: { deploy_impact: text, rollback: text, observability: text, release_risk: text },
  supervisor: {
    verdict: z.enum(['approve', 'revise', 'block']),
    confidence: z.enum(['low', 'medium', 'high']),
    objections: texts,
    missing_evidence: texts,
  },
};

/** Anything, as long as it is there. */
const anything = z.union([
  z.string(),
  z.number(),
  z.boolean(),
  z.null(),
  z.array(z.unknown()),
  z.record(z.string(), z.unknown()),
]);

/** Types a file can give one of its own `outputs`. */
const OUTPUT_TYPES: Readonly<Record<string, z.ZodType>> = {
  text,
  number: z.number(),
  boolean: z.boolean(),
  list: z.array(z.unknown()).max(1000),
  object: z.record(z.string(), z.unknown()),
};

/** Fields a file asks for beside those of the role: name and one of text, number, boolean, list, object, any. */
export type Outputs = Readonly<Record<string, string>>;

/** The schema of what a worker of this role hands on. Further fields are kept. */
export function handoffSchema(role: Role, outputs: Outputs = {}): z.ZodObject {
  const own = FIELDS[role] ?? {};
  const asked = Object.entries(outputs)
    .filter(([name]) => !Object.hasOwn(own, name) && !Object.hasOwn(BASE, name))
    .map(([name, type]) => [name, OUTPUT_TYPES[type] ?? anything]);
  return z.looseObject({ ...BASE, ...own, ...Object.fromEntries(asked) });
}

/** The same as JSON Schema, for the `--json-schema` of a worker. */
export function handoffJsonSchema(role: Role, outputs: Outputs = {}): JsonObject {
  const { $schema: _, ...schema } = z.toJSONSchema(handoffSchema(role, outputs), {
    target: 'draft-7',
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => leanInPlace(jsonSchema),
  });
  return compact(schema);
}

/** Bounds are checked by us; every byte of a schema is paid by every worker. */
function leanInPlace(schema: Record<string, unknown>): void {
  for (const key of ['maxLength', 'maxItems', 'minLength', 'maximum']) delete schema[key];
  // Naming all types there are says nothing.
  if (Array.isArray(schema.anyOf) && schema.anyOf.length === anything.options.length) {
    for (const key of Object.keys(schema)) delete schema[key];
  }
}

/** Names a handoff of this role has for certain. */
export function handoffFields(role: Role, outputs: Outputs = {}): string[] {
  return Object.keys(handoffSchema(role, outputs).shape);
}

const FIELDS_OF_ROLE = new Map<Role, readonly string[]>();

/** The same without outputs of a file, for those who ask with every look. */
export function roleFields(role: Role): readonly string[] {
  const known = FIELDS_OF_ROLE.get(role) ?? handoffFields(role);
  FIELDS_OF_ROLE.set(role, known);
  return known;
}

export const HANDOFF_ROLES: readonly Role[] = ROLES;
