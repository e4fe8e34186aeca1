import * as z from 'zod';
import { LIMITS } from '../limits.ts';
import { HANDOFF_STATUSES } from '../vocabulary.ts';
import {
  common,
  expansion,
  expression,
  isolation,
  model,
  profile,
  reference,
  retry,
  roleName,
  runBudget,
} from './fields.ts';

const globs = z.array(z.string().min(1).max(500)).max(100);

const writeScope = z
  .strictObject({
    allow: globs.describe(
      'Globs it may change; a directory ends with /. [] for one that only runs its commands.',
    ),
    deny: globs.optional(),
    commands: z.array(z.string().min(1).max(1000)).max(100).optional(),
    max_diff_lines: z.int().min(1).optional(),
    max_files: z.int().min(1).optional(),
  })
  .describe('What it may change and run.');

const verify = z
  .union(
    [
      z.boolean(),
      z.strictObject({
        test_commands: z.array(z.string().min(1).max(1000)).max(20).optional(),
        at_least: z.enum(['investigate', 'accept']).optional().describe('Default: investigate.'),
      }),
    ],
    { error: 'must be true, false or {test_commands, at_least}' },
  )
  .describe('Our own check of the run. Default: on for runs that may write.');

const status = z.enum(HANDOFF_STATUSES);

/** A worker run. */
const agent = z.strictObject({
  type: z.enum(['agent', 'worker']).optional(),
  ...common,
  role: roleName.describe('A role, or one of `roles`.'),
  task: z.string().max(LIMITS.taskChars).optional().describe('Default: the task of the workflow.'),
  outputs: z
    .union([z.string(), z.array(z.string()), z.record(z.string(), z.unknown())], {
      error: 'must be a list of names, or a map of names and types',
    })
    .optional()
    .describe('Fields its handoff must have beside those of its role.'),
  allow_write: z.boolean().optional().describe('It may change files of write_scope.'),
  write_scope: writeScope.optional(),
  profile: profile.optional(),
  model: model.optional(),
  budget: runBudget.optional(),
  isolation: isolation.optional(),
  retry: retry.optional(),
  final_only: z.boolean().optional(),
  verify: verify.optional(),
  ...expansion,
  mock_status: status.optional(),
  mock_status_sequence: z.array(status).optional(),
  mock_missing_handoff: z.array(z.string()).optional(),
});

/** Conditions over what was found so far. */
const gate = z.strictObject({
  type: z.literal('gate'),
  ...common,
  pass_when: z
    .union([expression, z.array(expression).max(50)], {
      error: 'must be an expression or a list of expressions',
    })
    .optional()
    .describe('All have to hold. Default: every need passed and names nothing that blocks.'),
  on_fail: z
    .strictObject({
      retry: reference.describe('Node to go back to; it gets the reasons.'),
      max_retries: z.int().min(0).max(LIMITS.retries),
    })
    .optional(),
});

/** A person, or the controller, decides. */
const approval = z.strictObject({
  type: z.literal('approval'),
  ...common,
  question: z.string().min(1).max(4000).describe('What is to be decided.'),
});

/** A command, no model. */
const command = z.strictObject({
  type: z.literal('command'),
  ...common,
  command: z
    .union([z.string().min(1).max(4000), z.array(z.string().max(4000)).min(1).max(200)], {
      error: 'must be a shell line or a list of program and arguments',
    })
    .describe('A list is run as it is; a text goes through the shell.'),
  directory: z.string().max(500).optional().describe('Relative to the project.'),
  isolation: isolation.optional(),
  retry: retry.optional(),
  ...expansion,
});

/** Another workflow file. */
const workflow = z.strictObject({
  type: z.literal('workflow'),
  ...common,
  uses: z.string().min(1).max(500).describe('File, relative to this one and not outside.'),
  task: z.string().max(LIMITS.taskChars).optional(),
  retry: retry.optional(),
  ...expansion,
});

export const rawNode = z.discriminatedUnion('type', [agent, gate, approval, command, workflow]);

export type RawAgent = z.infer<typeof agent>;
export type RawGate = z.infer<typeof gate>;
export type RawApproval = z.infer<typeof approval>;
export type RawCommand = z.infer<typeof command>;
export type RawSubWorkflow = z.infer<typeof workflow>;
export type RawNode = z.infer<typeof rawNode>;
/** Any field of any kind of node, for the checks that concern several. */
export type AnyNode = Partial<
  Omit<RawAgent, 'type'> &
    Omit<RawGate, 'type'> &
    Omit<RawApproval, 'type'> &
    Omit<RawCommand, 'type'> &
    Omit<RawSubWorkflow, 'type'>
>;
