import type { Effect, EffectType } from '../core/effects.ts';
import { Commands } from './commands.ts';
import { DelegationEffector } from './delegation.ts';
import type { EffectHost, Effector } from './effector.ts';
import { MockEffector } from './mock.ts';
import { RunEffector } from './runs.ts';
import { Timers } from './timers.ts';
import { VerifyEffector } from './verify.ts';
import { SubWorkflows } from './workflows.ts';

/** Who carries out which effect. */
export class Effectors implements Effector {
  readonly timers: Timers;
  readonly #all: readonly Effector[];
  readonly #by: Partial<Record<EffectType, readonly Effector[]>>;

  constructor(host: EffectHost) {
    this.timers = new Timers(host);
    const workflows = new SubWorkflows(host);
    const delegation = new DelegationEffector(host);
    const mock = new MockEffector(host);
    const runs = host.record.mock ? mock : new RunEffector(host);
    const verify = host.record.mock ? mock : new VerifyEffector(host);
    const commands = host.record.mock ? mock : new Commands(host);
    this.#all = [...new Set([this.timers, workflows, delegation, runs, verify, commands])];
    this.#by = {
      start_run: [runs],
      repair_handoff: [runs],
      verify_run: [verify],
      stop_run: [...new Set([runs, verify])],
      run_command: [commands],
      stop_command: [commands],
      start_workflow: [workflows],
      stop_workflow: [workflows],
      answer_delegation: [delegation],
      wake: [this.timers],
      // ask_approval and withdraw_approval: the journal has them, and that is where people look.
    };
  }

  perform(effect: Effect): void {
    for (const effector of this.#by[effect.type] ?? []) effector.perform(effect);
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((effector) => effector.close()));
  }
}
