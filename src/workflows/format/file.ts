import * as z from 'zod';
import { ROLES } from '../../core/vocabulary.ts';
import { LIMITS } from '../limits.ts';
import {
  defaultOnFailure,
  isolation,
  model,
  profile,
  reference,
  retry,
  roleName,
  runBudget,
  timeout,
} from './fields.ts';
import { rawNode } from './nodes.ts';

const defaults = z
  .strictObject({
    profile: profile.optional(),
    model: model.optional(),
    timeout_seconds: timeout.optional(),
    budget: runBudget.optional(),
    isolation: isolation.optional(),
    retry: retry.optional(),
    on_failure: defaultOnFailure.optional(),
    final_only: z.boolean().optional(),
    max_output_bytes: z.int().min(1).optional(),
    max_events_bytes: z.int().min(1).optional().describe('Has no effect; the policy says it.'),
    allow_write: z.boolean().optional().describe('Has no effect: each node says it for itself.'),
  })
  .describe('For every node that does not say otherwise.');

const role = z.strictObject({
  role: z.enum(ROLES).describe('The role it is a kind of.'),
  instructions: z.string().max(8000).optional(),
  profile: profile.optional(),
  model: model.optional(),
  budget: runBudget.optional(),
});

const delegation = z.strictObject({
  from: roleName,
  to: roleName,
  max_runs: z.int().min(1).max(20).optional().describe('Per run of `from`. Default 3.'),
  depth: z.int().min(1).max(3).optional().describe('Default 1: who was launched launches nobody.'),
  share: z
    .number()
    .gt(0)
    .max(0.9)
    .optional()
    .describe('Of its budget, kept for them. Default 0.5.'),
});

/** The budget of all runs of a workflow together. */
const workflowBudget = z
  .strictObject({
    max_usd: z.number().positive().optional(),
    max_tokens: z.int().min(1000).optional(),
    max_runs: z.int().min(1).max(100_000).optional(),
  })
  .describe('Of all runs together.');

/** A workflow file, schema_version 1. */
export const workflowFile = z.strictObject({
  $schema: z.string().optional().describe('For editors.'),
  schema_version: z.literal(1).optional(),
  id: z.string().optional().describe('Its name: letters, digits, "-" and "_".'),
  description: z.string().max(4000).optional(),
  defaults: defaults.optional(),
  roles: z.record(z.string(), role).optional().describe('Roles of your own.'),
  delegate: z.array(delegation).max(50).optional().describe('Who may launch whom.'),
  verify_before: z
    .record(
      z.string(),
      z.union([reference, z.array(reference).min(1)], {
        error: 'must be the id of a node or a list of such ids',
      }),
    )
    .optional()
    .describe('By node: the nodes that must have passed on every way to it.'),
  budget: workflowBudget.optional(),
  timeout_seconds: timeout.optional(),
  max_concurrent: z.int().min(1).max(LIMITS.concurrent).optional().describe('Default 4.'),
  profile_limits: z
    .record(z.string(), z.int().min(1).max(LIMITS.concurrent))
    .optional()
    .describe('Runs at once by profile.'),
  loop_guard: z
    .int()
    .min(1)
    .max(LIMITS.loopGuard)
    .optional()
    .describe('Most rounds: 1 and one for each retry by a gate. Default 50.'),
  nodes: z.record(z.string(), rawNode).describe('By id.'),
});
export type WorkflowFile = z.infer<typeof workflowFile>;
