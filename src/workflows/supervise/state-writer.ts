import type { Clock } from '../../core/clock.ts';
import { type Redactor, redactJson } from '../../core/redact.ts';
import { writeFileAtomic } from '../../store/atomic.ts';
import { endCursor } from '../../store/ndjson-read.ts';
import { SCHEMA_VERSION } from '../../store/versions.ts';
import type { Instance } from '../core/instance.ts';
import type { WorkflowPaths } from '../instances/paths.ts';
import type { StateFile } from '../instances/read.ts';

const EVERY_MS = 250;
/** Writing a large one takes a while; most of the time belongs to the workflow. */
const SHARE = 10;

/** Keeps `state.json`, which spares readers the journal: at most four times a second, and at the end. */
export class StateWriter {
  readonly #paths: WorkflowPaths;
  readonly #clock: Clock;
  readonly #redact: Redactor;
  readonly #now: () => { seq: number; instance: Instance };
  #nextAt = -Infinity;
  #isDue = true;

  constructor(
    paths: WorkflowPaths,
    clock: Clock,
    redact: Redactor,
    now: () => { seq: number; instance: Instance },
  ) {
    this.#paths = paths;
    this.#clock = clock;
    this.#redact = redact;
    this.#now = now;
  }

  changed(): void {
    this.#isDue = true;
  }

  /** Until it is to be written, where there is something to write. */
  dueInMs(): number | undefined {
    return this.#isDue ? Math.max(1, this.#nextAt - this.#clock.monotonic()) : undefined;
  }

  async write({ now = false } = {}): Promise<void> {
    const begun = this.#clock.monotonic();
    if (!this.#isDue || (!now && begun < this.#nextAt)) return;
    this.#isDue = false;
    const { seq, instance } = this.#now();
    // In this order: the cursor is where the journal ends that the instance has worked in.
    const cursor = endCursor(this.#paths.journal);
    const state: StateFile = {
      schema_version: SCHEMA_VERSION,
      seq,
      cursor,
      instance: redactJson(instance, this.#redact),
    };
    await writeFileAtomic(this.#paths.state, `${JSON.stringify(state)}\n`, { durable: now });
    const ended = this.#clock.monotonic();
    this.#nextAt = ended + Math.max(EVERY_MS, SHARE * (ended - begun));
  }
}
