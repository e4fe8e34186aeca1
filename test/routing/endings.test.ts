import { appendFileSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { appendEnding, readEndings } from '../../src/routing/endings.ts';
import { readHealth } from '../../src/routing/health-store.ts';
import { type EndedRun, recordEnding } from '../../src/routing/record-ending.ts';
import { userHome } from '../../src/workspace/home.ts';
import { scratch } from '../support/scratch.ts';
import { ending, HOUR, NOW, times } from './support.ts';

const newHome = () => userHome({ CC_ORCHESTRATOR_HOME: scratch() });
const file = (home: ReturnType<typeof newHome>) => join(home.routing, 'endings.ndjson');
const known = (home: ReturnType<typeof newHome>, now = NOW) =>
  [...readEndings(home, now)].map(([key, list]) => [key, list.length]);

describe('the history of endings', () => {
  it('counts a run once, whoever tells it twice', async () => {
    const home = newHome();
    const first = ending('a', 'success');
    await Promise.all([appendEnding(home, first), appendEnding(home, first)]);
    await appendEnding(home, ending('a', 'timeout', { model: 'A-Model[1m]' }));
    expect(known(home)).toEqual([['a\na-model', 2]]);
    await appendEnding(home, first);
    expect(known(home)).toEqual([['a\na-model', 2]]);
    expect(statSync(file(home)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(file(home), 'utf8').split('\n')[0] ?? '')).toMatchObject({
      schema_version: 1,
      kind: 'endings',
    });
  });

  it('forgets what is older than ninety days', async () => {
    const home = newHome();
    await appendEnding(home, ending('a', 'success'));
    expect(known(home, NOW + 89 * 24 * HOUR)).toHaveLength(1);
    expect(known(home, NOW + 91 * 24 * HOUR)).toHaveLength(0);
  });

  it('survives torn and strange lines, and a file that is not one', async () => {
    const home = newHome();
    await appendEnding(home, ending('a', 'success'));
    appendFileSync(file(home), '{"run_id":7}\nnot json\n{"run_id":"torn');
    expect(known(home)).toEqual([['a\na-model', 1]]);
    await appendEnding(home, ending('a', 'success'));
    expect(known(home)).toEqual([['a\na-model', 2]]);
    truncateSync(file(home), 0);
    writeFileSync(file(home), `${'x'.repeat(2000)}\n`);
    expect(known(home)).toEqual([]);
  });

  it('is made small when it has grown, and readers go on', async () => {
    const home = newHome();
    const old = '2026-01-01T00:00:00.000Z';
    await appendEnding(home, ending('a', 'success'));
    expect(known(home)).toHaveLength(1);
    const lines = times(20_000, () => JSON.stringify(ending('old', 'success', { ended: old })));
    appendFileSync(file(home), `${lines.join('\n')}\n`);
    expect(statSync(file(home)).size).toBeGreaterThan(4 << 20);
    await appendEnding(home, ending('b', 'success'));
    expect(statSync(file(home)).size).toBeLessThan(2000);
    expect(known(home)).toEqual([
      ['a\na-model', 1],
      ['b\nb-model', 1],
    ]);
  });
});

describe('what is learned from a run', () => {
  const run = (more: Partial<EndedRun>): EndedRun => ({
    run_id: 'run_x',
    profile: { id: 'p', account: 'acc' },
    model: 'm',
    role: 'review',
    write: false,
    state: 'failed',
    failure: 'rate_limited',
    began: NOW - HOUR,
    ended: NOW,
    elapsedMs: 1000,
    modelCalls: 1,
    tokens: 10,
    ...more,
  });

  it('is an ending and a cooldown, once however often it is told', async () => {
    const home = newHome();
    const quota = { resetsAt: NOW + 2 * HOUR, used: 1 };
    await recordEnding(home, run({ quota }));
    await recordEnding(home, run({ quota }));
    expect(known(home)).toEqual([['p\nm', 1]]);
    const { failures, quotas } = await readHealth(home);
    expect(failures).toMatchObject([{ key: 'acc', count: 1, until: NOW + 2 * HOUR }]);
    expect(quotas).toHaveLength(1);
  });

  it('goes to the model that answered, and heals with the next good run', async () => {
    const home = newHome();
    await recordEnding(home, run({}));
    await recordEnding(
      home,
      run({
        run_id: 'run_y',
        failure: 'success',
        state: 'succeeded',
        actual: 'another',
        began: NOW + 1,
        ended: NOW + HOUR,
      }),
    );
    expect(known(home)).toEqual([
      ['p\nm', 1],
      ['p\nanother', 1],
    ]);
    expect((await readHealth(home)).failures).toEqual([]);
  });

  it('never fails a run, also where nothing can be written', async () => {
    const home = userHome({ CC_ORCHESTRATOR_HOME: '/proc/nowhere' });
    await expect(recordEnding(home, run({}))).resolves.toBeUndefined();
  });
});
