import { describe, expect, it } from 'vitest';
import { Silence } from '../../../src/runs/supervise/silence.ts';
import { watch } from '../../../src/runs/supervise/watchdog.ts';
import { defaultWatchdog } from '../../../src/workspace/watchdog-policy.ts';
import { exited, fold, initialized, started } from '../../support/captures.ts';

const LIMITS = { ...defaultWatchdog(), idle_seconds: 600, max_turns: 100, renews_key: false };

const task = { type: 'cc.message.sent', message: 'u1', kind: 'task' };
const ready = { type: 'cc.worker.ready', model: 'glm', raw: [0, 1] };
const begun = [started(), initialized, task, ready];
const says = { type: 'cc.message', message_id: 'm1', text: 'hello', raw: [1, 2] };
const uses = { type: 'cc.tool.used', tool: 'Bash', id: 't1', target: 'make', raw: [2, 3] };
const ended = { type: 'cc.tool.finished', id: 't1', ok: true, raw: [3, 4] };
const retry = (fields: object = { error: 'unknown' }) => ({
  type: 'cc.api.retried',
  raw: [4, 5],
  ...fields,
});
const asked = { type: 'cc.hook.asked', request_id: 'r', tool: 'Bash', raw: [5, 6] };

function see(
  events: object[],
  seconds: { silent?: number; retrying?: number; elapsed?: number },
  limits = LIMITS,
) {
  const { silent = 0, retrying = silent, elapsed = 0 } = seconds;
  const { flags, stop } = watch(
    {
      progress: fold(events),
      silentMs: silent * 1000,
      retryingMs: retrying * 1000,
      elapsedMs: elapsed * 1000,
    },
    limits,
  );
  return { flags: flags.map(({ code }) => code), stop: stop?.reason };
}
const nothing = { flags: [], stop: undefined };

describe('silence', () => {
  it('of a model that never answered is told after two minutes, and ends the run at the idle budget', () => {
    expect(see(begun, { silent: 119 })).toEqual(nothing);
    expect(see(begun, { silent: 120 })).toEqual({ flags: ['no_output'], stop: undefined });
    expect(see(begun, { silent: 600 })).toEqual({ flags: ['no_output'], stop: 'no_output' });
  });

  it('of a model that has answered before is a stall', () => {
    expect(see([...begun, says], { silent: 179 })).toEqual(nothing);
    expect(see([...begun, says], { silent: 180 })).toEqual({ flags: ['stalled'], stop: undefined });
    expect(see([...begun, says], { silent: 600 })).toEqual({ flags: ['stalled'], stop: 'stalled' });
  });

  it('of a CLI that does not take up its task ends the run soon', () => {
    for (const events of [[started()], [started(), initialized], [started(), initialized, task]]) {
      expect(see(events, { silent: 119 })).toEqual(nothing);
      expect(see(events, { silent: 120 })).toEqual({ flags: ['no_output'], stop: 'no_output' });
    }
  });

  it('of a running tool is slowness, up to what the CLI allows a tool', () => {
    expect(see([...begun, uses], { silent: 650 })).toEqual(nothing);
    expect(see([...begun, uses], { silent: 660 }).stop).toBe('stalled');
    expect(see([...begun, uses, ended], { silent: 200 }).flags).toEqual(['stalled']);
  });

  it('is told once, and again only after the worker has said something', () => {
    const flag = { type: 'cc.flag.raised', code: 'stalled', severity: 'medium', by: 'watchdog' };
    expect(see([...begun, says, flag], { silent: 300 }).flags).toEqual([]);
    expect(see([...begun, says, flag, says], { silent: 300 }).flags).toEqual(['stalled']);
  });

  it('of a worker that waits for our answer is none', () => {
    expect(see([...begun, uses, asked], { silent: 9999 })).toEqual(nothing);
    expect(see([started(), asked], { silent: 9999 })).toEqual(nothing);
  });
});

describe('retries', () => {
  it.each([{ status: 401 }, { status: 403 }, { error: 'authentication_failed' }])(
    'with a refused key end at once: %j',
    (answer) => {
      const seen = see([...begun, retry(answer)], { silent: 0 });
      expect(seen).toEqual({ flags: ['retry_storm'], stop: 'retry_storm' });
    },
  );

  it('with a key that its login may renew end only when that was refused, too', () => {
    const renews = { ...LIMITS, renews_key: true };
    const refused = retry({ status: 401 });
    expect(see([...begun, refused], {}, renews)).toEqual(nothing);
    expect(see([...begun, refused, refused], {}, renews).stop).toBe('retry_storm');
  });

  it.each([{ status: 429 }, { status: 529 }, { error: 'unknown' }])(
    'for another reason end after too many or too long: %j',
    (answer) => {
      const times = (count: number) => [...begun, ...Array(count).fill(retry(answer))];
      expect(see(times(1), { silent: 60 })).toEqual(nothing);
      expect(see(times(9), { retrying: 100 }).stop).toBeUndefined();
      expect(see(times(10), { retrying: 100 }).stop).toBe('retry_storm');
      expect(see(times(2), { retrying: 179 }).stop).toBeUndefined();
      expect(see(times(2), { retrying: 180 }).stop).toBe('retry_storm');
    },
  );

  it('are over when the model answers', () => {
    const events = [
      ...begun,
      ...Array(9).fill(retry({ status: 429 })),
      says,
      retry({ status: 429 }),
    ];
    expect(see(events, { silent: 1 })).toEqual(nothing);
  });

  it('are life: the silence between them is not counted together', () => {
    expect(see([...begun, retry()], { silent: 30, retrying: 150 })).toEqual(nothing);
  });
});

describe('long runs', () => {
  const calls = (count: number) =>
    Array.from({ length: count }, (_, at) => ({ ...says, message_id: `m${at}` }));

  it('are told when most turns are used, once', () => {
    expect(see([...begun, ...calls(79)], {}).flags).toEqual([]);
    expect(see([...begun, ...calls(80)], {}).flags).toEqual(['high_turns']);
    const told = { type: 'cc.flag.raised', code: 'high_turns', severity: 'medium', by: 'watchdog' };
    expect(see([...begun, ...calls(80), told, ...calls(5)], {}).flags).toEqual([]);
  });

  it('are told after an hour', () => {
    expect(see([...begun, says], { elapsed: 3599 }).flags).toEqual([]);
    expect(see([...begun, says], { elapsed: 3600 }).flags).toEqual(['long_running']);
  });
});

it('a run that is ending is left alone', () => {
  const stop = { type: 'cc.stop.requested', reason: 'wall', by: 'supervisor' };
  const leaving = { type: 'cc.control.sent', kind: 'end_session' };
  for (const last of [stop, leaving, exited()]) {
    expect(see([...begun, retry({ status: 401 }), last], { silent: 9999 })).toEqual(nothing);
  }
});

describe('the clock of silence', () => {
  const seq = (line_seq: number, life_seq = line_seq) => ({ line_seq, life_seq });

  it('counts from the last line, and for retries from the last other one', () => {
    const silence = new Silence(0);
    silence.look(seq(1), 0, false);
    expect(silence.look(seq(1), 4000, false)).toEqual({ silentMs: 4000, retryingMs: 4000 });
    expect(silence.look(seq(2, 1), 7000, false)).toEqual({ silentMs: 0, retryingMs: 7000 });
    expect(silence.look(seq(3), 9000, false)).toEqual({ silentMs: 0, retryingMs: 0 });
  });

  it('leaves out the time in which nobody looked, and that of a question to us', () => {
    const silence = new Silence(0);
    silence.look(seq(1), 0, false);
    expect(silence.look(seq(1), 3_600_000, false).silentMs).toBe(5000);
    expect(silence.look(seq(1), 3_601_000, true).silentMs).toBe(0);
    expect(silence.look(seq(1), 3_602_000, false).silentMs).toBe(1000);
    expect(silence.look(seq(1), 3_000_000, false).silentMs).toBe(1000);
  });
});
