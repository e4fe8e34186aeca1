import { CcError, toErrorFacts } from '../../core/errors.ts';
import { isFinal } from '../../core/vocabulary.ts';
import { continueRun } from '../../runs/continue.ts';
import { type FoundRun, findRun } from '../../runs/find.ts';
import { runOfKey } from '../../runs/keys.ts';
import { type Launched, launchRun } from '../../runs/launch.ts';
import { stopRun } from '../../runs/stop.ts';
import { runPaths } from '../../workspace/layout.ts';
import type { Effect } from '../core/effects.ts';
import { runOrderOf } from '../core/request.ts';
import type { Reason } from '../vocabulary.ts';
import { type EffectHost, type Effector, isStarting } from './effector.ts';
import { refusalOf } from './refusal.ts';
import { runEndOf, unreadableEnd } from './run-end.ts';
import { RunFollower } from './run-follower.ts';

const STOP_MS = 30_000;
/** How long nobody else tries where there was no place, unless a run of ours ends. */
const FULL_MS = 400;

type StartRun = Extract<Effect, { type: 'start_run' }>;
type Repair = Extract<Effect, { type: 'repair_handoff' }>;

/** Starts worker runs, has their answers repaired, stops them, and tells how they ended. */
export class RunEffector implements Effector {
  readonly #host: EffectHost;
  readonly #follower: RunFollower;
  /** What is to end, by key. */
  readonly #stops = new Map<string, Reason>();
  /** The run that is under way for a key. */
  readonly #runs = new Map<string, FoundRun>();
  /** There was no place just now. */
  #full: { error: CcError; until: number } | undefined;

  constructor(host: EffectHost) {
    this.#host = host;
    this.#follower = new RunFollower(host.host, host.signal);
  }

  perform(effect: Effect): void {
    if (effect.type === 'start_run') void this.#start(effect);
    else if (effect.type === 'repair_handoff') void this.#repair(effect);
    else if (effect.type === 'stop_run') this.#stop(effect.key, effect.reason);
  }

  async close(): Promise<void> {}

  async #start(effect: StartRun): Promise<void> {
    const { key } = effect;
    const run = await this.#begin(key, key, () => this.#launch(effect));
    if (run === undefined) return;
    const { run_id, profile, model } = run.record;
    if (isStarting(this.#host, key) || key.includes('>')) {
      const facts = model === null ? {} : { model };
      this.#host.report({ type: 'run_started', key, run_id, profile: profile.id, ...facts });
    }
    await this.#follow(key, run);
  }

  async #repair({ key, run_id, prompt, max_usd, max_tokens }: Repair): Promise<void> {
    const { host, place, record } = this.#host;
    const runKey = `${key}:repair`;
    const run = await this.#begin(key, runKey, async () => {
      const before = await findRun(host, run_id, place.workspace);
      return continueRun(host, before, {
        instruction: prompt,
        budget: { max_usd, max_tokens },
        client: record.client,
        key: runKey,
      });
    });
    // The work is that of the run before it; this one only says it again.
    if (run !== undefined) await this.#follow(key, run, run_id);
  }

  /** The run of a key: the one there is, or a new one. Undefined where it was refused, and told so. */
  async #begin(
    key: string,
    runKey: string,
    launch: () => Promise<Launched>,
  ): Promise<FoundRun | undefined> {
    const { host, place, report, instance, signal } = this.#host;
    const { workspace } = place;
    try {
      // In this order: what was asked for at the same time, its stop included, is known by then.
      let record = await runOfKey(workspace, runKey);
      if (record === undefined) {
        const stop = this.#stops.get(key);
        if (stop !== undefined) throw new CcError('CANCELLED', stop.text);
        const full = this.#full;
        if (full !== undefined && host.clock.monotonic() < full.until) throw full.error;
        ({ record } = await launch());
      }
      const run = { workspace, paths: runPaths(workspace, record.run_id), record };
      this.#runs.set(key, run);
      if (this.#stops.has(key)) void this.#end(run);
      return run;
    } catch (error) {
      this.#noteFull(error);
      if (!signal.aborted) report(refusalOf(instance(), key, error));
      return undefined;
    }
  }

  /** All others would find no place either, and to find that out costs as much as a start. */
  #noteFull(error: unknown): void {
    if (!(error instanceof CcError) || error.code !== 'LIMIT_REACHED' || !error.retryable) return;
    if (this.#full?.error === error) return;
    this.#full = { error, until: this.#host.host.clock.monotonic() + FULL_MS };
  }

  #launch(effect: StartRun): Promise<Launched> {
    const { host, place, record, plan, instance } = this.#host;
    const { workflow_id } = record;
    const { scope, ...order } = runOrderOf(plan, instance(), effect);
    const { paths = [], commands = [], max_files, max_lines } = scope ?? {};
    return launchRun(host, place, {
      ...order,
      scope: scope && { paths: [...paths], commands: [...commands], max_files, max_lines },
      workflow: { workflow_id, key: effect.key },
      client: record.client,
      wake: false,
    });
  }

  /** `of`: the run whose work it is, where that is another one. */
  async #follow(key: string, run: FoundRun, of?: string): Promise<void> {
    const { report } = this.#host;
    const { run_id } = run.record;
    try {
      const end = await runEndOf(key, await this.#follower.ended(run));
      report(of === undefined ? end : { ...end, run_id: of });
    } catch (error) {
      report(unreadableEnd(key, of ?? run_id, toErrorFacts(error).message));
    }
    this.#runs.delete(key);
    this.#full = undefined;
  }

  #stop(key: string, reason: Reason): void {
    this.#stops.set(key, reason);
    const run = this.#runs.get(key);
    if (run !== undefined) void this.#end(run);
  }

  /** Until it has ended, wherever its task went meanwhile. */
  async #end(run: FoundRun): Promise<void> {
    const { host, record, signal } = this.#host;
    const options = { force: false, timeoutMs: STOP_MS, from: record.workflow_id, signal };
    for (let isStopped = isFinal(run.record.state); !isStopped && !signal.aborted; ) {
      const result = await stopRun(host, run, options).catch(() => undefined);
      // What cannot be stopped is still followed to its end.
      isStopped = result === undefined || result.stopped;
    }
  }
}
