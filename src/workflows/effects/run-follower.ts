import { isFinal } from '../../core/vocabulary.ts';
import type { FoundRun } from '../../runs/find.ts';
import { readRecord } from '../../runs/record.ts';
import { hasEnded, type LiveRun, lookAtTask } from '../../runs/view.ts';
import { DirectoryWatcher } from '../../store/watch.ts';
import type { Host } from '../../workspace/host.ts';

type Followed = {
  run: FoundRun;
  isLooking: boolean;
  resolve: (live: readonly LiveRun[]) => void;
  reject: (error: unknown) => void;
};

/** Between two looks at all runs; a supervisor that vanished gives no hint. */
const LOOK_AT_ALL_MS = 1000;

/**
 * Waits for many runs at once: one watcher, one look a second at each. A run that lost its supervisor
 * gets another one on the way, and one whose provider failed is followed to where its task goes on.
 */
export class RunFollower {
  readonly #host: Host;
  readonly #signal: AbortSignal;
  readonly #followed = new Set<Followed>();
  #watcher: DirectoryWatcher | undefined;
  #isRunning = false;

  constructor(host: Host, signal: AbortSignal) {
    this.#host = host;
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#watcher?.wake(), { once: true });
  }

  /** The run and those its task was moved to, once all have ended; never, when the supervisor leaves. */
  ended(run: FoundRun): Promise<readonly LiveRun[]> {
    return new Promise((resolve, reject) => {
      this.#followed.add({ run, isLooking: false, resolve, reject });
      // The next round watches it as well.
      this.#watcher?.wake();
      if (!this.#isRunning) void this.#loop();
    });
  }

  async #loop(): Promise<void> {
    this.#isRunning = true;
    let watched = '';
    let hints: ReadonlySet<string> = new Set();
    let lookedAt = -Infinity;
    try {
      while (this.#followed.size > 0 && !this.#signal.aborted) {
        const directories = [...this.#followed].map(({ run }) => run.paths.dir);
        if (watched !== directories.join()) {
          watched = directories.join();
          this.#watcher?.close();
          this.#watcher = new DirectoryWatcher(directories, (name) => name === 'metadata.json');
          lookedAt = -Infinity;
        }
        const all = this.#host.clock.monotonic() - lookedAt >= LOOK_AT_ALL_MS;
        if (all) lookedAt = this.#host.clock.monotonic();
        for (const followed of this.#followed) {
          const isDue = all || hints.has(followed.run.paths.dir);
          // Not waited for: one whose task is being moved takes seconds, and others have ended meanwhile.
          if (isDue && !followed.isLooking) void this.#look(followed);
        }
        hints = (await this.#watcher?.changed(LOOK_AT_ALL_MS, this.#signal)) ?? hints;
      }
    } finally {
      this.#watcher?.close();
      this.#watcher = undefined;
      this.#isRunning = false;
    }
  }

  async #look(followed: Followed): Promise<void> {
    const { run } = followed;
    followed.isLooking = true;
    try {
      if (!isFinal(run.record.state)) {
        run.record = await readRecord(run.paths, run.record.run_id);
      }
      const live = await lookAtTask(this.#host, run);
      const last = live.at(-1);
      if (last === undefined || !hasEnded(last)) return;
      this.#followed.delete(followed);
      followed.resolve(live);
    } catch (error) {
      this.#followed.delete(followed);
      followed.reject(error);
    } finally {
      followed.isLooking = false;
      if (!this.#followed.has(followed)) this.#watcher?.wake();
    }
  }
}
