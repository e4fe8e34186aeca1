import type { Clock } from '../../core/clock.ts';
import { isoTime } from '../../core/clock.ts';
import { writeJsonAtomic } from '../../store/atomic.ts';
import { endCursor } from '../../store/ndjson-read.ts';
import { SCHEMA_VERSION } from '../../store/versions.ts';
import type { RunPaths } from '../../workspace/layout.ts';
import type { Progress } from '../progress.ts';
import type { RunOutcome, RunRecord } from '../record.ts';
import { summarise } from '../summarise.ts';
import { ArtifactWriter } from './artifacts.ts';
import { type Stopwatch, uptimeNow } from './stopwatch.ts';

const WRITE_EVERY_MS = 1000;
/** Where nothing happens, only the elapsed time is to be kept, for a successor. */
const IDLE_EVERY_MS = 5000;

/** Writes progress_summary.json and what lies beside it, at most once a second and at the end. */
export class SummaryWriter {
  readonly #paths: RunPaths;
  readonly #clock: Clock;
  readonly #stopwatch: Stopwatch;
  readonly #window: RunRecord['context_window'];
  readonly #artifacts: ArtifactWriter;
  #writtenAt = -Infinity;
  #writtenSeq = -1;

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
    this.#artifacts = new ArtifactWriter(paths);
  }

  async write(
    progress: Progress,
    { now, outcome }: { now?: boolean /** The run is over. */; outcome?: RunOutcome } = {},
  ): Promise<void> {
    const at = this.#clock.monotonic();
    const every = progress.seq === this.#writtenSeq ? IDLE_EVERY_MS : WRITE_EVERY_MS;
    if (!now && at - this.#writtenAt < every) return;
    this.#writtenAt = at;
    this.#writtenSeq = progress.seq;
    await writeJsonAtomic(this.#paths.summary, {
      schema_version: SCHEMA_VERSION,
      updated: isoTime(this.#clock.now()),
      elapsed_ms: this.#stopwatch.elapsedMs(),
      uptime: uptimeNow(),
      cursor: endCursor(this.#paths.events),
      ...summarise(progress, this.#window),
    });
    await this.#artifacts.write(progress, at, outcome);
  }
}
