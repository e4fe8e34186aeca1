import type { Clock } from '../../core/clock.ts';

/** How long an interrupted turn may take to end before the process is ended. */
const INTERRUPT_MS = 2000;
/** By then a worker that hears us has said something (measured: 5 to 12 ms after the interrupt). */
const HEARD_MS = 700;
/** What one that does not hear us, or is to be killed, is given to end by SIGTERM. */
const URGENT_GRACE_MS = 500;
/** How long a worker may take to leave after the end of its session. */
const LEAVE_MS = 10_000;

/** By when the worker has to have left by itself, and how patiently it is ended if it has not. */
export class Departure {
  readonly #clock: Clock;
  #by = Infinity;
  /** It was interrupted and has said nothing since. */
  #unheard = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Nobody has to leave. */
  forget(): void {
    this.#by = Infinity;
  }

  interrupted(): void {
    this.#by = this.#clock.monotonic() + HEARD_MS;
    this.#unheard = true;
  }

  /** It said something, so it may also have heard the interrupt. */
  heard(): void {
    if (this.#unheard) this.#by = this.#clock.monotonic() + INTERRUPT_MS;
    this.#unheard = false;
  }

  sessionEnded(): void {
    if (this.#by === Infinity) this.#by = this.#clock.monotonic() + LEAVE_MS;
  }

  atOnce(): void {
    this.#by = 0;
    this.#unheard = false;
  }

  get msLeft(): number {
    return this.#by - this.#clock.monotonic();
  }

  /** What the process is given to end by SIGTERM; undefined is the usual time. */
  get graceMs(): number | undefined {
    return this.#unheard || this.#by === 0 ? URGENT_GRACE_MS : undefined;
  }
}
