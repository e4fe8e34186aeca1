import { sleep } from '../../src/core/clock.ts';
import { isAlive, type ProcessIdentity } from '../../src/proc/identity.ts';
import type { FoundRun } from '../../src/runs/find.ts';
import { submitRequest } from '../../src/store/inbox.ts';
import { topLease } from '../../src/store/lease.ts';
import { command, type Follower } from './faces.ts';
import type { Launch } from './launch.ts';
import { reach, until } from './moments.ts';
import type { Fault, Target } from './plan.ts';
import { strike, supervisorsOf, thaw, workerOf } from './processes.ts';
import { recover } from './recovery.ts';
import type { Stage } from './stage.ts';

/** What was really done, for the report. */
export type Injected = { what: string; at: string; ms: number };

/** Does the faults of one scene, one after the other, and undoes what is to be undone. */
export class Injector {
  readonly done: Injected[] = [];
  /** A stop was asked for, so the run may be cancelled. */
  stopAsked = false;
  readonly #stage: Stage;
  readonly #run: FoundRun;
  readonly #launch: Launch;
  readonly #followers: readonly Follower[];
  readonly #pending: Promise<unknown>[] = [];
  #stopper: ProcessIdentity | undefined;

  constructor(stage: Stage, run: FoundRun, launch: Launch, followers: readonly Follower[]) {
    this.#stage = stage;
    this.#run = run;
    this.#launch = launch;
    this.#followers = followers;
  }

  /** False when the moment did not come, or there was nobody to hit. */
  async inject(fault: Fault): Promise<boolean> {
    const reached = await reach(this.#run, fault.when, {
      privateDir: this.#stage.privateDir(this.#run),
      askToStop: () => this.#askToStop(),
      killOwner: () => this.#kill(this.#owner(), 'supervisor', 'any time'),
    });
    if (!reached) return false;
    // A face that was just killed is coming up again, a run that was just recorded has no worker yet.
    const target = targetOf(fault);
    const isThere = target === undefined || (await until(this.#run, () => !!this.#find(target)));
    return isThere && this.#do(fault);
  }

  /** Waits until everything is thawed, freed and answered. */
  async settle(): Promise<void> {
    await Promise.all(this.#pending);
  }

  #do(fault: Fault): boolean {
    switch (fault.what) {
      case 'kill':
        return this.#kill(this.#find(fault.target), fault.target, fault.when.at);
      case 'freeze':
        return this.#freeze(this.#find(fault.target), fault);
      case 'disk':
        this.#stage.disk?.fill();
        this.#later(fault.forMs, () => this.#stage.disk?.free());
        return this.#note('disk full', fault.when.at);
      case 'clock':
        this.#stage.clock?.jump(fault.byMs);
        return this.#note('clock jump', fault.when.at);
      case 'recoveries': {
        if (!this.#kill(this.#owner(), 'supervisor', fault.when.at)) return false;
        const places = ['library', 'cli', 'server', 'cli'] as const;
        this.#pending.push(
          ...places.slice(0, fault.count).map((place) => recover(this.#stage, this.#run, place)),
        );
        return this.#note('recoveries at once', fault.when.at);
      }
    }
  }

  #freeze(
    target: ProcessIdentity | undefined,
    { target: name, when, thawMs }: Extract<Fault, { what: 'freeze' }>,
  ): boolean {
    if (target === undefined || !strike(target, 'SIGSTOP')) return false;
    if (thawMs !== undefined) this.#later(thawMs, () => thaw(target));
    return this.#note(`freeze ${name}`, when.at);
  }

  #kill(target: ProcessIdentity | undefined, name: Target, at: string): boolean {
    return strike(target, 'SIGKILL') && this.#note(`kill ${name}`, at);
  }

  #note(what: string, at: string): boolean {
    this.done.push({ what, at, ms: Math.round(performance.now() - this.#stage.openedAt) });
    return true;
  }

  #find(target: Target): ProcessIdentity | undefined {
    const { run_id } = this.#run.record;
    switch (target) {
      case 'supervisor':
        return this.#owner() ?? supervisorsOf(run_id)[0];
      case 'worker':
        return workerOf(run_id);
      case 'server':
      case 'cli':
        return this.#followers.find(({ kind }) => kind === target)?.process;
      case 'launcher':
        return this.#launch.process;
      case 'stopper':
        return this.#stopper;
    }
  }

  #owner(): ProcessIdentity | undefined {
    const top = topLease(this.#run.paths.lease);
    return top !== undefined && !top.released && isAlive(top.holder) ? top.holder : undefined;
  }

  async #askToStop(): Promise<void> {
    this.stopAsked = true;
    const request = { kind: 'stop', from: 'chaos', ttlMs: 3_600_000 };
    await submitRequest(this.#run.paths.inbox, request, this.#stage.host.clock);
    const stopping = command(this.#stage.lab, 'stop-run', this.#run.record.run_id);
    this.#stopper = stopping.process;
    this.#pending.push(stopping.answer);
  }

  #later(ms: number, undo: () => void): void {
    this.#pending.push(sleep(ms).then(undo));
  }
}

function targetOf(fault: Fault): Target | undefined {
  if ('target' in fault) return fault.target;
  return fault.what === 'recoveries' ? 'supervisor' : undefined;
}
