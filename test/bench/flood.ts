import { runFlood, useFloodingWorkers, wrongLines } from '../support/flood.ts';
import type { Benchmark } from './harness.ts';
import { withLab } from './with-lab.ts';

const SECONDS = 10;
const FLOOD = { workers: 16, linesEach: 750 * SECONDS, perSecondEach: 750 };
const PATIENCE_MS = 180_000;

export const flood: Benchmark = {
  name: 'flood',
  about: `${FLOOD.workers} workers at once print ${FLOOD.workers * FLOOD.perSecondEach} lines/s for ${SECONDS} s`,
  run: () =>
    withLab([], async (lab) => {
      useFloodingWorkers(lab, FLOOD);
      const ended = await runFlood(lab, FLOOD, PATIENCE_MS);
      const wrong = await Promise.all(ended.map((run) => wrongLines(run, FLOOD)));
      const seconds = ended.map(({ record }) => (record.elapsed_ms ?? 0) / 1000);
      const all = FLOOD.workers * FLOOD.linesEach;
      return [
        {
          name: `flood of ${all} lines: lost, doubled or out of order`,
          unit: 'lines',
          ours: [wrong.reduce((sum, count) => sum + count, 0)],
          goal: { ours: 0 },
        },
        {
          name: 'flood: rate of a run, start and end included',
          unit: 'lines/s',
          ours: seconds.map((one) => FLOOD.linesEach / one),
        },
      ];
    }),
};
