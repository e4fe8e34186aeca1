import { describe, expect, it } from 'vitest';
import { judgeEnding } from '../../src/runs/outcome.ts';
import { launchMismatch } from '../../src/runs/preflight.ts';
import { exited, fold, initialized, started } from '../support/captures.ts';

type Facts = { token_source?: string; key_source?: string; provider?: string };

const record = (auth?: string, model: string | null = 'glm-5.1') => ({
  model,
  profile: { id: 'p', name: 'p', source: 'file', ...(auth === undefined ? {} : { auth }) },
});
const hello = (facts: Facts = {}) => ({ ...initialized, ...facts });
const told = (model?: string) => ({
  type: 'cc.control.answered',
  request_id: 'preflight-1',
  ok: model !== undefined,
  ...(model === undefined ? { error: 'unsupported_request' } : { model }),
});
const ready = (model: string, key_source = 'none') => ({
  type: 'cc.worker.ready',
  model,
  key_source,
});

const BEARER = { token_source: 'ANTHROPIC_AUTH_TOKEN', provider: 'firstParty' };
const KEY = { token_source: 'none', key_source: 'ANTHROPIC_API_KEY', provider: 'firstParty' };
const BEDROCK = { provider: 'bedrock' };
const LOGIN = { token_source: 'claude.ai', provider: 'firstParty' };
const NOBODY = { token_source: 'none', provider: 'firstParty' };
const HELPER = { token_source: 'none', key_source: 'apiKeyHelper', provider: 'firstParty' };

function mismatch(expected: ReturnType<typeof record>, ...events: object[]) {
  return launchMismatch(expected, fold([started(), ...events]));
}

describe('the way a worker signs in', () => {
  // As Claude Code 2.1.329 told it, for each kind of profile.
  it.each<[string, Facts]>([
    ['auth_token', BEARER],
    ['api_key', KEY],
    ['cloud', BEDROCK],
    ['cloud', { provider: 'vertex' }],
    ['login', LOGIN],
    ['login', { token_source: 'CLAUDE_CODE_OAUTH_TOKEN', provider: 'firstParty' }],
    // Not logged in: the service will say so itself.
    ['login', NOBODY],
    ['auth_token', {}],
    ['api_key', { token_source: 'a new word', key_source: 'another', provider: 'a third' }],
  ])('%s is as expected with %j', (auth, facts) => {
    expect(mismatch(record(auth), hello(facts))).toBeUndefined();
  });

  it.each<[string, Facts]>([
    ['auth_token', NOBODY],
    ['auth_token', KEY],
    ['auth_token', HELPER],
    ['auth_token', BEDROCK],
    ['api_key', BEARER],
    ['api_key', { ...NOBODY, key_source: 'none' }],
    ['api_key', HELPER],
    ['login', BEARER],
    ['login', KEY],
    ['login', HELPER],
    ['login', BEDROCK],
    ['cloud', BEARER],
    ['cloud', LOGIN],
  ])('%s is another one with %j', (auth, facts) => {
    expect(mismatch(record(auth), hello(facts))).toMatch(`signs in by ${auth}, the worker says`);
  });

  it('is looked at once more when a turn begins', () => {
    const before = [hello({}), told('glm-5.1')];
    expect(mismatch(record('auth_token'), ...before, ready('glm-5.1'))).toBeUndefined();
    expect(
      mismatch(record('auth_token'), ...before, ready('glm-5.1', 'ANTHROPIC_API_KEY')),
    ).toContain('key ANTHROPIC_API_KEY');
    expect(mismatch(record('api_key'), ...before, ready('glm-5.1', 'none'))).toBeDefined();
  });

  it('is not judged for a run of an earlier version, which did not record it', () => {
    expect(mismatch(record(), hello(KEY))).toBeUndefined();
  });
});

describe('the model a worker announces', () => {
  it.each([
    ['glm-5.1', 'glm-5.1'],
    ['glm-5.1', 'z-ai/GLM-5.1[1m]'],
    ['sonnet', 'claude-sonnet-5-5'],
    ['default', 'claude-opus-5-5'],
  ])('%s may be spelled %s', (model, spelled) => {
    expect(mismatch(record('auth_token', model), hello(), told(spelled))).toBeUndefined();
    expect(mismatch(record('auth_token', model), hello(), ready(spelled))).toBeUndefined();
  });

  it('that is another one is told, before a task and with a turn', () => {
    const text = 'asked for glm-5.1, the worker would use claude-opus-5-5';
    expect(mismatch(record(), hello(), told('claude-opus-5-5'))).toBe(text);
    expect(mismatch(record(), hello(), told(), ready('claude-opus-5-5'))).toBe(text);
  });

  it('is not concluded from silence', () => {
    expect(mismatch(record(), hello(), told())).toBeUndefined();
    expect(mismatch(record('auth_token', null), hello(), told('anything'))).toBeUndefined();
  });

  it('is the affair of the controller once it has switched', () => {
    const switched = { type: 'cc.control.sent', kind: 'set_model', model: 'sonnet' };
    expect(mismatch(record(), hello(), switched, ready('glm-5-flash'))).toBeUndefined();
  });

  it('of an earlier attempt counts no longer', () => {
    const events = [started(), hello(KEY), told('other'), exited(), started(2)];
    expect(launchMismatch(record('auth_token'), fold(events))).toBeUndefined();
  });
});

it('a run stopped for it failed to launch, whatever the worker did afterwards', () => {
  const stop = { type: 'cc.stop.requested', reason: 'route_mismatch', by: 's', detail: 'why' };
  const verdict = judgeEnding({
    progress: fold([started(), hello(), stop, exited(null, 'SIGTERM')]),
    changedFiles: null,
    allowWrite: false,
    stderrTail: '',
  });
  expect(verdict).toMatchObject({
    state: 'failed',
    failure: { class: 'launch_environment', evidence: ['why'], retryable: false },
  });
  expect(verdict.failure.hint).toContain('another profile');
});
