import type { Clock } from '../../core/clock.ts';
import { isAlive, type ProcessIdentity } from '../../proc/identity.ts';
import { type ProcessTree, terminateTree } from '../../proc/terminate.ts';
import { descendantsOf } from '../../proc/tree.ts';
import { RUN_COOKIE } from '../../workers/claude/environment.ts';

const LOOK_EVERY_MS = 2000;

/** The processes of a run: the worker, and whatever it and its tools have started. */
export class WorkerTree {
  readonly #runId: string;
  readonly #clock: Clock;
  #root: ProcessIdentity | undefined;
  #seen: ProcessTree['seen'] = [];
  #seenAt = -Infinity;
  #killedBy: NodeJS.Signals | undefined;
  #left: number[] = [];

  constructor(runId: string, clock: Clock) {
    this.#runId = runId;
    this.#clock = clock;
  }

  /** From now on it is this worker's; descendants of an earlier one are still found by the cookie. */
  follow(worker: ProcessIdentity): void {
    this.#root = worker;
    this.#killedBy = undefined;
    this.#seen = [];
    this.#seenAt = -Infinity;
  }

  /** Remembers descendants while they can still be found by their parents (DESIGN §4 "Stop"). */
  look(): void {
    if (this.#root === undefined || this.#clock.monotonic() - this.#seenAt < LOOK_EVERY_MS) return;
    this.#seenAt = this.#clock.monotonic();
    const byPid = new Map((this.#seen ?? []).filter(isAlive).map((one) => [one.pid, one]));
    for (const one of descendantsOf([this.#root])) byPid.set(one.pid, one);
    this.#seen = [...byPid.values()];
  }

  /** Ends all of them; `graceMs` is what they are given to end by SIGTERM. */
  async clear(graceMs?: number): Promise<void> {
    this.look();
    const tree: ProcessTree = {
      root: this.#root,
      cookie: { name: RUN_COOKIE, value: this.#runId },
      seen: this.#seen ?? [],
    };
    const result = await terminateTree(tree, graceMs);
    this.#left = result.left.map((process) => process.pid);
    this.#killedBy ??= result.signals.at(-1);
  }

  /** Our last signal to the present worker, if there was one. */
  get killedBy(): NodeJS.Signals | undefined {
    return this.#killedBy;
  }

  /** What survived the last clearing; empty unless something is very wrong. */
  get left(): number[] {
    return this.#left;
  }
}
