import type { Host } from '../../workspace/host.ts';
import { forgetActive, rememberActive } from '../instances/active.ts';
import { type EndedWith, endLaunched } from '../instances/end-launched.ts';
import { type FoundWorkflow, writeWorkflowRecord } from '../instances/record.ts';

const MARK = ' What it had launched: ';
const TOLD = new RegExp(`${MARK}.*$`);
const NAMED = 20;

/**
 * Nobody can carry it on: its record says so at once, then what it has launched is ended. Until that is
 * done it stays in the index of those that need somebody, so that whoever looks next does the rest.
 */
export async function giveUpWorkflow(host: Host, found: FoundWorkflow, why: string): Promise<void> {
  const { workspace, paths, record } = found;
  const { workflow_id } = record;
  const broken = why.replace(TOLD, '').replace(/\.?$/, '.');
  await rememberActive(workspace, paths);
  await writeWorkflowRecord(paths, { ...record, broken });
  const result = await endLaunched(host, workspace, workflow_id);
  await writeWorkflowRecord(paths, { ...record, broken: `${broken}${MARK}${told(result)}` });
  if (result.left.length === 0) await forgetActive(paths);
}

function told({ ended, left }: EndedWith): string {
  const did = ended.length === 0 ? '' : `ended ${listed(ended)}; `;
  if (left.length === 0) return `${did}nothing of it runs any more.`;
  return `${did}could not be ended: ${listed(left)}. The next look tries again.`;
}

function listed(names: readonly string[]): string {
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  return `${[...names].sort().slice(0, NAMED).join(', ')}${more}`;
}
