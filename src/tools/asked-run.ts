import { type FoundRun, findRun } from '../runs/find.ts';
import type { ToolContext } from './define.ts';

/** The run a call names: in the project of its `cwd` first, where it gave one, else wherever it is. */
export async function askedRun(
  { host, place }: ToolContext,
  { run_id, cwd }: { run_id: string; cwd?: string | undefined },
): Promise<FoundRun> {
  const near = cwd === undefined ? undefined : (await place(cwd)).workspace;
  return findRun(host, run_id, near);
}
