import * as z from 'zod';
import { SCHEMA_VERSION } from '../../store/versions.ts';
import type { Progress } from '../progress.ts';
import { snapshot } from '../record.ts';

/**
 * changed_files.json while a run goes on: what its file tools reported. The diff against the snapshot
 * replaces it at the end; only that also knows what shell commands did.
 */
export function reportedChanges({ insight }: Progress): object {
  return {
    schema_version: SCHEMA_VERSION,
    source: 'tool_calls',
    complete: false,
    reported: insight.changed,
    omitted: insight.changed_more,
  };
}

const changedFile = z.object({
  path: z.string(),
  status: z.enum(['added', 'modified', 'deleted', 'renamed', 'typechange', 'mode']),
  /** Lines; null where nobody counts them. */
  added: z.number().nullable(),
  deleted: z.number().nullable(),
  binary: z.boolean(),
  old_path: z.string().optional(),
  /** In our own workspace. */
  artifact: z.boolean(),
  /** `source`: git shows it, or it lies in a repository inside; `git`: in a git directory. */
  area: z.enum(['source', 'artifact', 'ignored', 'git']),
  /** Permission bits (octal), where they differ. */
  perm: z.object({ from: z.string(), to: z.string() }).optional(),
  /** The content of one side was not kept: that it was touched is all that is known. */
  unread: z.literal(true).optional(),
  scope: z.enum(['in', 'out', 'protected']),
  /** In scope because the controller allowed just this write. */
  allowed: z.literal(true).optional(),
  /** In scope because tools rewrite it whenever they are used: ignored caches, what a fetch has seen. */
  generated: z.literal(true).optional(),
  /**
   * `tool`: a file tool of the worker named it. `shell`: it changed while a command of the worker ran.
   * `unattributed`: neither; somebody else edits here, and that is not the worker's fault.
   */
  by: z.enum(['tool', 'shell', 'unattributed']),
});
export type ChangedFile = z.infer<typeof changedFile>;

export const changedFiles = z.object({
  schema_version: z.number(),
  source: z.literal('snapshot'),
  /** False: something may have changed that nobody could see; `not_captured` says where. */
  complete: z.boolean(),
  base: snapshot,
  after: snapshot,
  /** The head of the repository moved; commits that are new, latest first. */
  head: z
    .object({
      from: z.string().nullable(),
      to: z.string().nullable(),
      commits: z.array(z.object({ id: z.string(), subject: z.string() })),
      more: z.literal(true).optional(),
    })
    .optional(),
  files: z.array(changedFile),
  /** Files beyond those listed, all of them ignored or in scope. */
  files_omitted: z.number().optional(),
  not_captured: z.array(z.object({ path: z.string(), reason: z.string() })),
  /** Of source files. */
  totals: z.object({ files: z.number(), added: z.number(), deleted: z.number() }),
  /** Limits of the scope that are exceeded, in words. */
  over_limits: z.array(z.string()),
  /** Files the stored patch does not show, or not wholly. */
  omitted: z.array(
    z.object({ path: z.string(), bytes: z.number().optional(), shown_bytes: z.number() }),
  ),
  truncated: z.boolean(),
});
export type ChangedFiles = z.infer<typeof changedFiles>;
