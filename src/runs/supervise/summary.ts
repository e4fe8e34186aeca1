import type { Clock } from '../../core/clock.ts';
import { isoTime } from '../../core/clock.ts';
import { writeJsonAtomic } from '../../store/atomic.ts';
import { endCursor } from '../../store/ndjson-read.ts';
import { SCHEMA_VERSION } from '../../store/versions.ts';
import type { RunPaths } from '../../workspace/layout.ts';
import type { Progress } from '../progress.ts';
import type { RunRecord } from '../record.ts';
import { summarise } from '../summarise.ts';
import { type Stopwatch, uptimeNow } from './stopwatch.ts';

const WRITE_EVERY_MS = 1000;

/** Writes progress_summary.json, at most once a second and once more at the end. */
export class SummaryWriter {
  readonly #paths: RunPaths;
  readonly #clock: Clock;
  readonly #stopwatch: Stopwatch;
  readonly #window: RunRecord['context_window'];
  #writtenAt = -Infinity;

  constructor(
    paths: RunPaths,
    clock: Clock,
    stopwatch: Stopwatch,
    window: RunRecord['context_window'],
  ) {
    this.#paths = paths;
    this.#clock = clock;
    this.#stopwatch = stopwatch;
    this.#window = window;
  }

  async write(progress: Progress, options: { now?: boolean } = {}): Promise<void> {
    const at = this.#clock.monotonic();
    if (!options.now && at - this.#writtenAt < WRITE_EVERY_MS) return;
    this.#writtenAt = at;
    await writeJsonAtomic(this.#paths.summary, {
      schema_version: SCHEMA_VERSION,
      updated: isoTime(this.#clock.now()),
      elapsed_ms: this.#stopwatch.elapsedMs(),
      uptime: uptimeNow(),
      cursor: endCursor(this.#paths.events),
      ...summarise(progress, this.#window),
    });
  }
}
