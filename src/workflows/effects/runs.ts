import { sleep } from '../../core/clock.ts';
import { CcError, toErrorFacts } from '../../core/errors.ts';
import { compact } from '../../core/json.ts';
import { isFinal } from '../../core/vocabulary.ts';
import { continueRun } from '../../runs/continue.ts';
import { type FoundRun, findRun } from '../../runs/find.ts';
import { runOfKey } from '../../runs/keys.ts';
import { type Launched, launchRun } from '../../runs/launch.ts';
import { stopRun } from '../../runs/stop.ts';
import { runPaths } from '../../workspace/layout.ts';
import type { Effect } from '../core/effects.ts';
import { runOrderOf } from '../core/request.ts';
import { workflowPaths } from '../instances/paths.ts';
import type { Reason } from '../vocabulary.ts';
import { isLaunched, tellEnd, tellRefusal } from './delegation.ts';
import { type EffectHost, type Effector, isStarting } from './effector.ts';
import { refusalOf } from './refusal.ts';
import { runEndOf, unreadableEnd } from './run-end.ts';
import { RunFollower } from './run-follower.ts';

const STOP_MS = 30_000;
/** How long nobody else tries where there was no place, unless a run of ours ends. */
const FULL_MS = 400;
/**
 * How long a launched run may wait for a place. Whoever asked for it takes one as long as it waits, so
 * two that wait for each other must not do so for ever.
 */
const LAUNCHED_WAIT_MS = 120_000;

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
    if (isStarting(this.#host, key) || isLaunched(key)) {
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
    const until = host.clock.monotonic() + LAUNCHED_WAIT_MS;
    for (;;) {
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
        if (signal.aborted) return undefined;
        const { retry_after_ms, ...refusal } = refusalOf(instance(), key, error);
        if (!isLaunched(key)) {
          report({ ...refusal, ...compact({ retry_after_ms }) });
          return undefined;
        }
        if (retry_after_ms === undefined || host.clock.monotonic() > until) {
          await tellRefusal(this.#host, key, refusal.text);
          report(refusal);
          return undefined;
        }
        await sleep(retry_after_ms, signal);
      }
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
    const { scope, helpers, ...order } = runOrderOf(plan, instance(), effect);
    const { inbox } = workflowPaths(place.workspace, workflow_id);
    const { paths = [], commands = [], max_files, max_lines } = scope ?? {};
    return launchRun(host, place, {
      ...order,
      scope: scope && { paths: [...paths], commands: [...commands], max_files, max_lines },
      workflow: { workflow_id, key: effect.key },
      delegation:
        helpers.length === 0 ? undefined : { inbox, key: effect.key, helpers: [...helpers] },
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
      await tellEnd(this.#host, end);
      report(of === undefined ? end : { ...end, run_id: of });
    } catch (error) {
      const end = unreadableEnd(key, of ?? run_id, toErrorFacts(error).message);
      await tellEnd(this.#host, end);
      report(end);
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
