import * as z from 'zod';
import { FAILURE_CLASSES } from '../../core/vocabulary.ts';
import { LEAST_CAPS, runCaps } from '../../workspace/budget-caps.ts';
import { LIMITS } from '../limits.ts';

/** The fields of a workflow file that several kinds of nodes share, described for editors. */
export const reference = z.string().max(200);

export const needs = z
  .union([reference, z.array(reference).max(LIMITS.needs)], {
    error: 'must be the id of a node or a list of such ids',
  })
  .describe('Nodes that have to be through first.');

export const expression = z.string().max(LIMITS.expressionChars);

export const profile = z.string().min(1).max(200).describe('Profile id or name; else routed.');
export const model = z.string().min(1).max(200).describe('Model id; else routed.');

const seconds = z
  .int()
  .min(1)
  .max(7 * 86_400);
export const timeout = seconds.describe(
  `Seconds after which it is ended; a worker has at least ${LEAST_CAPS.wall_seconds}.`,
);

/** Caps of one run; the policy fills in the rest. */
export const runBudget = runCaps.partial().describe('Caps of each run.');
export type NodeBudget = z.infer<typeof runBudget>;

export const isolation = z
  .enum(['shared', 'worktree'])
  .describe('Where it works: the project itself, or a worktree of its own.');

export const retry = z
  .union(
    [
      z.int().min(0).max(LIMITS.retries),
      z.strictObject({
        max_retries: z.int().min(0).max(LIMITS.retries),
        backoff_seconds: z.number().min(0).max(3600).optional().describe('Doubles each time.'),
        on: z
          .array(z.enum(FAILURE_CLASSES))
          .min(1)
          .optional()
          .describe('Failure classes; else those that can pass by themselves.'),
      }),
    ],
    { error: 'must be a number of retries or {max_retries, backoff_seconds, on}' },
  )
  .describe('Further attempts after a failure.');

const outcomes = z.enum(['fail', 'continue', 'skip_dependents']);

/** A node that handles a failure is there for one node, so it is no default. */
export const defaultOnFailure = outcomes.describe('Of runs, commands and workflows.');

export const onFailure = z
  .union([outcomes, z.strictObject({ run: reference.describe('Node that runs only then.') })], {
    error: 'must be fail, continue, skip_dependents or {run: <node>}',
  })
  .describe('What a final failure means for the rest. Default: fail.');

/** Of every node. */
export const common = {
  description: z.string().max(2000).optional(),
  needs: needs.optional(),
  when: expression.optional().describe('Condition; the node is skipped when it is false.'),
  on_failure: onFailure.optional(),
  timeout_seconds: timeout.optional(),
};

const scalar = z.union([z.string().max(500), z.number(), z.boolean()], {
  error: 'must be a text, a number or a boolean',
});

/** Of nodes that can become several tasks. */
export const expansion = {
  for_each: expression.optional().describe('A list, e.g. handoff.audit.files: one task per entry.'),
  max_items: z.int().min(1).max(LIMITS.items).optional(),
  matrix: z
    .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,39}$/), z.array(scalar).min(1).max(100))
    .optional()
    .describe('One task per combination of the values.'),
};

export const roleName = z.string().min(1).max(64);
