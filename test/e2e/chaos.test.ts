import { expect, test } from 'vitest';
import { shown } from '../chaos/report.ts';
import { playSeries, whyNoChaos } from '../chaos/series.ts';

/** The same faults every time; `npm run chaos` does ten times as many, other ones each time. */
const SEED = 20;
const FAULTS = 25;

test('whatever is killed, frozen or starved, a run ends once, honestly, and leaves nothing', async (context) => {
  const impossible = whyNoChaos();
  if (impossible !== undefined) {
    console.log(`skipped: ${impossible}`);
    return context.skip();
  }
  const report = await playSeries({ seed: SEED, faults: FAULTS, parallel: 2 });
  console.log(shown(report));
  expect(report.injected).toBeGreaterThanOrEqual(FAULTS);
  expect(report.scenes.flatMap(({ breaches }) => breaches)).toEqual([]);
  expect(report.scenes.flatMap(({ error }) => error ?? [])).toEqual([]);
});
