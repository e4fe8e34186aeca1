import { existsSync } from 'node:fs';
import * as z from 'zod';
import { CcError } from '../../core/errors.ts';
import { lazy } from '../../core/lazy.ts';
import { archivesOf } from '../../runs/archive/places.ts';
import { sharedPaths } from '../../workspace/layout.ts';
import { defineTool } from '../define.ts';
import { cwd } from '../fields.ts';

const loadArchive = /* @__PURE__ */ lazy(() => import('../../runs/archive/archive.ts'));
const loadRestore = /* @__PURE__ */ lazy(() => import('../../runs/archive/restore.ts'));

/** A client waits a minute; what is left then goes with the next call. */
const LONGEST_MS = 25_000;
const DEFAULT_DAYS = 30;

export default defineTool({
  name: 'cc_archive_runs',
  area: 'workspace',
  kind: 'destructive',
  summary: 'Pack old ended runs into archives, or restore one; a preview unless apply.',
  input: z.strictObject({
    apply: z.boolean().optional(),
    older_than_days: z.int().min(0).max(3650).optional().describe('Default 30.'),
    run_ids: z.array(z.string().max(64)).min(1).max(100).optional(),
    restore: z.string().max(64).optional().describe('Run id.'),
    cwd,
  }),
  output: z.object({
    applied: z.boolean(),
    /** Packed and removed, or to be. */
    run_count: z.number(),
    bytes: z.number(),
    runs: z.array(
      z.object({
        run_id: z.string(),
        ended: z.string(),
        bytes: z.number(),
        archive: z.string().optional(),
        archive_bytes: z.number().optional(),
      }),
    ),
    /** All archives of this project. */
    archives: z.object({ count: z.number(), bytes: z.number() }),
    /** Not archived yet, because their task goes on or the time was up; call again. */
    left: z.number().optional(),
    restored: z.object({ run_id: z.string(), folder: z.string() }).optional(),
  }),
  handler: async (input, context) => {
    const { host, signal } = context;
    const { apply = false, restore } = input;
    const { workspace } = await context.place(input.cwd);
    const answer = async (runs: readonly { bytes: number }[] = []) => {
      const archives = await archivesOf(workspace);
      return {
        applied: apply || restore !== undefined,
        run_count: runs.length,
        bytes: sumOf(runs),
        archives: { count: archives.length, bytes: sumOf(archives) },
      };
    };
    if (restore !== undefined) {
      if (apply || input.run_ids !== undefined || input.older_than_days !== undefined) {
        throw new CcError('BAD_INPUT', 'restore goes alone (with cwd).', {
          hint: 'Leave the other arguments out.',
        });
      }
      const { restoreRun } = await loadRestore();
      const folder = await restoreRun(host, workspace, restore);
      return { ...(await answer()), runs: [], restored: { run_id: restore, folder } };
    }
    const { archiveRuns, previewArchiving } = await loadArchive();
    const choice =
      input.run_ids === undefined
        ? { olderThanDays: input.older_than_days ?? DEFAULT_DAYS }
        : { runIds: input.run_ids };
    if (!existsSync(sharedPaths(workspace).workspaceFile) && input.run_ids === undefined) {
      return { ...(await answer()), runs: [] };
    }
    if (!apply) {
      const runs = await previewArchiving(host, workspace, choice);
      return { ...(await answer(runs)), runs };
    }
    const until = host.clock.monotonic() + LONGEST_MS;
    const isOver = () => signal.aborted || host.clock.monotonic() > until;
    const { runs, left } = await archiveRuns(host, workspace, choice, isOver);
    return { ...(await answer(runs)), runs, ...(left > 0 ? { left } : {}) };
  },
});

function sumOf(items: readonly { bytes: number }[]): number {
  return items.reduce((sum, { bytes }) => sum + bytes, 0);
}
