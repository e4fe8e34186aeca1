/** Named gates that answers wait at. A gate once released stays open. */
export class Gates {
  readonly #open = new Set<string>();
  readonly #waiting = new Map<string, Set<() => void>>();

  /** Resolves when the gate is released or the signal aborts, whichever comes first. */
  pass(name: string, signal: AbortSignal): Promise<void> {
    if (this.#open.has(name) || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const leave = () => {
        signal.removeEventListener('abort', leave);
        this.#waiting.get(name)?.delete(leave);
        resolve();
      };
      signal.addEventListener('abort', leave, { once: true });
      const here = this.#waiting.get(name) ?? new Set();
      this.#waiting.set(name, here.add(leave));
    });
  }

  release(name: string): void {
    this.#open.add(name);
    for (const leave of [...(this.#waiting.get(name) ?? [])]) leave();
  }
}

/** Counts uses, for things that happen only the first n times. */
export class Countdown {
  readonly #used = new Map<string, number>();

  /** True while fewer than `times` uses of `key` were taken; takes one. */
  take(key: string, times: number | undefined): boolean {
    if (times === undefined) return true;
    const used = this.#used.get(key) ?? 0;
    if (used >= times) return false;
    this.#used.set(key, used + 1);
    return true;
  }
}
