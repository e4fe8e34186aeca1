import { readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makePrivateDir, writeFileAtomic, writeJsonAtomic } from '../../store/atomic.ts';
import type { RunPaths } from '../../workspace/layout.ts';
import { reportedChanges } from '../artifacts/changed-files.ts';
import { renderCheckpoint } from '../artifacts/checkpoint.ts';
import { decisionOf, renderDecision } from '../artifacts/decision.ts';
import { riskFlags } from '../artifacts/risk-flags.ts';
import { renderTimeline } from '../artifacts/timeline.ts';
import type { Progress } from '../progress.ts';
import type { RunOutcome } from '../record.ts';

/** The timeline changes with every tool call; nobody reads it that often. */
const TIMELINE_EVERY_MS = 5000;
const CHECKPOINTS_KEPT = 20;
const CHECKPOINT = /^checkpoint-(\d{3,})\.md$/;

/**
 * Writes what is derived from the events beside them, each file only when it has changed. All of it
 * can be deleted; a successor writes it anew.
 */
export class ArtifactWriter {
  readonly #paths: RunPaths;
  /** What each file was last rendered from. */
  readonly #rendered = new Map<string, string | number>();
  #timelineAt = -Infinity;
  #checkpoint: number | undefined;

  constructor(paths: RunPaths) {
    this.#paths = paths;
  }

  /** `now` in monotonic milliseconds; with an outcome the run is over and everything is brought up to date. */
  async write(progress: Progress, now: number, outcome?: RunOutcome): Promise<void> {
    const { insight } = progress;
    if (this.#isNew('flags', insight.flags_rev)) {
      await writeJsonAtomic(this.#paths.riskFlags, riskFlags(progress));
    }
    // A diff at the end knows better.
    const isSuperseded = outcome !== undefined && outcome.changed_files !== null;
    if (
      insight.changed.length > 0 &&
      !isSuperseded &&
      this.#isNew('changed', insight.changed_rev)
    ) {
      await writeJsonAtomic(this.#paths.changedFiles, reportedChanges(progress));
    }
    const decision = decisionOf(progress, outcome);
    if (this.#isNew('decision', `${decision.action} ${decision.why} ${insight.flags_rev}`)) {
      await writeFileAtomic(this.#paths.decision, renderDecision(decision, progress));
    }
    if (outcome !== undefined || now - this.#timelineAt >= TIMELINE_EVERY_MS) {
      this.#timelineAt = now;
      const calls = `${progress.timeline.at(-1)?.id} ${insight.calls_ended}`;
      if (this.#isNew('timeline', calls)) {
        await writeFileAtomic(this.#paths.timeline, renderTimeline(progress));
      }
    }
    await this.#writeCheckpoint(progress);
  }

  async #writeCheckpoint(progress: Progress): Promise<void> {
    const { number } = progress.insight.checkpoint;
    this.#checkpoint ??= lastCheckpoint(this.#paths.checkpoints);
    if (number <= this.#checkpoint) return;
    await makePrivateDir(this.#paths.checkpoints);
    await writeFileAtomic(this.#pathOf(number), renderCheckpoint(progress));
    // Some numbers may have been passed over, since this is done at most once a second.
    for (
      let old = this.#checkpoint - CHECKPOINTS_KEPT;
      old <= number - CHECKPOINTS_KEPT;
      old += 1
    ) {
      if (old > 0) await rm(this.#pathOf(old), { force: true });
    }
    this.#checkpoint = number;
  }

  #pathOf(checkpoint: number): string {
    return join(this.#paths.checkpoints, `checkpoint-${String(checkpoint).padStart(3, '0')}.md`);
  }

  #isNew(name: string, source: string | number): boolean {
    if (this.#rendered.get(name) === source) return false;
    this.#rendered.set(name, source);
    return true;
  }
}

/** Of a predecessor. */
function lastCheckpoint(directory: string): number {
  try {
    const numbers = readdirSync(directory).map((name) => Number(CHECKPOINT.exec(name)?.[1] ?? 0));
    return Math.max(0, ...numbers);
  } catch {
    return 0;
  }
}
