import { ensureWorkflowSupervised } from '../../src/workflows/instances/ensure.ts';
import { findWorkflow } from '../../src/workflows/instances/find.ts';
import { readJournal } from '../../src/workflows/instances/journal.ts';
import { launchWorkflow } from '../../src/workflows/instances/launch.ts';
import { readWorkflow } from '../../src/workflows/instances/read.ts';
import type { Plan } from '../../src/workflows/plan.ts';
import type { Lab } from '../support/lab.ts';

const END_MS = 60_000;

/** Milliseconds of a whole run with mock workers. */
export type MockRun = {
  /** From the first line of its journal to the last one: what the supervisor took for it. */
  journal: number;
  /** From the call that started it until its end was on disk, its supervisor's start included. */
  all: number;
};

/** A run as users start it, in a process of its own with journal and state; only the workers are mock. */
export async function mockRun(lab: Lab, plan: Plan): Promise<MockRun> {
  const [host, place] = [lab.host(), lab.place()];
  const begin = performance.now();
  const request = { plan, sources: [''], task: 'bench', mock: true };
  const { record } = await launchWorkflow(host, place, request);
  const { workflow_id } = record;
  const end = await lab.until(
    async () => {
      const found = await findWorkflow(host, place, workflow_id);
      if (found.record.end !== undefined) return found;
      // Cheap, and a run that lost its supervisor would otherwise be waited for in vain.
      await ensureWorkflowSupervised(host, await readWorkflow(place.workspace, workflow_id));
      return undefined;
    },
    `${workflow_id} to end`,
    END_MS,
  );
  const all = performance.now() - begin;
  if (end.record.end?.state !== 'succeeded') throw new Error(`it ended ${end.record.end?.state}`);
  const { lines } = readJournal(end.paths.journal, undefined);
  const [first, last] = [lines.at(0), lines.at(-1)];
  if (first === undefined || last === undefined) throw new Error('its journal is empty');
  return { journal: Date.parse(last.time) - Date.parse(first.time), all };
}
