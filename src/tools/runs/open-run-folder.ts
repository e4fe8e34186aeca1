import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { openFolder } from '../../proc/open-folder.ts';
import { askedRun } from '../asked-run.ts';
import { defineTool } from '../define.ts';
import { cwd, runId } from '../fields.ts';

export default defineTool({
  name: 'cc_open_run_folder',
  area: 'runs',
  kind: 'write',
  summary: 'Path and files of a run folder; opens it in the file manager when asked.',
  input: z.strictObject({
    run_id: runId,
    open_folder: z.boolean().optional().describe('Show it on the desktop; default false.'),
    cwd,
  }),
  output: z.object({
    run_id: z.string(),
    folder: z.string(),
    files: z.array(z.object({ name: z.string(), bytes: z.number() })),
    opened: z.boolean(),
    not_opened_because: z.string().optional(),
  }),
  handler: async (input, context) => {
    const { paths, record } = await askedRun(context, input);
    const files: { name: string; bytes: number }[] = [];
    for (const name of (await readdir(paths.dir)).sort()) {
      const facts = await stat(join(paths.dir, name)).catch(() => undefined); // gone meanwhile
      if (!facts?.isFile() || name.startsWith('.')) continue;
      files.push({ name, bytes: facts.size });
    }
    const opened = input.open_folder ? await openFolder(paths.dir, context.host.env) : undefined;
    return {
      run_id: record.run_id,
      folder: paths.dir,
      files,
      opened: opened?.opened ?? false,
      ...(opened?.reason === undefined ? {} : { not_opened_because: opened.reason }),
    };
  },
});
