import { sleep } from '../../core/clock.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Effect } from '../core/effects.ts';
import { nodeOfKey } from '../core/keys.ts';
import { handoffTemplate } from '../handoffs/template.ts';
import { type AgentNode, nodeAt } from '../plan.ts';
import { type EffectHost, type Effector, isStarting } from './effector.ts';

const MOCK = 'mock';
const NOTHING = { usd: 0, tokens: 0, elapsed_ms: 0 };

/**
 * Answers for workers and commands without starting any: with what the file says a mock worker answers,
 * else with the example of the role. The same key always gets the same answer.
 */
export class MockEffector implements Effector {
  readonly #host: EffectHost;
  readonly #stopped = new Set<string>();

  constructor(host: EffectHost) {
    this.#host = host;
  }

  perform(effect: Effect): void {
    switch (effect.type) {
      case 'start_run':
        void this.#run(effect);
        return;
      case 'repair_handoff':
        this.#end(effect.key, this.#exampleOf(effect.key, undefined));
        return;
      case 'verify_run':
        this.#host.report({
          type: 'run_verified',
          key: effect.key,
          verdict: 'accept',
          reasons: ['mock: nothing was verified'],
        });
        return;
      case 'run_command':
        void this.#command(effect.key);
        return;
      case 'stop_run':
      case 'stop_command':
        this.#stopped.add(effect.key);
    }
  }

  async close(): Promise<void> {}

  async #run({ key, round, try: attempt }: Extract<Effect, { type: 'start_run' }>): Promise<void> {
    if (isStarting(this.#host, key)) {
      this.#host.report({ type: 'run_started', key, run_id: MOCK, model: MOCK });
    }
    if (!(await this.#isWaited(key))) return;
    this.#end(key, this.#exampleOf(key, { round, attempt }));
  }

  async #command(key: string): Promise<void> {
    if (!(await this.#isWaited(key))) return;
    const exit_code = this.#stopped.has(key) ? null : 0;
    const output_tail = 'mock: the command was not run';
    this.#host.report({ type: 'command_ended', key, exit_code, elapsed_ms: 0, output_tail });
  }

  /** Takes as long as a mock run is to take; false when the supervisor leaves meanwhile. */
  async #isWaited(key: string): Promise<boolean> {
    const { record, signal, host } = this.#host;
    const until = host.clock.monotonic() + (record.mock_ms ?? 0);
    while (host.clock.monotonic() < until && !this.#stopped.has(key)) {
      await sleep(Math.min(50, until - host.clock.monotonic()), signal);
      if (signal.aborted) return false;
    }
    return true;
  }

  #end(key: string, handoff: JsonObject | undefined): void {
    const isStopped = this.#stopped.has(key);
    this.#host.report({
      type: 'run_ended',
      key,
      run_id: MOCK,
      state: isStopped ? 'cancelled' : 'succeeded',
      failure: isStopped
        ? { class: 'interrupted', text: 'it was stopped' }
        : { class: 'success', text: 'mock' },
      usage: NOTHING,
      changed_files: 0,
      model: MOCK,
      ...(handoff === undefined || isStopped ? {} : { handoff }),
    });
  }

  /** Where it is a repair (`of` is undefined), what was missing is there. */
  #exampleOf(key: string, of: { round: number; attempt: number } | undefined): JsonObject {
    const { plan } = this.#host;
    const node = nodeAt(plan, nodeOfKey(plan, key) ?? -1) as AgentNode;
    const { example } = handoffTemplate(node.use.role, node.outputs);
    const { statuses = [], missing = [] } = node.mock ?? {};
    // One status for each time it is done; the last one for all that follow.
    const time = of === undefined ? 0 : of.round + of.attempt - 2;
    const status = statuses[Math.min(time, statuses.length - 1)] ?? example.status;
    const answer: Record<string, unknown> = { ...example, status };
    if (node.use.role === 'review' || node.use.role === 'security') {
      // A blocker where the file says that it fails, else nothing a gate would stop at.
      answer.findings = status === 'pass' ? [] : example.findings;
      answer.blocking_issues = status === 'pass' ? [] : ['mock: a blocking issue'];
    }
    if (of !== undefined) for (const name of missing) delete answer[name];
    return answer;
  }
}
