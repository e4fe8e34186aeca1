import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { createRedactor } from '../../src/core/redact.ts';
import { compactEvents } from '../../src/runs/compact-events.ts';
import type { RunEvent } from '../../src/runs/events.ts';
import { pollRun } from '../../src/runs/poll.ts';
import { pollRaw } from '../../src/runs/poll-raw.ts';
import { Journal } from '../../src/runs/supervise/journal.ts';
import { Lease } from '../../src/store/lease.ts';
import { runPaths, workspaceAt } from '../../src/workspace/layout.ts';
import { machine } from '../mcp/face.ts';
import { storeActiveRun } from '../mcp/runs.ts';

/** A run that this process seems to supervise, and a pen for its journal. */
async function polled() {
  const place = machine();
  const { id, record, paths } = await storeActiveRun(place);
  const lease = Lease.tryAcquire(`${paths.dir}/pen`);
  if (!(lease instanceof Lease)) throw new Error('the lease is taken');
  const journal = Journal.open(paths.events, {
    lease,
    clock: systemClock,
    redact: createRedactor(),
  });
  journal.record('cc.run.started', { root: record.workspace });
  let at = 0;
  const say = (event: object) => {
    journal.recordLines([{ event: event as never, raw: [at, ++at] }]);
  };
  const use = (tool: string, target: string, extra: object = {}, ok = true) => {
    const toolId = `t${at}`;
    say({ type: 'cc.tool.used', tool, id: toolId, target, ...extra });
    say({ type: 'cc.tool.finished', id: toolId, ok });
  };
  const run = {
    workspace: workspaceAt(record.workspace),
    paths: runPaths(workspaceAt(record.workspace), id),
    record,
  };
  const poll = (cursor?: string) => pollRun(place.host, run.workspace, id, cursor);
  return { place, id, run, journal, say, use, poll };
}

describe('a poll with a cursor', () => {
  it('tells new flags and findings once, beside the news', async () => {
    const { run, journal, use, poll } = await polled();
    const first = await poll();
    use('Edit', `${run.record.workspace}/a.ts`);
    use('Bash', 'npm test', { runs: 'tests' }, false);
    use('Bash', 'rm -rf x', { risk: 'deletes' });
    journal.publish();
    const second = await poll(first.cursor);
    expect(second).toMatchObject({
      news: ['Edit a.ts', 'Bash npm test', 'failed:', 'Bash rm -rf x'],
      findings: ['changed a.ts', 'tests fail: npm test'],
      flags: [{ code: 'destructive_command', severity: 'high', blocking: true }],
    });
    // Who asks again knows what it asked for.
    for (const field of ['title', 'role', 'profile', 'model']) {
      expect(second).not.toHaveProperty(field);
    }
    const third = await poll(second.cursor);
    expect(Object.keys(third).sort()).toEqual(['cursor', 'elapsed_s', 'run_id', 'state']);
    expect(Buffer.byteLength(JSON.stringify(third))).toBeLessThanOrEqual(120);
    use('Bash', 'rm -rf x', { risk: 'deletes' });
    journal.publish();
    expect(await poll(third.cursor)).not.toHaveProperty('flags');
  });

  it('stays small, however much is new', async () => {
    const { say, poll } = await polled();
    const first = await poll();
    for (let count = 0; count < 300; count += 1) {
      say({ type: 'cc.message', message_id: `m${count}`, text: `${count} ${'字'.repeat(300)}` });
    }
    const answer = await poll(first.cursor);
    expect(Buffer.byteLength(JSON.stringify(answer))).toBeLessThan(4000);
    expect(answer.news?.at(-1)).toMatch(/^says: 299 /);
    expect((answer.news?.length ?? 0) + (answer.news_omitted ?? 0)).toBe(300);
  });
});

describe('raw events', () => {
  it('come whole, in order, each once, within the bytes that were asked for', async () => {
    const { place, run, say } = await polled();
    for (let count = 0; count < 200; count += 1) {
      say({ type: 'cc.message', message_id: `m${count}`, text: 'x'.repeat(count) });
    }
    const seen: RunEvent[] = [];
    let cursor: string | undefined;
    let pages = 0;
    for (;;) {
      const page = await pollRaw(place.host, run, cursor, 3000);
      expect(Buffer.byteLength(JSON.stringify(page.events))).toBeLessThanOrEqual(3002);
      seen.push(...(page.events as RunEvent[]));
      cursor = page.cursor;
      pages += 1;
      if (!page.more) break;
    }
    expect(pages).toBeGreaterThan(10);
    expect(seen.map(({ seq }) => seq)).toEqual(Array.from({ length: 203 }, (_, at) => at + 1));
    expect(seen.at(-1)).toMatchObject({ type: 'cc.message', text: 'x'.repeat(199) });
  });

  it('too large for the answer are named, and the next ones follow', async () => {
    const { place, run, say } = await polled();
    say({ type: 'cc.message', message_id: 'm', text: 'x'.repeat(5000) });
    say({ type: 'cc.message', message_id: 'n', text: 'small' });
    const first = await pollRaw(place.host, run, undefined, 1000);
    const second = await pollRaw(place.host, run, first.cursor, 1000);
    expect(second.events).toEqual([
      { seq: 4, time: expect.any(String), type: 'cc.message', omitted_bytes: expect.any(Number) },
    ]);
    expect((await pollRaw(place.host, run, second.cursor, 1000)).events).toMatchObject([
      { text: 'small' },
    ]);
  });
});

describe('compact events', () => {
  it('cover every event once, whatever fits', async () => {
    const { run, say, use } = await polled();
    for (let count = 0; count < 60; count += 1) {
      use('Read', `${run.record.workspace}/f${count}`);
      if (count % 3 === 0)
        say({ type: 'cc.message', message_id: `m${count}`, text: `at ${count}` });
    }
    const whole = compactEvents(run, undefined, 40_000).split('\n').slice(1);
    expect(whole[0]).toBe('2-4 Read ×2: a.txt, f0');
    const pieces: string[] = [];
    let cursor: string | undefined;
    for (;;) {
      const [head = '', ...lines] = compactEvents(run, cursor, 1000).split('\n');
      expect(Buffer.byteLength(lines.join('\n'))).toBeLessThan(1000);
      pieces.push(...lines);
      cursor = /cursor (\S+)$/.exec(head)?.[1];
      if (!head.includes('more to come')) break;
    }
    expect(pieces).toEqual(whole);
    expect(compactEvents(run, cursor, 1000)).toMatch(/^# run_\S+: no events; cursor \S+$/);
  });
});
