import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CcError } from '../../src/core/errors.ts';
import { userHome } from '../../src/workspace/home.ts';
import { readPolicy } from '../../src/workspace/policy.ts';
import { scratch } from '../support/scratch.ts';

const DEFAULTS = {
  max_concurrent: 4,
  start_interval_ms: 500,
  budget: {
    wall_seconds: 900,
    idle_seconds: 600,
    max_turns: 100,
    max_output_bytes: 100_000_000,
    max_event_bytes: 200_000_000,
  },
  retention: { days: 30, max_runs: 10_000, max_bytes: 10_000_000_000, keep_newest: 20 },
  watchdog: {
    no_output_seconds: 120,
    stall_seconds: 180,
    high_turns: 0.8,
    long_running_seconds: 3600,
    retry_attempts: 10,
    retry_seconds: 180,
  },
  sandbox: 'auto',
  sandbox_writable: [],
  protected_paths: [],
  permissions: {},
  verify: { tests: {}, timeout_seconds: 600 },
  worktrees: { projects: {}, max_bytes: 20_000_000_000, uncommitted: true },
  env_pass: [],
  preferred: {},
  routing: {
    providers: { allow: [], ignore: [], order: [] },
    admission: { min_successes: 3, writes: 'last' },
    difficulty: 'auto',
    fallback: 'auto',
    prices: {},
    catalog: { min_interval_hours: 24 },
  },
  question_timeout_seconds: 300,
  context: { warn: 0.5, rotate: 0.65 },
  secret_allow: [],
  wake_codex: false,
};

function homeWith(text?: string | Buffer) {
  const home = userHome({ CC_ORCHESTRATOR_HOME: scratch() });
  if (text !== undefined) writeFileSync(home.policy, text);
  return home;
}

async function refusal(text: string | Buffer): Promise<CcError> {
  const home = homeWith(text);
  const error = await readPolicy(home).catch((reason: unknown) => reason);
  if (!(error instanceof CcError)) throw new Error(`not refused: ${JSON.stringify(error)}`);
  expect(error.code).toBe('BAD_INPUT');
  expect(error.hint).toContain(home.policy);
  return error;
}

describe('policy.yaml', () => {
  it.each<[string, string | undefined]>([
    ['missing', undefined],
    ['empty', ''],
    ['only comments', '# nothing yet\n'],
    ['null', '~\n'],
    ['an empty object', '{}'],
  ])('%s: the defaults', async (_what, text) => {
    expect(await readPolicy(homeWith(text))).toEqual(DEFAULTS);
  });

  it('overrides one by one', async () => {
    const text = [
      'max_concurrent: 2',
      'budget: { wall_seconds: 60 }',
      'retention: { max_bytes: null }',
      'env_pass: [JAVA_HOME]',
      'preferred:',
      '  review: { profile: glm, model: glm-5.1 }',
      '  testing: {}',
      'claude_path: /opt/claude',
    ].join('\n');
    expect(await readPolicy(homeWith(text))).toEqual({
      ...DEFAULTS,
      max_concurrent: 2,
      budget: { ...DEFAULTS.budget, wall_seconds: 60 },
      retention: { ...DEFAULTS.retention, max_bytes: null },
      env_pass: ['JAVA_HOME'],
      preferred: { review: { profile: 'glm', model: 'glm-5.1' }, testing: {} },
      claude_path: '/opt/claude',
    });
  });

  it('may use anchors in moderation', async () => {
    const text = 'preferred: { review: &glm { profile: glm }, testing: *glm }';
    const { preferred } = await readPolicy(homeWith(text));
    expect(preferred).toEqual({ review: { profile: 'glm' }, testing: { profile: 'glm' } });
  });

  it.each<[string, string, RegExp]>([
    ['an unknown key', 'max_concurent: 3', /max_concurent/],
    ['an unknown key inside', 'budget: { wall: 3 }', /wall/],
    ['an unknown role', 'preferred: { boss: {} }', /boss/],
    ['a text for a number', 'max_concurrent: "3"', /max_concurrent/],
    ['a fraction', 'max_concurrent: 1.5', /max_concurrent/],
    ['too small', 'max_concurrent: 0', /max_concurrent/],
    ['too large', 'budget: { wall_seconds: 1000000 }', /wall_seconds/],
    ['too few days', 'retention: { days: 0 }', /days/],
    ['not a number at all', 'start_interval_ms: .nan', /start_interval_ms/],
    ['a list for an object', 'budget: []', /budget/],
    ['a section without content', 'budget:\n', /budget/],
    ['a test command that is none', 'verify: {tests: {/p: npm test}}', /verify\.tests/],
    ['a variable with a value', 'env_pass: ["A=b"]', /env_pass/],
    ['a list at the top', '- a', /object/],
    ['a text at the top', 'hello', /object/],
    ['no YAML', 'a: [1, 2', /./],
    ['tabs', 'budget:\n\twall_seconds: 1', /tab/i],
    ['the same key twice', 'max_concurrent: 1\nmax_concurrent: 2', /unique/i],
    ['two documents', 'a: 1\n---\nb: 2', /documents/],
    ['an alias of nothing', 'budget: *x', /x/],
    ['__proto__', '__proto__: { max_concurrent: 1 }', /__proto__/],
  ])('is refused with a clear word: %s', async (_what, text, message) => {
    expect((await refusal(text)).message).toMatch(message);
  });

  it('cannot blow up', async () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]'];
    for (let at = 1; at < 12; at += 1) {
      const from = String.fromCharCode(96 + at);
      const to = String.fromCharCode(97 + at);
      bomb.push(`${to}: &${to} [${Array(9).fill(`*${from}`).join(',')}]`);
    }
    const before = process.cpuUsage();
    expect((await refusal(bomb.join('\n'))).message).toMatch(/alias/i);
    expect(process.cpuUsage(before).user).toBeLessThan(1e6);
  });

  it('is refused when it is binary, or no file', async () => {
    await refusal(Buffer.from([0, 255, 1, 2, 254, 10, 13]));
    const home = homeWith();
    mkdirSync(home.policy);
    await expect(readPolicy(home)).rejects.toMatchObject({ code: 'BAD_INPUT' });
  });
});
