import { type FSWatcher, watch } from 'node:fs';

/** Where the file system cannot notify (network mounts, no inotify slots) this is the only signal. */
const SAFETY_POLL_MS = 1000;

/**
 * Tells when something may have changed in a set of directories. Directories, not files, because
 * files are replaced by rename. A notification is only a hint: always look again, and expect to be
 * woken once a second without one. Measured in engines.md §4: 0.1 ms median against 50 ms polling.
 */
export class DirectoryWatcher {
  readonly #watchers: FSWatcher[] = [];
  #changed = false;
  #hints = new Set<string>();
  #wake: (() => void) | undefined;

  /** `concerns` says which file names matter; a busy directory else wakes its watcher all the time. */
  constructor(directories: Iterable<string>, concerns: (name: string) => boolean = () => true) {
    for (const directory of new Set(directories)) {
      try {
        const watcher = watch(directory, { persistent: false }, (_event, name) => {
          if (name !== null && !concerns(name)) return;
          this.#hints.add(directory);
          this.#signal();
        });
        watcher.on('error', () => watcher.close());
        this.#watchers.push(watcher);
      } catch {
        // The directory may not exist yet, or notifications are used up: the safety poll covers it.
      }
    }
  }

  /**
   * Resolves at the next hint, after `timeoutMs`, after the safety poll, or when aborted. Answers the
   * directories that gave a hint since the last call; none after a time-out.
   */
  async changed(timeoutMs = SAFETY_POLL_MS, signal?: AbortSignal): Promise<ReadonlySet<string>> {
    if (!this.#changed && !signal?.aborted) {
      await new Promise<void>((resolve) => {
        const done = () => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', done);
          this.#wake = undefined;
          resolve();
        };
        const timer = setTimeout(done, Math.min(timeoutMs, SAFETY_POLL_MS));
        signal?.addEventListener('abort', done, { once: true });
        this.#wake = done;
      });
    }
    this.#changed = false;
    const hints = this.#hints;
    this.#hints = new Set();
    return hints;
  }

  /** Ends the current or the next wait, for news that does not come from the file system. */
  wake(): void {
    this.#signal();
  }

  close(): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#wake?.();
  }

  #signal(): void {
    this.#changed = true;
    this.#wake?.();
  }
}
