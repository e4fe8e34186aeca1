import type { FoundRun } from '../../src/runs/find.ts';
import { lookAt } from '../../src/runs/view.ts';
import { TOOLS } from '../../src/tools/registry.ts';
import { LabServer } from '../support/server.ts';
import { command } from './faces.ts';
import type { Scene } from './plan.ts';
import type { Stage } from './stage.ts';

/** The pass over all runs where there is one; else looking at them recovers them, too. */
const PASS = TOOLS.some(({ name }) => name === 'cc_recover_runs')
  ? { tool: 'cc_recover_runs', command: 'recover-runs' }
  : { tool: 'cc_run_status', command: 'run-status' };

/** One recovery of everything in the project, by the given face. */
export async function recover(
  stage: Stage,
  run: FoundRun,
  place: Scene['recovery'],
): Promise<void> {
  switch (place) {
    case 'library':
      await lookAt(stage.host, await stage.lab.find(run.record.run_id));
      return;
    case 'cli':
      await command(stage.lab, PASS.command).answer;
      return;
    case 'server': {
      const server = await LabServer.start(stage.lab);
      try {
        await server.call(PASS.tool, { cwd: stage.lab.project });
      } finally {
        server.kill();
      }
      return;
    }
    case 'two_at_once':
      await Promise.all([recover(stage, run, 'library'), recover(stage, run, 'cli')]);
  }
}
