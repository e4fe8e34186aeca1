import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../src/runs/events.ts';
import type { RunRecord } from '../src/runs/record.ts';
import { breaches, type Evidence, type Invariant } from './chaos/invariants.ts';
import { planScene, THEMES } from './chaos/plan.ts';
import { isClean, shown } from './chaos/report.ts';
import { Random } from './support/random.ts';

describe('the plan', () => {
  it('is a function of the seed', () => {
    const plans = (seed: number) => THEMES.map((_, index) => planScene(seed, index));
    expect(plans(1)).toEqual(plans(1));
    expect(plans(1)).not.toEqual(plans(2));
    expect(plans(1).map(({ theme }) => theme)).toEqual([...THEMES]);
  });

  it('has faults in every scene but few, and thaws whoever nobody would end', () => {
    for (let index = 0; index < 600; index += 1) {
      const { faults, theme, wallSeconds } = planScene(7, index);
      if (theme !== 'settle') expect(faults.length).toBeGreaterThan(0);
      for (const fault of faults) {
        if (fault.what !== 'freeze' || fault.thawMs !== undefined) continue;
        expect(['supervisor', 'worker']).toContain(fault.target);
        if (fault.target === 'worker') expect(wallSeconds).toBeLessThan(20);
      }
    }
  });

  it('draws evenly', () => {
    const random = new Random(3);
    const counts = [0, 0, 0, 0];
    for (let n = 0; n < 4000; n += 1) {
      const index = random.between(0, 3);
      counts[index] = (counts[index] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(900);
  });
});

describe('the invariants', () => {
  const event = (seq: number, type: string, more: object = {}) =>
    ({ seq, epoch: 1, time: '', type, ...more }) as RunEvent;
  const good: Evidence = {
    record: { state: 'succeeded', elapsed_ms: 900 } as RunRecord,
    events: [
      event(1, 'cc.worker.started', { attempt: 1 }),
      event(2, 'cc.worker.other', { raw: [0, 10] }),
      event(3, 'cc.worker.other', { raw: [10, 30] }),
      event(4, 'cc.run.ended'),
    ],
    streams: [
      { attempt: 1, lines: [] },
      {
        attempt: 1,
        lines: [
          [0, 10],
          [10, 30],
        ],
      },
    ],
    missing: [],
    conversations: { a: [0, 1, 2] },
    told: [{ text: 'x', heard: 1 }],
    runs: ['one'],
    left: { worker: [], supervisors: [] },
    rawLeft: [],
    unharmed: true,
    ledger: { problems: [], ends: 1 },
    sceneMs: 1000,
  };
  const process = { pid: 7, start: '1', boot: 'b' };

  it('hold of a good run', () => {
    expect(breaches(good)).toEqual([]);
  });

  const bad: [Invariant, string, Partial<Evidence>][] = [
    ['ended', 'still running', { record: { state: 'running' } as RunRecord }],
    ['ended_once', 'no end', { events: good.events.slice(0, 3) }],
    ['ended_once', 'two ends', { events: [...good.events, event(5, 'cc.run.ended')] }],
    [
      'lines',
      'the last line is lost',
      { events: [...good.events.slice(0, 2), event(3, 'cc.run.ended')] },
    ],
    [
      'lines',
      'a line twice',
      {
        events: [
          ...good.events.slice(0, 3),
          event(4, 'cc.worker.other', { raw: [10, 30] }),
          event(5, 'cc.run.ended'),
        ],
      },
    ],
    [
      'lines',
      'a worker that nobody journaled has said something',
      { streams: [{ attempt: 1, lines: [[0, 5]] }, ...good.streams.slice(1)] },
    ],
    ['started_once', 'two conversations', { conversations: { a: [0], b: [0] } }],
    ['started_once', 'a step asked for twice', { conversations: { a: [0, 1, 1] } }],
    ['started_once', 'two runs', { runs: ['one', 'two'] }],
    ['told', 'an instruction was lost', { told: [{ text: 'x', heard: 0 }] }],
    ['told', 'an instruction came twice', { told: [{ text: 'x', heard: 2 }] }],
    ['nothing_left', 'a process', { left: { worker: [process], supervisors: [] } }],
    ['nothing_left', 'a supervisor', { left: { worker: [], supervisors: [process] } }],
    ['nothing_left', 'a raw stream', { rawLeft: ['stdout-1.ndjson'] }],
    ['honest', 'a tool result is missing', { missing: ['2 of 3 tool results'] }],
    ['unharmed', 'failed for no reason', { record: { state: 'failed' } as RunRecord }],
    ['ledger', 'an end twice', { ledger: { problems: [], ends: 2 } }],
    ['ledger', 'a fork', { ledger: { problems: ['line 3: fork'], ends: 1 } }],
    ['time', 'more time than there was', { sceneMs: 500 }],
  ];
  it.each(bad)('%s: %s', (invariant, _, evidence) => {
    expect(breaches({ ...good, ...evidence }).map((breach) => breach.invariant)).toEqual([
      invariant,
    ]);
  });

  it('are told with the folder and the seed', () => {
    const played = {
      scene: planScene(9, 0),
      injected: [{ what: 'kill supervisor', at: 'event', ms: 5 }],
      missed: 1,
      state: 'running',
      counts: { lines: 3, modelCalls: 2, instructions: 1 },
      breaches: [{ invariant: 'ended' as const, detail: 'it reads running' }],
      folder: '/tmp/kept',
      error: undefined,
    };
    const report = { seed: 9, injected: 1, missed: 1, scenes: [played], skipped: ['x'], ms: 1 };
    expect(isClean(report)).toBe(false);
    expect(shown(report)).toMatch(/BROKEN {2}every run ends \(not in 1 runs\)/);
    expect(shown(report)).toContain('3 lines of workers, 2 model calls, 1 instructions');
    expect(shown(report)).toContain('/tmp/kept');
    expect(shown(report)).toContain('--seed 9');
    expect(isClean({ ...report, scenes: [{ ...played, breaches: [] }] })).toBe(true);
  });
});
