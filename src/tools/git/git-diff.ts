import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { CcError } from '../../core/errors.ts';
import { lazy } from '../../core/lazy.ts';
import { isFinal } from '../../core/vocabulary.ts';
import { diffWorkingTree } from '../../git/diff.ts';
import { askedRun } from '../asked-run.ts';
import { defineTool, type ToolContext } from '../define.ts';
import { cwd } from '../fields.ts';

const loadHiding = /* @__PURE__ */ lazy(() => import('../../runs/secrets/source-redactor.ts'));

export default defineTool({
  name: 'cc_git_diff',
  area: 'git',
  kind: 'read',
  summary:
    'Diff (patch) of what a run changed, or of the uncommitted changes of the project, untracked files included.',
  input: z.strictObject({
    run_id: z.string().max(64).optional().describe('Only what this run changed.'),
    cwd,
    limit_bytes: z
      .int()
      .min(500)
      .max(36_000)
      .optional()
      .describe('Patch bytes, 500-36000, default 12000.'),
  }),
  output: z.object({ text: z.string() }),
  format: 'text',
  maxBytes: 40_000,
  handler: async (input, context) => {
    const limit = input.limit_bytes ?? 12_000;
    const hide = await (await loadHiding()).sourceRedactor(context.host);
    if (input.run_id !== undefined)
      return { text: hide(await runDiff(input.run_id, input.cwd, limit, context)) };
    const place = await context.place(input.cwd);
    const diff = await diffWorkingTree(place.cwd, {
      env: context.host.env,
      maxPatchBytes: limit,
      signal: context.signal,
    });
    if (diff.files.length === 0) return { text: 'No uncommitted changes.' };
    const lines = [...diff.files.map(fileLine), '', diff.patch, ...omittedNote(diff.omitted)];
    return { text: hide(lines.join('\n')) };
  },
});

const changes = z.object({
  error: z.string().optional(),
  files: z
    .array(
      z.object({
        path: z.string(),
        status: z.string(),
        added: z.number().nullable(),
        deleted: z.number().nullable(),
      }),
    )
    .optional(),
});

async function runDiff(
  runId: string,
  cwd: string | undefined,
  limit: number,
  context: ToolContext,
): Promise<string> {
  const { record, paths } = await askedRun(context, { run_id: runId, cwd });
  if (record.scope === null) return 'This run was read-only; it could not change files.';
  if (!isFinal(record.state)) {
    throw new CcError(
      'BUSY',
      `Run ${runId} is ${record.state}; its diff is taken when it has ended.`,
      {
        hint: 'Wait with cc_wait_runs, or leave run_id out to see the uncommitted changes now.',
        retryable: true,
      },
    );
  }
  const file = await readFile(paths.changedFiles, 'utf8').catch(() => undefined);
  const facts = file === undefined ? undefined : changes.parse(JSON.parse(file));
  if (facts === undefined || facts.error !== undefined || facts.files === undefined) {
    throw new CcError(
      'NOT_A_GIT_REPOSITORY',
      `What run ${runId} changed is unknown: ${facts?.error ?? 'there was no git repository to compare with'}.`,
      {
        hint: 'Run `git init` in the project and commit once; later runs can then be compared.',
      },
    );
  }
  if (facts.files.length === 0) return 'This run changed no file.';
  const patch = await readFile(paths.diff, 'utf8');
  const lines = [...facts.files.map(fileLine), ''];
  const shown = patch.slice(0, limit);
  const note = shown.length < patch.length ? [`[the whole patch: ${paths.diff}]`] : [];
  return [
    ...lines,
    shown.slice(0, shown.length < patch.length ? shown.lastIndexOf('\n') : undefined),
    ...note,
  ].join('\n');
}

function fileLine(file: {
  path: string;
  status: string;
  added: number | null;
  deleted: number | null;
}): string {
  const counts = file.added === null ? 'binary' : `+${file.added} -${file.deleted ?? 0}`;
  return `${file.status} ${file.path} (${counts})`;
}

function omittedNote(omitted: readonly { path: string }[]): string[] {
  if (omitted.length === 0) return [];
  return [
    `[not or not wholly shown: ${omitted
      .slice(0, 20)
      .map(({ path }) => path)
      .join(', ')}]`,
  ];
}
