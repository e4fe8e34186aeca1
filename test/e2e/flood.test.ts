import { afterEach, expect, test } from 'vitest';
import { runFlood, useFloodingWorkers, wrongLines } from '../support/flood.ts';
import { Lab, rawCoverage } from '../support/lab.ts';

let lab: Lab;
afterEach(async () => {
  expect(await lab.close()).toEqual([]);
});

test('workers that flood their supervisors at once lose no line', async () => {
  const flood = { workers: 4, linesEach: 6000, perSecondEach: 3000 };
  lab = await Lab.open([], { git: false });
  useFloodingWorkers(lab, flood);
  for (const run of await runFlood(lab, flood, 60_000)) {
    expect(await wrongLines(run, flood)).toBe(0);
    expect(rawCoverage(lab.events(run))).toEqual([]);
  }
});
