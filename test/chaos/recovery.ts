import type { FoundRun } from '../../src/runs/find.ts';
import { recoverAll } from '../../src/runs/recover-all.ts';
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
    case 'library': {
      const { signal } = new AbortController();
      await recoverAll(stage.host, { thorough: run.workspace, signal });
      return;
    }
    case 'cli':
      await command(stage.lab, 'recover-runs').answer;
      return;
    case 'server': {
      const server = await LabServer.start(stage.lab);
      try {
        await server.call('cc_recover_runs', { cwd: stage.lab.project });
      } finally {
        server.kill();
      }
      return;
    }
    case 'two_at_once':
      await Promise.all([recover(stage, run, 'library'), recover(stage, run, 'cli')]);
  }
}
