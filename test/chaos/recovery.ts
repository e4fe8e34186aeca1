import type { FoundRun } from '../../src/runs/find.ts';
import { lookAt } from '../../src/runs/view.ts';
import { LabServer } from '../support/server.ts';
import { command } from './faces.ts';
import type { Scene } from './plan.ts';
import type { Stage } from './stage.ts';

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
      await command(stage.lab, 'run-status').answer;
      return;
    case 'server': {
      const server = await LabServer.start(stage.lab);
      await server.call('cc_run_status', { cwd: stage.lab.project });
      server.kill();
      return;
    }
    case 'two_at_once':
      await Promise.all([recover(stage, run, 'library'), recover(stage, run, 'cli')]);
  }
}
