import { join } from 'node:path';
import { toErrorFacts } from '../../core/errors.ts';
import { digestOf } from '../../core/ids.ts';
import { compact } from '../../core/json.ts';
import { type ProcessIdentity, stateOf } from '../../proc/identity.ts';
import { killProcess } from '../../proc/terminate.ts';
import { startOwn } from '../../runs/start-own.ts';
import { makePrivateDir, writeFileAtomic } from '../../store/atomic.ts';
import { topLease } from '../../store/lease.ts';
import { DirectoryWatcher } from '../../store/watch.ts';
import type { Effect } from '../core/effects.ts';
import type { Timeless, WorkflowEvent } from '../core/events.ts';
import type { Instance } from '../core/instance.ts';
import type { Plan } from '../plan.ts';
import { type CommandExit, type CommandPaths, commandPaths, readExit, writeJob } from './job.ts';
import { orderOf } from './order.ts';

type RunCommand = Extract<Effect, { type: 'run_command' }>;

export type CommandParts = {
  /** How to start the process that carries a command out: an executable and its leading arguments. */
  entry: { file: string; args: readonly string[] };
  /** Its whole environment. */
  env: Readonly<Record<string, string>>;
  plan: Plan;
  instance: () => Instance;
  /** Project directory of the workspace, and where in it the workflow was started. */
  workspace: string;
  cwd: string;
  /** Directory for the private files of all commands, and for what they say. */
  dir: string;
  outputDir: string;
  report: (event: Timeless<WorkflowEvent>) => void;
};

/** Carriers of one command that may vanish before they have begun it. */
const ATTEMPTS = 3;

/**
 * Runs commands, each in a detached process of its own that outlives this one: after a kill the
 * successor of the supervisor finds it, or what it wrote, by the key.
 */
export class CommandCarriers {
  readonly #parts: CommandParts;
  readonly #following = new Map<string, Promise<void>>();
  readonly #closing = new AbortController();

  constructor(parts: CommandParts) {
    this.#parts = parts;
  }

  run(effect: RunCommand): void {
    const { key } = effect;
    if (this.#following.has(key)) return;
    const following = this.#follow(effect)
      .catch((error: unknown) => this.#refuse(key, toErrorFacts(error).message))
      .finally(() => this.#following.delete(key));
    this.#following.set(key, following);
  }

  /** Its end is reported as that of the command. */
  async stop(key: string): Promise<void> {
    const { dir, stop } = this.#paths(key);
    await makePrivateDir(dir);
    await writeFileAtomic(stop, '', { durable: true });
  }

  /** Nobody is told of anything any more; what runs goes on. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#following.values());
  }

  async #follow(effect: RunCommand): Promise<void> {
    const { key } = effect;
    const { plan, instance, workspace, cwd, outputDir, report } = this.#parts;
    const paths = this.#paths(key);
    await makePrivateDir(paths.dir);
    const order = orderOf(plan, instance(), effect, { workspace, cwd });
    await writeJob(paths, { ...order, output: join(outputDir, digestOf(key)) });
    const watcher = new DirectoryWatcher([paths.dir, paths.lease]);
    const { signal } = this.#closing;
    try {
      let carrier: ProcessIdentity | undefined;
      for (let starts = 0; ; ) {
        const exit = await readExit(paths);
        if (signal.aborted) return;
        if (exit !== undefined) return report({ type: 'command_ended', ...endOf(exit) });
        if (!(await isCarriedOut(paths, carrier))) {
          if (starts === ATTEMPTS) return this.#refuse(key, `${ATTEMPTS} processes vanished`);
          starts += 1;
          carrier = await this.#start(paths);
        }
        await watcher.changed(undefined, signal);
      }
    } finally {
      watcher.close();
    }
  }

  #start({ dir, log }: CommandPaths): Promise<ProcessIdentity> {
    const { entry, env } = this.#parts;
    return startOwn(entry.file, [...entry.args, dir], { dir, log, env });
  }

  #refuse(key: string, text: string): void {
    if (!this.#closing.signal.aborted) this.#parts.report({ type: 'start_refused', key, text });
  }

  #paths(key: string): CommandPaths {
    return commandPaths(join(this.#parts.dir, digestOf(key)));
  }
}

function endOf({ tests, ...exit }: CommandExit) {
  return { ...exit, ...compact({ tests }) };
}

/** By the process we have started, or by another one. What is frozen would never come to an end. */
async function isCarriedOut(
  { lease }: CommandPaths,
  started: ProcessIdentity | undefined,
): Promise<boolean> {
  const top = topLease(lease);
  const holder = top === undefined || top.released ? undefined : top.holder;
  for (const one of [holder, started]) {
    if (one === undefined) continue;
    const state = stateOf(one);
    if (state === 'running') return true;
    if (state === 'stopped') await killProcess(one);
  }
  return false;
}
