import * as z from 'zod';
import type { RunPlan, RunRequest } from '../../runs/plan.ts';
import { posture, runScope } from '../../runs/record.ts';
import { runView } from '../../runs/view.ts';
import { lifetimeCaps, runCaps } from '../../workspace/budget-caps.ts';
import type { Place } from '../../workspace/resolve.ts';
import type { ToolContext } from '../define.ts';
import { cwd, model, profile, role } from '../fields.ts';
import { routeView, shortView } from '../profiles/route-view.ts';
import { BRIEF } from '../schema.ts';

/** Largest task; it travels as one line through the worker's stdin. */
const TASK_CHARS = 2_000_000;
const RANKED_SHOWN = 5;

/** Per run, and (`lifetime`) for the task over all runs that continue it. Tokens: from 1000. */
export const budgetInput = runCaps
  .partial()
  .extend({
    lifetime: lifetimeCaps.partial().optional().describe('Over all runs of the task.').meta(BRIEF),
  })
  .optional()
  .describe('Caps.')
  .meta(BRIEF);

/** Globs and shell commands; `!x` takes away. */
export const scopeInput = z.strictObject({
  paths: z.array(z.string().min(1).max(500)).max(100).optional(),
  commands: z.array(z.string().min(1).max(1000)).max(100).optional(),
  max_files: z.int().min(1).optional(),
  max_lines: z.int().min(1).optional(),
});

/** What both starting tools take. Kept short: every byte is sent to every controller. */
export const runInput = z.strictObject({
  task: z.string().min(1).max(TASK_CHARS).describe('What to do, verbatim.'),
  role,
  template: z
    .strictObject({
      name: z.string().max(60),
      variables: z.record(z.string(), z.string().max(TASK_CHARS)).optional(),
    })
    .optional()
    .describe('Of cc_prompt_pack; task fills it in.')
    .meta(BRIEF),
  allow_write: z.boolean().optional().describe('Let it change files; default read-only.'),
  scope: scopeInput
    .optional()
    .describe('Globs it may change; commands exact, `prefix *`, `*`.')
    .meta(BRIEF),
  isolation: z.enum(['shared', 'worktree']).optional(),
  budget: budgetInput,
  ask: z.boolean().optional().describe('It may ask you, and waits.'),
  final_only: z.boolean().optional().describe('Record its result only.'),
  context: z.string().max(TASK_CHARS).optional().describe('Facts to pass along.'),
  profile,
  model,
  cwd,
  fallback: z.boolean().optional().describe('Move on if the provider fails.'),
  project_guidance: z.boolean().optional().describe('Pass on CLAUDE.md/AGENTS.md; default true.'),
  output_schema: z.record(z.string(), z.unknown()).optional().describe('JSON Schema.').meta(BRIEF),
  idempotency_key: z.string().min(1).max(200).optional().describe('Never starts it twice.'),
  wake: z.boolean().optional().describe('Wake this Codex thread at its end.'),
  dry_run: z.boolean().optional().describe('Plan only.'),
});

/** What a starting tool was given; each takes a part of it. */
export type RunInput = Partial<z.output<typeof runInput>> & { task: string };

export const planned = z.object({
  dry_run: z.literal(true),
  cwd: z.string(),
  workspace: z.string(),
  role: z.string(),
  profile: z.string(),
  model: z.string().nullable(),
  reason: z.string(),
  /** The best few; cc_pick_profile with explain shows all. */
  ranked: z.array(routeView),
  scope: runScope.nullable(),
  /** What would hold the worker, and what that does not see. */
  posture: posture.optional(),
  budget: z.record(z.string(), z.unknown()),
  guidance_files: z.array(z.string()),
  worker: z.object({ path: z.string(), version: z.string() }),
  /** Names only; values may be secret. */
  env: z.array(z.string()),
  task_sha256: z.string(),
});

export const launched = runView.partial().extend({
  ...planned.partial().shape,
  existing: z.literal(true).optional(),
  /** The copy of the project it works in; cc_apply_run brings its result in. */
  worktree: z.string().optional(),
  /** What is not held, where that matters. */
  not_enforced: z.string().optional(),
});

export function requestOf(input: RunInput, context: ToolContext): RunRequest {
  return {
    task: input.task,
    context: input.context,
    role: input.role,
    template: input.template,
    profile: input.profile,
    model: input.model,
    allowWrite: input.allow_write,
    scope: input.scope,
    isolation: input.isolation,
    budget: input.budget,
    ask: input.ask,
    finalOnly: input.final_only,
    projectGuidance: input.project_guidance,
    outputSchema: input.output_schema,
    fallback: input.fallback,
    idempotencyKey: input.idempotency_key,
    client: context.client.name,
    threadId: context.client.threadId,
    codexPath: context.client.codexPath,
    wake: input.wake,
  };
}

export function planView({ record, pick }: RunPlan, place: Place): z.input<typeof launched> {
  return {
    dry_run: true,
    cwd: place.cwd,
    workspace: place.workspace.root,
    role: record.role,
    profile: record.profile.id,
    model: record.model,
    reason: record.pick_reason,
    ranked: pick.ranked.slice(0, RANKED_SHOWN).map(shortView),
    scope: record.scope,
    posture: record.posture,
    budget: record.budget,
    guidance_files: record.guidance_files,
    worker: { path: record.worker.path, version: record.worker.version },
    env: record.worker.env,
    task_sha256: record.task_sha256,
  };
}
