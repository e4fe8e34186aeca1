import { describe, expect, it } from 'vitest';
import { applyEvent } from '../../src/runs/apply-event.ts';
import { emptyProgress, refusedCalls, usageSoFar } from '../../src/runs/progress.ts';
import { summarise } from '../../src/runs/summarise.ts';
import {
  captureNames,
  exited,
  fold,
  foldCapture,
  initialized,
  journaled,
  runEvent,
  started,
} from '../support/captures.ts';

const tokens = (input: number, usd?: number) => ({
  input,
  output: 1,
  cache_read: 0,
  cache_write: 0,
  ...(usd === undefined ? {} : { cli_usd: usd }),
});
const usageAnswer = (usage_total: object) => ({
  type: 'cc.control.answered',
  request_id: 'usage-1',
  ok: true,
  usage_total,
});
const turnEnd = (usage?: object, usage_total?: object) => ({
  type: 'cc.turn.ended',
  is_error: false,
  reason: 'completed',
  usage,
  usage_total,
});
const task = { type: 'cc.message.sent', message: 'u1', kind: 'task' };
const ready = { type: 'cc.worker.ready', model: 'glm' };
const used = (tool: string, id: string, target = 'a.ts') => ({
  type: 'cc.tool.used',
  tool,
  id,
  target,
});
const finished = (id: string, ok = true) => ({ type: 'cc.tool.finished', id, ok });
const asked = (id: string) => ({
  type: 'cc.hook.asked',
  request_id: id,
  tool: 'Write',
  raw: [10, 20],
});

describe('what is replayed is what was seen', () => {
  it.each(captureNames)('%s', (name) => {
    // Folded live, and folded from what a file gives back.
    const live = fold(journaled(name));
    const replayed = fold(JSON.parse(JSON.stringify(journaled(name))));
    expect(replayed).toEqual(live);
    // Any reader may stop in the middle and go on.
    const events = journaled(name);
    const middle = JSON.parse(JSON.stringify(fold(events.slice(0, events.length / 2))));
    expect(fold(events.slice(events.length / 2), middle)).toEqual(live);
  });
});

describe('usage', () => {
  it('adds up what each turn says it used', () => {
    const state = fold([
      started(),
      turnEnd({ glm: tokens(100) }, { glm: tokens(100) }),
      turnEnd({ glm: tokens(50), flash: tokens(7) }, { glm: tokens(150), flash: tokens(7) }),
    ]);
    expect(usageSoFar(state)).toEqual({ glm: { ...tokens(150), output: 2 }, flash: tokens(7) });
    expect(state.usage_open).toEqual({});
  });

  it('counts the running turn from the answers in between, once', () => {
    const state = fold([
      started(),
      turnEnd({ glm: tokens(100) }, { glm: tokens(100) }),
      usageAnswer({ glm: tokens(130), flash: tokens(5) }),
      usageAnswer({ glm: tokens(140), flash: tokens(5) }),
    ]);
    expect(state.usage_open).toEqual({ glm: { ...tokens(40), output: 0 }, flash: tokens(5) });
    expect(usageSoFar(state).glm?.input).toBe(140);
    applyEvent(
      state,
      runEvent(
        turnEnd({ glm: tokens(60), flash: tokens(5) }, { glm: tokens(160), flash: tokens(5) }),
      ),
    );
    expect(usageSoFar(state).glm?.input).toBe(160);
    expect(usageSoFar(state).flash?.input).toBe(5);
  });

  it('has nothing open after an answer that came late and says nothing new', () => {
    const state = fold([
      started(),
      turnEnd({ glm: tokens(100, 0.1) }, { glm: tokens(100, 0.1) }),
      usageAnswer({ glm: tokens(100, 0.1) }),
    ]);
    expect(state.usage_open).toEqual({});
  });

  it('is never less than before, whatever an answer says', () => {
    const state = fold([
      started(),
      turnEnd({ glm: tokens(100) }, { glm: tokens(100) }),
      usageAnswer({ glm: tokens(30) }),
    ]);
    expect(usageSoFar(state)).toEqual({ glm: tokens(100) });
  });

  it('of a resumed session leaves out what earlier processes used', () => {
    const state = fold([
      started(),
      turnEnd({ glm: tokens(56) }, { glm: tokens(112) }),
      usageAnswer({ glm: tokens(120) }),
    ]);
    expect(usageSoFar(state).glm?.input).toBe(56 + 8);
  });

  it('takes the difference of the totals where a turn does not say', () => {
    const state = fold([
      started(),
      turnEnd(undefined, { glm: tokens(100) }),
      turnEnd(undefined, { glm: tokens(150) }),
    ]);
    expect(usageSoFar(state).glm?.input).toBe(150);
  });

  it('keeps a lower bound where the turn never ended, or said nothing', () => {
    const killed = fold([started(), usageAnswer({ glm: tokens(70) }), exited(null, 'SIGKILL')]);
    expect(usageSoFar(killed)).toEqual({ glm: tokens(70) });
    const silent = fold([started(), usageAnswer({ glm: tokens(70) }), turnEnd()]);
    expect(usageSoFar(silent)).toEqual({ glm: tokens(70) });
    expect(fold([started()]).usage_seen).toBe(false);
  });

  it('survives a new attempt, which begins to count at nothing', () => {
    const state = fold([
      started(1),
      usageAnswer({ glm: tokens(70) }),
      exited(null, null, true),
      started(2),
      usageAnswer({ glm: tokens(30) }),
    ]);
    expect(usageSoFar(state)).toEqual({ glm: { ...tokens(100), output: 2 } });
  });

  it('knows no USD where a part of it is unknown', () => {
    const state = fold([
      started(),
      turnEnd({ glm: tokens(1, 0.5) }, {}),
      turnEnd({ glm: tokens(1) }, {}),
    ]);
    expect(usageSoFar(state).glm).not.toHaveProperty('cli_usd');
  });
});

describe('a new attempt', () => {
  it('forgets everything about the process before it', () => {
    const before = [
      initialized,
      journaled,
      task,
      ready,
      asked('r1'),
      { type: 'cc.control.sent', kind: 'end_session' },
      { type: 'cc.control.answered', request_id: 'end-1', ok: true },
      { type: 'cc.api.failed', error: 'rate_limit' },
      { type: 'cc.task.changed', background: ['t'] },
      { ...turnEnd(), raw: [0, 500] },
      { type: 'cc.task.changed', task: 't', status: 'killed' },
      exited(1),
    ];
    const state = fold([started(1), ...before, started(2)]);
    const fresh = fold([started(2)]);
    for (const key of [
      'raw_offset',
      'attempt',
      'worker',
      'worker_exit',
      'initialized',
      'task',
      'ready',
      'unanswered',
      'end_session',
      'api_error',
      'background',
      'background_cut',
      'turn_end',
    ] as const) {
      expect(state[key], key).toEqual(fresh[key]);
    }
  });

  it('keeps a stop that was decided, and what was done', () => {
    const stop = { type: 'cc.stop.requested', reason: 'wall', by: 'supervisor' };
    const done = { type: 'cc.request.done', id: 'req_1' };
    const state = fold([started(1), stop, done, used('Read', 't1'), started(2)]);
    expect(state.stop?.reason).toBe('wall');
    expect(state.requests_done).toEqual(['req_1']);
    expect(state.tools).toEqual({ Read: 1 });
  });
});

describe('the task', () => {
  it('counts as taken up when the worker says so, or has begun a turn', () => {
    const state = (event: object) => fold([started(), initialized, task, event]).task;
    const told = (what: string, message = 'u1') => ({
      type: 'cc.message.state',
      message,
      state: what,
    });
    expect(state(told('queued'))?.started).toBe(false);
    expect(state(told('started'))?.started).toBe(true);
    expect(state(told('started', 'another'))?.started).toBe(false);
    expect(state(ready)?.started).toBe(true);
    expect(fold([started(), told('started')]).task).toBeUndefined();
  });

  it('may be handed over only to a hook that blocks', () => {
    const answer = (fields: object) => fold([{ ...initialized, ...fields }]).initialized;
    expect(answer({})).toEqual({ blocking_hook: true });
    expect(answer({ hooks_applied: false })?.blocking_hook).toBe(false);
    expect(answer({ hook_on_failure_supported: undefined })?.blocking_hook).toBe(false);
    expect(answer({ hooks_applied: 'true' })?.blocking_hook).toBe(false);
    expect(answer({ hooks_applied: undefined, error: 'no' })).toEqual({
      blocking_hook: false,
      error: 'no',
    });
  });
});

describe('questions', () => {
  it('stay open until they are answered or withdrawn', () => {
    const open = (...events: object[]) =>
      Object.keys(fold([started(), asked('r1'), asked('r2'), ...events]).unanswered);
    expect(open()).toEqual(['r1', 'r2']);
    expect(open({ type: 'cc.hook.answered', request_id: 'r1', allow: true })).toEqual(['r2']);
    expect(open({ type: 'cc.request.withdrawn', request_id: 'r2' })).toEqual(['r1']);
    expect(open({ type: 'cc.hook.answered', request_id: 'toString' })).toEqual(['r1', 'r2']);
  });

  it('without an id or a place in the stream cannot be answered', () => {
    const state = fold([started(), { ...asked('r'), raw: undefined }, asked(undefined as never)]);
    expect(state.unanswered).toEqual({});
  });

  it('that were withdrawn were refused, unless we ended the run', () => {
    const withdrawn = { type: 'cc.request.withdrawn', request_id: 'r1' };
    const stop = { type: 'cc.stop.requested', reason: 'cancelled', by: 'controller' };
    expect(fold([started(), asked('r1'), withdrawn]).refused).toEqual([
      { tool: 'Write', reason: 'nobody answered in time' },
    ]);
    expect(refusedCalls(fold([started(), asked('r1'), stop, withdrawn]))).toBe(0);
    expect(refusedCalls(fold([started(), withdrawn]))).toBe(0);
  });
});

describe('refusals', () => {
  it('are counted once, whoever tells of them', () => {
    const ours = { type: 'cc.hook.answered', request_id: 'r', tool: 'Bash', allow: false };
    const theirs = { type: 'cc.tool.denied', tool: 'Read' };
    const allowed = { ...ours, allow: true };
    const state = fold([ours, ours, theirs, allowed, { ...allowed, allow: 'default' }]);
    expect(refusedCalls(state)).toBe(3);
    const rule = {
      type: 'cc.tool.finished',
      id: 't9',
      ok: false,
      denied: true,
      denied_by: 'config',
    };
    const told = { type: 'cc.tool.denied', tool: 'Edit', id: 't9' };
    const byHook = { ...rule, id: 't8', denied_by: 'hook' };
    expect(refusedCalls(fold([rule]))).toBe(1);
    expect(refusedCalls(fold([told, rule, byHook]))).toBe(1);
    // The CLI's own list holds ours as well.
    expect(refusedCalls(fold([{ ...turnEnd(), denials: 3 }], state))).toBe(3);
    expect(refusedCalls(fold([{ ...turnEnd(), denials: 5 }], state))).toBe(5);
  });
});

describe('the denials of every captured run', () => {
  it.each(captureNames)('%s', (name) => {
    const state = foldCapture(name);
    // Counted one by one they are as many as the CLI says in the end, but for those of hooks that
    // were not ours, which a run of ours does not have.
    const told = state.turn_end?.denials ?? 0;
    expect(refusedCalls(state)).toBeGreaterThanOrEqual(told);
    if (/^(?:04|06|60|61|96|99)/.test(name)) expect(state.cli_denials).toBe(told);
  });
});

describe('the timeline', () => {
  const lines = (...events: object[]) =>
    fold(events).timeline.map(({ tool, ok, count }) => [tool, count, ok]);

  it('counts the same call made again as one line, with how it went last', () => {
    expect(
      lines(used('Read', 't1'), finished('t1', false), used('Read', 't2'), finished('t2')),
    ).toEqual([['Read', 2, true]]);
    expect(lines(used('Read', 't1'), used('Read', 't2', 'b.ts'))).toHaveLength(2);
  });

  it('gives each of several parallel calls its own result', () => {
    expect(
      lines(
        used('Read', 't1'),
        used('Bash', 't2', 'npm test'),
        finished('t2', false),
        finished('t1'),
        finished('unknown', false),
      ),
    ).toEqual([
      ['Read', 1, true],
      ['Bash', 1, false],
    ]);
  });
});

describe('what a run may leave behind is bounded', () => {
  it('however long it was', () => {
    // Three bytes a character, the most that one can take.
    const long = '\u20ac'.repeat(4000);
    const state = emptyProgress();
    let seq = 0;
    const apply = (event: object) => applyEvent(state, runEvent(event, ++seq));
    apply(started());
    for (let at = 0; at < 20_000; at += 1) {
      const name = `${at}${long}`.slice(0, 100);
      apply({ type: 'cc.message', message_id: `m${at}`, model: name, text: long });
      apply({ type: 'cc.tool.used', tool: name, id: `t${at}`, target: long.slice(0, 300) });
      apply({ type: 'cc.tool.finished', id: `t${at}`, ok: false });
      apply({ ...asked(`r${at}`), tool: name });
      apply({
        type: 'cc.hook.answered',
        request_id: `r${at}`,
        tool: name,
        allow: false,
        reason: long,
      });
      apply({ type: 'cc.api.retried', error: long.slice(0, 100) });
      apply({ type: 'cc.task.changed', task: name, status: 'killed', background: [] });
    }
    apply({ type: 'cc.api.failed', error: long.slice(0, 100), text: long.slice(0, 500) });
    expect(state.model_calls).toBe(20_000);
    expect(refusedCalls(state)).toBe(20_000);
    expect(Object.values(state.tools).reduce((a, b) => a + b)).toBe(20_000);
    expect(Buffer.byteLength(JSON.stringify(state))).toBeLessThan(192 << 10);
    expect(Buffer.byteLength(JSON.stringify(summarise(state)))).toBeLessThan(28 << 10);
  });
});
