import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { attentionOf, newsMark } from '../../../src/runs/insight/attention.ts';
import { FLAG_CODES, type Flag, raiseFlag, riskOf } from '../../../src/runs/insight/flags.ts';
import {
  captureNames,
  exited,
  fold,
  foldCapture,
  initialized,
  started,
} from '../../support/captures.ts';
import { REPOSITORY } from '../../support/lab.ts';

let calls = 0;
/** A tool call and how it ended, as the worker's stream tells it. */
const call = (tool: string, target: string, extra: object = {}, end: object = { ok: true }) => {
  const id = `t${++calls}`;
  return [
    { type: 'cc.tool.used', tool, id, target, input: target, raw: [0, 1], ...extra },
    { type: 'cc.tool.finished', id, output_chars: 10, raw: [1, 2], ...end },
  ];
};
const refusedByHook = { ok: false, denied: true, denied_by: 'hook' };
const failed = { ok: false };
const run = { type: 'cc.run.started', root: '/p', cwd: '/p', model: 'glm' };
const turnEnd = (text = '', fields: object = {}) => ({
  type: 'cc.turn.ended',
  is_error: false,
  reason: 'completed',
  text,
  raw: [2, 3],
  ...fields,
});
const insightOf = (...events: (object | object[])[]) =>
  fold([run, started(), initialized, ...events.flat()]).insight;
const flags = (...events: (object | object[])[]) =>
  Object.fromEntries(
    insightOf(...events).flags.map(({ code, severity, blocking, count }) => [
      code,
      `${severity}${blocking ? '!' : ''} ${count}`,
    ]),
  );

describe('repeated_search', () => {
  const grep = (target: string) => call('Grep', target);
  const many = (count: number) => Array.from({ length: count }, (_, at) => grep(`x${at}`)).flat();

  it('is eight searches with nothing new between them', () => {
    expect(flags(many(7))).toEqual({});
    expect(flags(many(8))).toEqual({ repeated_search: 'medium 1' });
    expect(flags(many(10))).toEqual({ repeated_search: 'medium 3' });
    const shell = call('Bash', 'rg x', { runs: 'search' });
    expect(flags(many(7), shell)).toEqual({ repeated_search: 'medium 1' });
  });

  it('begins anew with a file that was not read before, or a change', () => {
    expect(flags(many(5), call('Read', 'a'), many(5))).toEqual({});
    expect(flags(many(5), call('Edit', '/p/a'), many(5))).toEqual({});
    expect(flags(call('Read', 'a'), many(5), call('Read', 'a'), many(5))).toEqual({
      repeated_search: 'medium 3',
    });
    expect(flags(many(5), call('Edit', '/p/a', {}, failed), many(5))).toEqual({
      repeated_search: 'medium 3',
    });
  });
});

describe('destructive_command', () => {
  const risk = { risk: 'deletes directories recursively' };

  it('blocks when it ran, whatever became of it', () => {
    expect(flags(call('Bash', 'rm -rf x', risk))).toEqual({ destructive_command: 'high! 1' });
    expect(flags(call('Bash', 'rm -rf x', risk, failed))).toMatchObject({
      destructive_command: 'high! 1',
    });
  });

  it('is only noted when it was refused, and becomes worse when one runs', () => {
    const refused = call('Bash', 'rm -rf x', risk, refusedByHook);
    expect(flags(refused)).toEqual({ destructive_command: 'low 1' });
    expect(flags(refused, call('Bash', 'rm -rf y', risk))).toEqual({
      destructive_command: 'high! 2',
    });
  });

  it('is a warning when nobody knows whether it ran', () => {
    const [used] = call('Bash', 'rm -rf x', risk);
    expect(flags(used ?? {})).toEqual({});
    expect(flags(used ?? {}, exited(null, 'SIGKILL'))).toEqual({ destructive_command: 'medium 1' });
  });

  it('is not what somebody only says', () => {
    const says = { type: 'cc.message', message_id: 'm', text: 'I ran rm -rf /', raw: [0, 1] };
    expect(flags(says, call('Bash', 'echo rm -rf /'))).toEqual({});
  });
});

describe('tests that fail', () => {
  const test = (end: object) => call('Bash', 'npm test', { runs: 'tests' }, end);

  it('are a warning at the end, and block beside a claim of success', () => {
    expect(flags(test(failed), turnEnd('The tests still fail.'))).toEqual({
      failing_test: 'medium 1',
    });
    expect(flags(test(failed), turnEnd('Done. All tests pass.'))).toEqual({
      failing_test: 'medium 1',
      success_claim_after_failing_test: 'high! 1',
    });
  });

  it('do not count once they pass, were refused, or before the end', () => {
    expect(flags(test(failed), test({ ok: true }), turnEnd('Done.'))).toEqual({});
    expect(flags(test(refusedByHook), turnEnd('Done.'))).toEqual({});
    expect(flags(test(failed))).toEqual({});
    expect(flags(test(failed), turnEnd('Done.', { is_error: true }))).toEqual({});
  });

  it.each([
    ['All tests pass now.', true],
    ['Fixed the failing test; it works.', true],
    ['I did not change other files. Everything is done.', true],
    ['已修复，测试全部通过。', true],
    ['I looked at it.', false],
    ['I could not fix it.', false],
    ['Two tests fail, the rest passes.', false],
    ['It is not done: the tests are failing.', false],
    ['测试仍然失败。', false],
  ])('a claim: %s', (text, isClaim) => {
    const codes = Object.keys(flags(test(failed), turnEnd(text)));
    expect(codes.includes('success_claim_after_failing_test')).toBe(isClaim);
  });
});

describe('repeated_failure', () => {
  const fails = () => call('Bash', 'make', {}, failed);

  it('is the same call failing three times', () => {
    expect(flags(fails(), fails())).toEqual({});
    expect(flags(fails(), fails(), fails())).toEqual({ repeated_failure: 'medium 1' });
    expect(flags(fails(), fails(), call('Bash', 'make'), fails())).toEqual({});
  });

  it('is not another call, nor the same one after a change', () => {
    expect(flags(fails(), fails(), call('Bash', 'make all', {}, failed))).toEqual({});
    expect(flags(fails(), fails(), call('Edit', '/p/a'), fails())).toEqual({});
  });
});

describe('scope_violation', () => {
  const answered = (tool: string) => ({
    type: 'cc.hook.answered',
    request_id: 'r',
    tool,
    target: '/etc/x',
    allow: false,
    reason: 'outside',
  });

  it('was attempted when a write was refused, by us or by the CLI', () => {
    expect(flags(answered('Write'))).toEqual({ scope_violation: 'low 1' });
    expect(flags(answered('Bash'))).toEqual({});
    const byRule = { ok: false, denied: true, denied_by: 'config' };
    expect(flags(call('Edit', '/p/.git/x', {}, byRule))).toEqual({ scope_violation: 'low 1' });
    expect(flags(call('Edit', '/p/x', {}, refusedByHook))).toEqual({});
  });

  it('happened when the diff says so', () => {
    const diff = { type: 'cc.flag.raised', code: 'scope_violation', severity: 'high', by: 'diff' };
    expect(flags(answered('Write'), { ...diff, evidence: 'b.txt' })).toEqual({
      scope_violation: 'high! 2',
    });
  });
});

describe('secret_like_output', () => {
  const says = (redacted?: string) => ({
    type: 'cc.message',
    message_id: 'm',
    text: 'x [redacted]',
    raw: [0, 1],
    redacted,
  });

  it('is as bad as the redactor is sure, and worst in what the worker says', () => {
    expect(flags(says())).toEqual({});
    expect(flags(says('assignment'))).toEqual({ secret_like_output: 'low 1' });
    expect(flags(says('credential'))).toEqual({ secret_like_output: 'high! 1' });
    const read = call('Read', '.env', {}, { ok: true, redacted: 'credential' });
    expect(flags(read)).toEqual({ secret_like_output: 'medium 1' });
  });

  it('is not what we ourselves journal', () => {
    const { raw: _raw, ...ours } = says('credential');
    expect(flags(ours)).toEqual({});
  });
});

describe('the rest', () => {
  it('excessive_output: a million characters', () => {
    const big = call('Bash', 'cat x', {}, { ok: true, output_chars: 400_000 });
    expect(flags(big, call('Read', 'a', {}, { ok: true, output_chars: 500_000 }))).toEqual({});
    expect(flags(big, big, big, big)).toEqual({ excessive_output: 'medium 1' });
  });

  it('route_mismatch: another model than was asked for, once', () => {
    const says = (model: string, message_id: string) => ({
      type: 'cc.message',
      message_id,
      model,
      text: 'x',
      raw: [0, 1],
    });
    expect(flags(says('glm', 'a'), says('vendor/glm', 'b'))).toEqual({});
    expect(flags(says('other', 'a'), says('other', 'b'))).toEqual({ route_mismatch: 'high 1' });
  });

  it('retry_storm: ten retries in a run', () => {
    const retry = { type: 'cc.api.retried', status: 529, raw: [0, 1] };
    expect(flags(Array(9).fill(retry))).toEqual({});
    expect(flags(Array(12).fill(retry))).toEqual({ retry_storm: 'medium 1' });
  });
});

describe('what flags add up to', () => {
  const flag = (severity: Flag['severity'], blocking = false) => ({ severity, blocking });

  it('only what blocks is in the way', () => {
    expect(riskOf([])).toEqual({
      blocking_ok: true,
      has_warnings: false,
      max_severity: 'none',
      warning_count: 0,
      blocking_count: 0,
    });
    expect(riskOf([flag('low'), flag('high')])).toMatchObject({
      blocking_ok: true,
      has_warnings: true,
      max_severity: 'high',
      warning_count: 2,
    });
    expect(riskOf([flag('medium'), flag('high', true)])).toEqual({
      blocking_ok: false,
      has_warnings: true,
      max_severity: 'high',
      warning_count: 1,
      blocking_count: 1,
    });
  });

  it('never becomes milder, and keeps the evidence of the worst', () => {
    const all: Flag[] = [];
    expect(raiseFlag(all, 'scope_violation', 'low', { seq: 1 }, 'first')).toBe(true);
    expect(raiseFlag(all, 'scope_violation', 'low', { seq: 2 }, 'second')).toBe(false);
    expect(raiseFlag(all, 'scope_violation', 'high', { seq: 3 }, 'x'.repeat(500))).toBe(true);
    expect(raiseFlag(all, 'scope_violation', 'low', { seq: 4 }, 'fourth')).toBe(false);
    expect(all).toEqual([
      {
        code: 'scope_violation',
        severity: 'high',
        blocking: true,
        evidence: `${'x'.repeat(199)}…`,
        first_seq: 1,
        last_seq: 4,
        count: 4,
      },
    ]);
  });
});

describe('the mark of a wait', () => {
  const markOf = (...events: (object | object[])[]) =>
    newsMark(attentionOf(fold([run, started(), ...events.flat()])));
  const fails = call('Bash', 'make', {}, failed);

  it('changes with a new kind of flag and with nothing else', () => {
    const none = markOf();
    const one = markOf(fails, fails, fails);
    expect(none).toBe(0);
    expect(one).toBeGreaterThan(0);
    expect(markOf(fails, fails, fails, fails, fails)).toBe(one);
    const refused = { type: 'cc.hook.answered', request_id: 'r', tool: 'Bash', allow: false };
    const both = markOf(fails, fails, fails, refused);
    expect(both).not.toBe(one);
    expect(markOf(fails, fails, fails, refused, refused)).toBe(both);
  });

  it('leaves out what is low, and retries', () => {
    expect(markOf(call('Bash', 'rm -rf x', { risk: 'x' }, refusedByHook))).toBe(0);
    expect(markOf({ type: 'cc.api.retried', status: 429, raw: [0, 1] })).toBe(0);
  });
});

describe('of the captured runs', () => {
  it('none is flagged for anything but refused writes and retries', () => {
    const codes = captureNames.flatMap((name) =>
      foldCapture(name).insight.flags.map((f) => f.code),
    );
    expect([...new Set(codes)].sort()).toEqual(['retry_storm', 'scope_violation']);
  });
});

it('docs/flags.md has every code', () => {
  const text = readFileSync(join(REPOSITORY, 'docs/flags.md'), 'utf8');
  for (const code of FLAG_CODES) expect(text).toContain(`| \`${code}\` |`);
});
