import { describe, expect, it } from 'vitest';
import { judgeEnding, type Verdict } from '../../src/runs/outcome.ts';
import type { Progress } from '../../src/runs/progress.ts';
import { captureNames, exited, exitOf, foldCapture } from '../support/captures.ts';

/**
 * How every captured run has to be judged, decided by hand from what was done to it. All of them were
 * plain `-p` runs: their own child's exit code is known, no session was ended by us.
 */
const FAILED: Record<string, [string, readonly string[]]> = {
  'failed/auth_failed': [
    'the key was refused, or there was none',
    ['21b-401-maxretries1', '22-403', '41m-no-auth'],
  ],
  'failed/billing': ['HTTP 400, but the CLI names the empty account', ['28c-credit']],
  'failed/context_overflow': ['HTTP 413', ['28-413']],
  'failed/rate_limited': ['told to wait an hour, the CLI gave up', ['25c-429-long-retryafter']],
  'failed/provider_overload': [
    'HTTP 5xx',
    ['26-500-forever', '26b-500-maxretries2', '26c-500-maxretries0', '27-529-forever'],
  ],
  'failed/provider_capability': ['model or request refused', ['23-404-model', '24-400']],
  'failed/network': [
    '"server_error" without any HTTP status: refused, dropped or timed out',
    ['20-econnrefused', '30f-reset-mid', '30g-reset-before', '31e-stall-before-apitimeout5s'],
  ],
  'failed/interrupted': [
    'an interrupt that was not ours; after SIGINT the exit code is 0',
    [
      '40-sigINT-bash-sleep',
      '55-live-interrupt-stream',
      '55b-live-interrupt-stall',
      '55c-live-interrupt-retry',
      '58-live-cancel-queued',
      '63b-can-use-tool-deny-interrupt',
    ],
  ],
  'failed/crashed': [
    'ended by a signal, before or after a completed turn',
    [
      '40-sigHUP-bash-sleep',
      '40-sigTERM-bash-sleep',
      '40b2-sigTERM-group-bash-sleep',
      '40c-sigTERM-bgbash',
      '40d-sigTERM-stream',
      '40f-sigTERM-daemonized',
      '40g-sigTERM-trap',
      '40h-sigKILL-bgbash',
    ],
  ],
  'failed/out_of_memory': [
    'SIGKILL that nobody owns up to, in the middle of a turn',
    [
      '21-401',
      '25d-429-ratelimit-headers',
      '31-stall-headers',
      '31c-stall-before',
      '31d-stall-mid-idle5s',
      '31f-stall-before-firstbyte5s',
      '31i-stall-before-byteidle10s',
      '40-sigKILL-bash-sleep',
      '40b-sigKILL-group-bash-sleep',
    ],
  ],
  'failed/launch_environment': [
    'it never came to ask the model anything',
    [
      '13-bg-bash',
      '41a-bad-flag',
      '41b-bad-permission-mode',
      '41c-no-verbose',
      '41d-empty-prompt',
      '41e-no-prompt-devnull',
      '41i-bad-settings-json',
      '41j-bad-setting-sources',
      '41k-text-format', // exit code 0, but not our format: nothing in it is a result
      '41k3-text-format-error',
      '41n-root-dsp',
      '41n2-root-dsp-startup',
      '41p2-stdin-12MB',
      '60e-perm-bypass-root',
      '72k-mcp-badjson',
      '80f-schema-bad-schema',
      '80g-schema-bad-type',
      '90b-session-id-reuse',
      '90g-resume-unknown',
      '90g2-resume-notuuid',
      '90j-resume-nopersisted',
      '90l-bad-session-id',
      '95a-sandbox-nodeps-failIfUnavailable',
      '95g-env-scrub',
    ],
  ],
  'failed/invalid_output': ['the turn completed without an answer', ['25-429-retryafter']],
  'failed/unknown': [
    'no turn of a model was completed (slash commands), or background work was cut off by SIGINT',
    ['11-compact', '11b-compact-manual', '12-slash-usage', '40i-sigINT-bgbash'],
  ],
  'stopped_limit/stopped_limit': ["the CLI's own limits", ['07-max-turns', '08-max-budget']],
};

/** Everything else succeeded: exit code 0, and the last turn completed without error. Why that is right: */
const SUCCEEDED: Record<string, RegExp> = {
  'an answer, with or without tools':
    /^(?:0[0-9]|41[fgilpqrst]|41i2|41k2|50|51|56|59|75|90|91|92|98)/,
  'sub-agents and background work that came to its end': /^(?:10|97|98)/,
  'the conversation was compacted on the way, or before': /^11[cde]/,
  'a fault of the service that the CLI got over by itself': /^(?:25e|30-|30b|30c|30e|31g|31h|32)/,
  'calls were refused, and the model ended its turn all the same': /^(?:6[0-4]|70b|71|9[4569]|99)/,
  'tool servers that work, fail or are slow; the turn does not depend on them': /^7[0-4]/,
  'the structured result was given': /^80[abchi]/,
  'settings and sources that change what is loaded, not how it ends': /^9[345]/,
};

function verdictOf(progress: Progress, facts: { writes?: boolean } = {}): Verdict {
  return judgeEnding({
    progress,
    changedFiles: facts.writes ? 0 : null,
    allowWrite: facts.writes ?? false,
    stderrTail: '',
  });
}

const expected = new Map(
  Object.entries(FAILED).flatMap(([verdict, [, names]]) =>
    names.map((name): [string, string] => [name, verdict]),
  ),
);

describe('the ending of every captured run', () => {
  it.each(captureNames)('%s', (name) => {
    const verdict = verdictOf(foldCapture(name));
    const wanted = expected.get(name) ?? 'succeeded/success';
    expect(`${verdict.state}/${verdict.failure.class}`).toBe(wanted);
    expect(verdict.failure.evidence.length).toBeGreaterThan(0);
    if (wanted === 'succeeded/success') {
      const reasons = Object.entries(SUCCEEDED).filter(([, names]) => names.test(name));
      expect(reasons, `say why ${name} may succeed`).not.toEqual([]);
      expect(exitOf(name)).toEqual({ code: 0, signal: null });
    } else {
      expect(verdict.failure.hint ?? verdict.failure.evidence[0]).toBeTruthy();
    }
  });

  it('knows every name in the table', () => {
    expect([...expected.keys()].filter((name) => !captureNames.includes(name))).toEqual([]);
  });

  it('believes the success of an adopted worker only where the end of its session was acknowledged', () => {
    const believed = captureNames.filter(
      (name) => verdictOf(foldCapture(name, exited(null, null, true))).state === 'succeeded',
    );
    // The two captures in which somebody did end the session.
    expect(believed).toEqual(['00-recommended-profile', '56-live-control-queries']);
  });

  it('believes no success where the exit was not seen', () => {
    for (const name of captureNames) {
      const progress = foldCapture(name);
      delete progress.worker_exit;
      expect(verdictOf(progress).state, name).not.toBe('succeeded');
    }
  });

  it('sees writes that the CLI refused by itself, when a write run changed nothing', () => {
    const refused = captureNames.filter((name) => {
      const verdict = verdictOf(foldCapture(name), { writes: true });
      return verdict.failure.class === 'permission_denied';
    });
    expect(refused).toContain('64b-sdk-hook-timeout');
    expect(refused).toContain('63c-can-use-tool-unanswered-close');
    expect(refused).toContain('60d-perm-dontAsk');
    expect(refused).not.toContain('05-write-acceptEdits');
    expect(refused).not.toContain('99-read-outside-dontAsk');
  });
});
