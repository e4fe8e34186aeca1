import { describe, expect, it } from 'vitest';
import { type EndFacts, judgeEnding } from '../../src/runs/outcome.ts';
import { exited, fold, initialized, started } from '../support/captures.ts';

const ended = (fields: object = {}) => ({
  type: 'cc.turn.ended',
  subtype: 'success',
  is_error: false,
  reason: 'completed',
  turns: 1,
  chars: 4,
  denials: 0,
  ...fields,
});
const said = { type: 'cc.message', message_id: 'm1', model: 'glm', text: 'done' };
const refused = (tool: string) => ({
  type: 'cc.hook.answered',
  request_id: 'r',
  tool,
  allow: false,
  reason: 'outside the write scope',
});
const stop = (reason: string) => ({
  type: 'cc.stop.requested',
  reason,
  by: 'test',
  detail: `because of ${reason}`,
});
const endSent = { type: 'cc.control.sent', kind: 'end_session' };
const endAcknowledged = { type: 'cc.control.answered', request_id: 'end-1', ok: true };

function judge(events: readonly object[], facts: Partial<EndFacts> = {}) {
  const verdict = judgeEnding({
    progress: fold([started(), initialized, ...events]),
    changedFiles: null,
    allowWrite: false,
    stderrTail: '',
    ...facts,
  });
  return { verdict: `${verdict.state}/${verdict.failure.class}`, ...verdict.failure };
}

describe('success', () => {
  it('needs a completed turn and exit code 0', () => {
    expect(judge([said, ended(), exited()])).toEqual({
      verdict: 'succeeded/success',
      class: 'success',
      source: 'stream',
      evidence: ['turn completed, exit code 0'],
      retryable: false,
    });
  });

  it('needs an answer in the form that was asked for, whatever the CLI says', () => {
    const facts = { hasSchema: true };
    expect(judge([said, ended(), exited()], facts)).toMatchObject({
      verdict: 'failed/invalid_output',
      retryable: true,
    });
    const structured = ended({ has_structured_output: true });
    expect(judge([said, structured, exited()], facts).verdict).toBe('succeeded/success');
    expect(judge([said, ended(), exited()]).verdict).toBe('succeeded/success');
  });

  it.each<[string, object[]]>([
    ['no exit was seen', [said, ended()]],
    ['another exit code', [said, ended(), exited(1)]],
    ['exit code unknown, not adopted', [said, ended(), exited(null)]],
    ['a signal', [said, ended(), exited(null, 'SIGTERM')]],
    [
      'adopted, end of session not acknowledged',
      [said, ended(), endSent, exited(null, null, true)],
    ],
    ['adopted, ended by a signal', [said, ended(), endAcknowledged, exited(null, 'SIGKILL', true)]],
  ])('is not believed: %s', (_what, events) => {
    expect(judge(events)).toMatchObject({ verdict: 'failed/crashed', retryable: true });
  });

  it('of an adopted worker rests on the acknowledged end of its session', () => {
    expect(
      judge([said, ended(), endSent, endAcknowledged, exited(null, null, true)]),
    ).toMatchObject({
      verdict: 'succeeded/success',
      evidence: ['turn completed, end of session acknowledged'],
    });
  });

  it('is not that of an earlier turn', () => {
    const ready = { type: 'cc.worker.ready', model: 'glm' };
    expect(judge([ready, said, ended(), ready, exited()]).verdict).toBe('failed/crashed');
    expect(judge([ready, said, ended(), ready, ended(), exited()]).verdict).toBe(
      'succeeded/success',
    );
  });

  it.each<[string, object]>([
    ['subtype success with is_error', { is_error: true, reason: 'api_error', status: 500 }],
    ['no word about errors', { is_error: undefined }],
    ['no reason', { reason: undefined }],
    ['another reason', { reason: 'hook_stopped' }],
  ])('is never read from the subtype: %s', (_what, fields) => {
    expect(judge([said, ended(fields), exited()]).verdict).toMatch(/^failed\//);
  });

  it('is not an empty answer where words were the work, nor a declined one', () => {
    const silent = [said, ended({ chars: 0 }), exited()];
    expect(judge(silent).verdict).toBe('failed/invalid_output');
    expect(judge(silent, { allowWrite: true, changedFiles: 1 }).verdict).toBe('succeeded/success');
    const declined = [said, ended({ stop_reason: 'refusal' }), exited()];
    expect(judge(declined, { allowWrite: true }).verdict).toBe('failed/invalid_output');
  });

  it('leaves no background task behind', () => {
    const running = { type: 'cc.task.changed', background: ['t1', 't2'] };
    const none = { type: 'cc.task.changed', background: [] };
    const killed = { type: 'cc.task.changed', task: 't1', status: 'killed' };
    expect(judge([said, running, ended(), exited()])).toMatchObject({
      verdict: 'failed/unknown',
      evidence: ['2 background tasks were still running when it ended'],
    });
    expect(judge([said, running, none, ended(), exited()]).verdict).toBe('succeeded/success');
    // The model stopped it itself …
    expect(judge([said, running, killed, none, ended(), exited()]).verdict).toBe(
      'succeeded/success',
    );
    // … or it was cut off when nobody could say so any more.
    expect(judge([said, running, ended(), killed, killed, none, exited()])).toMatchObject({
      verdict: 'failed/unknown',
      evidence: ['1 background task was still running when it ended'],
    });
  });
});

describe('refused calls', () => {
  const write = { allowWrite: true };

  it('fail a write run that changed nothing because of them', () => {
    const verdict = judge([refused('Write'), said, ended(), exited()], {
      ...write,
      changedFiles: 0,
    });
    expect(verdict).toMatchObject({
      verdict: 'failed/permission_denied',
      source: 'supervisor',
      evidence: ['Write: outside the write scope'],
      retryable: false,
    });
    expect(verdict.hint).toContain('scope.paths');
  });

  it.each<[string, object[], Partial<EndFacts>]>([
    ['something was changed', [refused('Write')], { ...write, changedFiles: 1 }],
    ['what changed is unknown', [refused('Write')], { ...write, changedFiles: null }],
    ['only the shell was refused', [refused('Bash')], { ...write, changedFiles: 0 }],
    ['only other tools were refused', [refused('WebFetch')], { ...write, changedFiles: 0 }],
    ['the run was read-only', [refused('Edit')], { changedFiles: null }],
  ])('are only told of where %s', (_what, events, facts) => {
    expect(judge([...events, said, ended(), exited()], facts)).toMatchObject({
      verdict: 'succeeded/success',
      evidence: ['turn completed, exit code 0', '1 tool call was refused on the way'],
    });
  });

  it('count however many there are, and no kind hides another', () => {
    const many = Array.from({ length: 300 }, () => refused('Bash'));
    const verdict = judge([...many, refused('Write'), said, ended(), exited()], {
      ...write,
      changedFiles: 0,
    });
    expect(verdict.verdict).toBe('failed/permission_denied');
    expect(judge([...many, said, ended(), exited()]).evidence).toContain(
      '300 tool calls were refused on the way',
    );
  });
});

describe('our own decisions come first', () => {
  it.each<[string, string, boolean]>([
    ['cancelled', 'cancelled/interrupted', false],
    ['wall', 'timed_out/timeout', true],
    ['idle', 'timed_out/no_output', true],
    ['no_output', 'timed_out/no_output', true],
    ['stalled', 'timed_out/stalled', true],
    ['retry_storm', 'failed/network', true],
    ['disk_full', 'failed/disk_full', false],
    ['worker_unsupported', 'failed/launch_environment', false],
    ['internal', 'failed/unknown', false],
  ])('%s', (reason, verdict, retryable) => {
    for (const events of [
      [stop(reason), exited(null, 'SIGKILL')],
      [stop(reason), ended({ is_error: true, reason: 'aborted_tools' }), exited(1)],
      [stop(reason), stop('cancelled'), exited()],
    ]) {
      const judged = judge(events);
      expect(judged).toMatchObject({ verdict, retryable });
      expect(judged.evidence).toEqual([`because of ${reason}`]);
    }
  });

  it('tells silence from the start from silence after a while', () => {
    expect(judge([said, stop('idle'), exited(null, 'SIGTERM')]).verdict).toBe('timed_out/stalled');
  });

  it.each<[object, string, boolean]>([
    [{ status: 401 }, 'failed/auth_failed', false],
    [{ error: 'authentication_failed' }, 'failed/auth_failed', false],
    [{ status: 429, error: 'rate_limit' }, 'failed/rate_limited', true],
    [{ status: 529 }, 'failed/provider_overload', true],
    [{ error: 'unknown' }, 'failed/network', true],
  ])('ends retries by what the service answered last: %j', (answer, verdict, retryable) => {
    const retry = { type: 'cc.api.retried', ...answer };
    const judged = judge([retry, stop('retry_storm'), exited(null, 'SIGTERM')]);
    expect(judged).toMatchObject({ verdict, retryable, source: 'stream' });
  });

  it('except that a worker which could not be started did nothing else', () => {
    const judged = judge([stop('cancelled')], { startError: `spawn ENOENT${'x'.repeat(5000)}` });
    expect(judged).toMatchObject({ verdict: 'failed/launch_environment', source: 'process' });
    expect(judged.evidence[0]?.length).toBeLessThanOrEqual(500);
  });
});

describe('how the model service failed', () => {
  const failure = (fields: object) => ({ type: 'cc.api.failed', text: 'API Error', ...fields });
  const apiEnd = (fields: object = {}) => ended({ is_error: true, reason: 'api_error', ...fields });

  it.each<[string, object, object, string, boolean]>([
    ['401', { error: 'authentication_failed' }, { status: 401 }, 'auth_failed', false],
    ['402', { error: 'unknown' }, { status: 402 }, 'billing', false],
    ['403', { error: 'unknown' }, { status: 403 }, 'auth_failed', false],
    ['404', { error: 'model_not_found' }, { status: 404 }, 'provider_capability', false],
    ['400', { error: 'unknown' }, { status: 400 }, 'provider_capability', false],
    ['400, no credit', { error: 'billing_error' }, { status: 400 }, 'billing', false],
    ['413', { error: 'invalid_request' }, { status: 413 }, 'context_overflow', false],
    ['429', { error: 'rate_limit' }, { status: 429 }, 'rate_limited', true],
    ['500', { error: 'server_error' }, { status: 500 }, 'provider_overload', true],
    ['502 of a gateway', { error: 'unknown' }, { status: 502 }, 'provider_overload', true],
    ['529', { error: 'overloaded' }, { status: 529 }, 'provider_overload', true],
    ['no credentials', { error: 'authentication_failed' }, {}, 'auth_failed', false],
    ['an organisation that may not', { error: 'oauth_org_not_allowed' }, {}, 'auth_failed', false],
    ['an account on hold', { error: 'account_on_hold' }, {}, 'billing', false],
    [
      'connection refused',
      { error: 'server_error', code: 'connection_failed' },
      {},
      'network',
      true,
    ],
    ['a status only the message has', { error: 'unknown', status: 429 }, {}, 'rate_limited', true],
    ['nothing that is known', { error: 'unknown' }, {}, 'unknown', false],
    ['a status nobody uses', { error: 'unknown', status: 418 }, {}, 'unknown', false],
  ])('%s', (_what, failed, end, wanted, retryable) => {
    const judged = judge([failure(failed), apiEnd(end), exited(1)]);
    expect(judged).toMatchObject({ verdict: `failed/${wanted}`, source: 'stream', retryable });
    expect(judged.evidence).toContain('API Error');
  });

  it.each([
    ['prompt_too_long', 'failed/context_overflow'],
    ['blocking_limit', 'failed/context_overflow'],
    ['max_turns', 'stopped_limit/stopped_limit'],
    ['budget_exhausted', 'stopped_limit/stopped_limit'],
    ['structured_output_retry_exhausted', 'failed/invalid_output'],
    ['malformed_tool_use_exhausted', 'failed/invalid_output'],
    ['aborted_tools', 'failed/interrupted'],
    ['aborted_streaming', 'failed/interrupted'],
    ['api_error', 'failed/network'],
    ['something_new', 'failed/unknown'],
  ])('the turn ended with %s', (reason, wanted) => {
    expect(judge([said, ended({ is_error: true, reason }), exited(1)]).verdict).toBe(wanted);
  });

  it('is not what it answered to a sub-agent, or before it answered well again', () => {
    const late = ended({ is_error: true, reason: 'something_new' });
    const sub = failure({ error: 'rate_limit', parent: 't1' });
    expect(judge([said, sub, late, exited(1)]).verdict).toBe('failed/unknown');
    expect(judge([failure({ error: 'rate_limit' }), said, late, exited(1)]).verdict).toBe(
      'failed/unknown',
    );
  });

  it('a session that could not be set up is a matter of the environment', () => {
    const errors = ['No conversation found with session ID: x'];
    expect(
      judge([ended({ is_error: true, reason: undefined, turns: 0, errors }), exited(1)]),
    ).toMatchObject({
      verdict: 'failed/launch_environment',
      evidence: ['turn ended: no reason', ...errors],
    });
    expect(
      judge([ended({ is_error: true, startup_failure: 'bypass_root' }), exited(1)]),
    ).toMatchObject({ verdict: 'failed/launch_environment', evidence: ['bypass_root'] });
  });
});

describe('no result', () => {
  const notBegun = { progress: fold([started(), exited(1)]) };

  it.each<[string, object[], Partial<EndFacts>, string, string]>([
    ['an exit code', [exited(1)], {}, 'failed/crashed', 'process'],
    ['exit code 0', [exited(0)], {}, 'failed/crashed', 'process'],
    ['SIGTERM', [exited(143)], {}, 'failed/crashed', 'process'],
    ['a signal', [exited(null, 'SIGSEGV')], {}, 'failed/crashed', 'process'],
    ['SIGKILL', [exited(null, 'SIGKILL')], {}, 'failed/out_of_memory', 'process'],
    ['gone while adopted', [exited(null, null, true)], {}, 'failed/crashed', 'process'],
    ['never seen to exit', [], {}, 'failed/crashed', 'process'],
    ['before it answered us', [], notBegun, 'failed/launch_environment', 'process'],
  ])('%s', (_what, events, facts, verdict, source) => {
    expect(judge([said, ...events], facts)).toMatchObject({ verdict, source });
  });

  it.each([
    ['Error: ENOSPC: no space left on device, write', 'failed/disk_full'],
    ['write: No space left on device', 'failed/disk_full'],
    ['FATAL ERROR: JavaScript heap out of memory', 'failed/out_of_memory'],
    ['fork: Cannot allocate memory', 'failed/out_of_memory'],
  ])('and stderr says %s', (stderrTail, verdict) => {
    expect(judge([exited(1)], { stderrTail })).toMatchObject({ verdict, source: 'stderr' });
    expect(judge([], { ...notBegun, stderrTail }).verdict).toBe(verdict);
  });

  it('stderr does not overrule what the stream says', () => {
    const stderrTail = 'ENOSPC';
    expect(judge([said, ended(), exited()], { stderrTail }).verdict).toBe('succeeded/success');
  });

  it('shows the last line of stderr, not all of it', () => {
    const { evidence } = judge([exited(1)], { stderrTail: `first\n${'x'.repeat(9000)}\n` });
    expect(evidence[0]).toBe('no result; exit code 1');
    expect(evidence[1]).toHaveLength('stderr: '.length + 300);
  });
});
