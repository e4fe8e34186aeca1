import * as z from 'zod';
import { diffWorkingTree } from '../../git/diff.ts';
import { patchOfRun } from '../../runs/changes/patch.ts';
import { changeLine } from '../../runs/changes/summarise.ts';
import { askedRun } from '../asked-run.ts';
import { defineTool } from '../define.ts';
import { cwd } from '../fields.ts';
import { withoutSecrets } from './without-secrets.ts';

const DEFAULT_BYTES = 12_000;
const OMITTED_NAMED = 20;

export default defineTool({
  name: 'cc_git_diff',
  area: 'git',
  kind: 'read',
  title: 'Show the diff of a run',
  summary:
    'Diff (patch) of what a run changed, also while it runs, or of the uncommitted changes of the project, untracked files included.',
  input: z.strictObject({
    run_id: z.string().max(64).optional().describe('Only what this run changed.'),
    paths: z
      .array(z.string().max(4096))
      .max(50)
      .optional()
      .describe('Only these files or directories.'),
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
    const { run_id, paths } = input;
    const { signal, host } = context;
    const maxPatchBytes = input.limit_bytes ?? DEFAULT_BYTES;
    const only = paths?.map(asGitPath);
    if (run_id !== undefined) {
      const run = await askedRun(context, { run_id, cwd: input.cwd });
      const shown = await patchOfRun(host, run, { maxPatchBytes, signal, ...(only && { only }) });
      const nothing =
        run.record.scope === null
          ? 'This run was read-only; it could not change files.'
          : 'This run changed no file.';
      return withoutSecrets(host, { text: asText(shown, nothing) });
    }
    const place = await context.place(input.cwd);
    const diff = await diffWorkingTree(place.cwd, {
      env: host.env,
      maxPatchBytes,
      signal,
      ...(only && { paths: only }),
    });
    return withoutSecrets(host, { text: asText(diff, 'No uncommitted changes.') });
  },
});

type Shown = {
  files: readonly Parameters<typeof changeLine>[0][];
  patch: string;
  omitted: readonly { path: string }[];
};

function asText({ files, patch, omitted }: Shown, nothing: string): string {
  if (files.length === 0) return nothing;
  const names = omitted.slice(0, OMITTED_NAMED).map(({ path }) => path);
  const more = omitted.length > names.length ? `, … ${omitted.length - names.length} more` : '';
  const note = names.length === 0 ? [] : [`[not or not wholly shown: ${names.join(', ')}${more}]`];
  return [...files.map(changeLine), '', patch, ...note].join('\n');
}

/** `./src/` and `src` are the same place. */
function asGitPath(path: string): string {
  return path
    .replaceAll('\\', '/')
    .replace(/^(?:\.\/)+/, '')
    .replace(/\/+$/, '')
    .replace(/^\.$/, '');
}
