import * as z from 'zod';
import { CcError } from '../../core/errors.ts';
import { readJson, writeJsonAtomic } from '../../store/atomic.ts';
import { SCHEMA_VERSION } from '../../store/versions.ts';
import type { Workspace } from '../../workspace/layout.ts';
import { WORKFLOW_STATES } from '../vocabulary.ts';
import { type WorkflowPaths, workflowPaths } from './paths.ts';

/** `metadata.json`: what a workflow is, and how it ended. Everything in it may be shown. */
export const workflowRecord = z.object({
  schema_version: z.number(),
  workflow_id: z.string(),
  /** `id` of the file. */
  plan_id: z.string(),
  description: z.string().nullable(),
  /** As it was named. */
  file: z.string(),
  /** It came as text: `file` is only a name. */
  from_text: z.literal(true).optional(),
  task: z.string(),
  created: z.string(),
  workspace: z.string(),
  cwd: z.string(),
  /** The user home that started it and holds its private files. */
  home: z.string(),
  client: z.string().optional(),
  thread_id: z.string().optional(),
  /** No worker is started and nothing costs anything. */
  mock: z.boolean(),
  /** How long each mock run takes. */
  mock_ms: z.number().optional(),
  /** It is a node of another one. */
  parent: z.object({ workflow_id: z.string(), key: z.string() }).nullable(),
  idempotency_key: z.string().nullable(),
  plan_sha256: z.string(),
  /** Of the task, word for word. */
  task_sha256: z.string(),
  limits: z.object({
    max_usd: z.number().optional(),
    max_tokens: z.number().optional(),
    max_runs: z.number().optional(),
  }),
  nodes: z.number(),
  /** How it ended last; absent while it goes on. */
  end: z
    .object({ state: z.enum(WORKFLOW_STATES), reason: z.string(), time: z.string() })
    .optional(),
  /** Its files are damaged: nobody can carry it on. */
  broken: z.string().optional(),
});
export type WorkflowRecord = z.infer<typeof workflowRecord>;

export type FoundWorkflow = {
  workspace: Workspace;
  paths: WorkflowPaths;
  record: WorkflowRecord;
};

export async function readWorkflowRecord(
  workspace: Workspace,
  workflowId: string,
): Promise<WorkflowRecord> {
  const paths = workflowPaths(workspace, workflowId);
  const value = await readJson(paths.metadata);
  if (value === undefined) {
    throw new CcError('NOT_FOUND', `No workflow ${workflowId} in this project.`, {
      hint: 'Leave workflow_id out for the newest one, or pass cwd of its project.',
    });
  }
  const parsed = workflowRecord.safeParse(value);
  if (parsed.success) return parsed.data;
  const newer = z.object({ schema_version: z.number() }).safeParse(value).data?.schema_version ?? 0;
  if (newer > SCHEMA_VERSION) {
    throw new CcError('FORMAT_TOO_NEW', `${workflowId} was written in format ${newer}.`, {
      hint: 'Use the cc-orchestrator version that wrote it.',
    });
  }
  throw new CcError('STORAGE_CORRUPT', `${paths.metadata} is not the record of a workflow.`, {
    hint: 'Something else changed the file; its journal tells what happened.',
    details: { problem: z.prettifyError(parsed.error).slice(0, 400) },
  });
}

/** Undefined for one that can go on. */
export function brokenOf({
  broken,
  cwd,
}: WorkflowRecord): { why: string; cwd: string } | undefined {
  return broken === undefined ? undefined : { why: broken, cwd };
}

export function writeWorkflowRecord(paths: WorkflowPaths, record: WorkflowRecord): Promise<void> {
  return writeJsonAtomic(paths.metadata, record, { durable: true });
}
