import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRedactor } from '../../core/redact.ts';
import { neutralise } from '../../core/text.ts';
import { profileHostOf } from '../../profiles/host-of.ts';
import { knownSecrets } from '../../profiles/resolve-credentials.ts';
import type { Host } from '../../workspace/host.ts';
import type { FoundWorkflow } from './record.ts';

/**
 * What to say to somebody who goes on with a workflow after having changed its file: a plan is compiled
 * once, so what was changed has no effect. Undefined where it is as it was, is not there, or was none: a
 * part comes out of the plan it belongs to, and a text has only a name.
 */
export async function changedSource(
  host: Host,
  { paths, record }: FoundWorkflow,
): Promise<string | undefined> {
  if (record.parent !== null || record.from_text === true) return undefined;
  const [was, is] = await Promise.all(
    [paths.source, join(record.cwd, record.file)].map((path) =>
      readFile(path, 'utf8').catch(() => undefined),
    ),
  );
  if (was === undefined || was === '' || is === undefined) return undefined;
  const redact = createRedactor(await knownSecrets(profileHostOf(host)).catch(() => []));
  if (redact(neutralise(is)) === was) return undefined;
  return `${record.file} was changed since; this goes on as it was started. cc_workflow_run starts the changed file anew.`;
}
