import { compact } from '../../core/json.ts';
import { CommandCarriers } from '../commands/carriers.ts';
import type { Effect } from '../core/effects.ts';
import { entryBeside } from '../instances/entry-beside.ts';
import { privateWorkflowPaths, workflowPaths } from '../instances/paths.ts';
import type { EffectHost, Effector } from './effector.ts';

/** Beside the supervisor. */
const FILE = 'command.js';

/** The commands of one workflow. */
export class Commands implements Effector {
  readonly #commands: CommandCarriers;

  constructor({ host, place, record, plan, instance, report }: EffectHost) {
    const { file, args } = host.supervisor;
    const { workspace, cwd } = place;
    this.#commands = new CommandCarriers({
      entry: { file, args: entryBeside(args, FILE) },
      env: compact({ ...host.env, CC_ORCHESTRATOR_HOME: host.home.root }),
      plan,
      instance,
      workspace: workspace.root,
      cwd,
      dir: privateWorkflowPaths(host.home, record.workflow_id).commands,
      outputDir: workflowPaths(workspace, record.workflow_id).commands,
      report,
    });
  }

  perform(effect: Effect): void {
    if (effect.type === 'run_command') this.#commands.run(effect);
    // What cannot be told is still followed to its end.
    else if (effect.type === 'stop_command') void this.#commands.stop(effect.key).catch(() => {});
  }

  close(): Promise<void> {
    return this.#commands.close();
  }
}
