import { planScene, type Scene } from './plan.ts';
import type { Report } from './report.ts';
import { type Played, playScene } from './scene.ts';
import { whyNoSmallDisk } from './small-disk.ts';

export type SeriesOptions = {
  seed: number;
  /** Scenes are played until so many faults were injected. */
  faults: number;
  /** Scenes at once. */
  parallel: number;
  /** Only scenes of these themes. */
  only?: readonly string[] | undefined;
  onPlayed?: (played: Played) => void;
  signal?: AbortSignal;
};

/** Plays scene after scene until enough was done to the product. */
export async function playSeries(options: SeriesOptions): Promise<Report> {
  const started = performance.now();
  const report: Report = {
    seed: options.seed,
    injected: 0,
    missed: 0,
    scenes: [],
    skipped: skippedFaults(),
    ms: 0,
  };
  let index = 0;
  const next = (): Scene => {
    for (;;) {
      const scene = planScene(options.seed, index);
      index += 1;
      const wanted = options.only?.includes(scene.theme) ?? true;
      if (wanted && (scene.theme !== 'disk' || whyNoSmallDisk() === undefined)) return scene;
    }
  };
  const player = async (): Promise<void> => {
    while (report.injected < options.faults && !options.signal?.aborted) {
      const played = await playScene(next());
      report.scenes.push(played);
      report.injected += played.injected.length;
      report.missed += played.missed;
      options.onPlayed?.(played);
    }
  };
  await Promise.all(Array.from({ length: options.parallel }, player));
  return { ...report, ms: performance.now() - started };
}

function skippedFaults(): string[] {
  const disk = whyNoSmallDisk();
  return [
    ...(disk === undefined ? [] : [`disk full: ${disk}`]),
    "a jump of the machine's own clock, which is not ours to move (the clocks of our processes jump)",
  ];
}

/** Why nothing of this can be done here; undefined where it can. */
export function whyNoChaos(): string | undefined {
  if (process.platform !== 'win32') return undefined;
  return 'Windows has no SIGSTOP, and a worker there dies with its supervisor';
}
