import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { CcError, toErrorFacts } from '../../src/core/errors.ts';
import type { Fault, Script, Step } from '../../src/loopback/index.ts';
import { planTest, type TestCaps } from '../../src/probe/plan.ts';
import { findSubject } from '../../src/probe/subject.ts';
import { type TestResult, testProfile } from '../../src/probe/test-profile.ts';
import { isAlive } from '../../src/proc/identity.ts';
import { findByCookie } from '../../src/proc/tree.ts';
import { capabilitiesOf, PROBES, type Probe } from '../../src/routing/capabilities.ts';
import { BIN } from '../support/controllers.ts';
import { Lab, TOKEN } from '../support/lab.ts';
import { probeModel, type Quirks } from '../support/probe-model.ts';
import { cutOff } from '../support/processes.ts';
import { LabServer } from '../support/server.ts';

type Options = {
  level?: 'quick' | 'full';
  caps?: TestCaps;
  timeoutMs?: number;
  signal?: AbortSignal;
  env?: Record<string, string>;
};

const never = new AbortController().signal;

async function openLab(script: Script, env: Record<string, string> = {}): Promise<Lab> {
  const lab = await Lab.open([script], { git: false });
  onTestFinished(async () => {
    await lab.close();
  });
  Object.assign(lab.env, env);
  return lab;
}

async function test(lab: Lab, options: Options = {}): Promise<TestResult> {
  const { level = 'quick', caps = {}, timeoutMs = 150_000, signal = never } = options;
  const subject = await findSubject(lab.host(), { profile: 'env:lab' });
  const plan = planTest(level, caps, subject);
  return testProfile(lab.host(), subject, { plan, caps, timeoutMs, signal });
}

async function probe(script: Script, options: Options = {}): Promise<TestResult> {
  const lab = await openLab(script, options.env);
  const result = await test(lab, options);
  expectNothingLeft(lab);
  for (const { verdict, evidence, fix } of Object.values(result.probes)) {
    expect(evidence).not.toBe('');
    if (verdict !== 'pass') expect(fix?.length).toBeGreaterThan(15);
  }
  return result;
}

const quirky = (quirks: Quirks, options?: Options) => probe(probeModel(quirks), options);
const faulty = (fault: Fault, options?: Options) =>
  quirky({ step: (step) => ({ ...step, faults: [fault] }) }, options);

/** The built command, as a shell would start it. */
async function run(lab: Lab, ...args: string[]) {
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd: lab.project,
    env: lab.env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  const text = Buffer.concat(chunks).toString('utf8');
  return { status, text, value: JSON.parse(text) as Record<string, unknown> };
}

/** Neither a process nor a file in the temporary directory. */
function expectNothingLeft(lab: Lab): void {
  expect(findByCookie('HOME', lab.env.HOME ?? '')).toEqual([]);
  expect(readdirSync(lab.env.TMPDIR ?? '')).toEqual([]);
}

/** The probes that did not pass, with their verdicts. */
function blemishes({ probes }: TestResult): Partial<Record<Probe, string>> {
  return Object.fromEntries(
    PROBES.filter((name) => probes[name].verdict !== 'pass').map((name) => [
      name,
      probes[name].verdict,
    ]),
  );
}

/** What a quick test cannot tell even of the best of models. */
const QUICK = { thinking: 'unknown', long_context: 'unknown' } as const;
const SILENT = {
  auth: 'unknown',
  model: 'unknown',
  streaming: 'unknown',
  tool_use: 'unknown',
  parallel_tool_use: 'unknown',
  structured_output: 'unknown',
  token_counting: 'unknown',
  ...QUICK,
} as const;

it('passes an honest model for a few thousand tokens, in two calls', async () => {
  const lab = await openLab(probeModel());
  const result = await test(lab);
  expect(blemishes(result)).toEqual(QUICK);
  expect(lab.model.requests.map(({ kind }) => kind)).toEqual(['model', 'model']);
  const served = lab.model.tokensServed();
  expect(result.cost.tokens).toBe(served.input + served.output);
  expect(result.cost.tokens).toBeLessThan(3500);
  expect(result.cost.usd).toBeCloseTo((served.input + 10 * served.output) / 1e6, 6);
  expect(result.probes.reachability.value).toBeGreaterThan(0);
  expect(result.probes.price.evidence).toContain('no price for cache');
  expectNothingLeft(lab);
});

it('shows thinking and a long context in a full test, within the cap', async () => {
  const lab = await openLab(probeModel(), { CC_PROFILE_LAB_CONTEXT_WINDOW: '60000' });
  const result = await test(lab, { level: 'full', caps: { maxTokens: 80_000 } });
  expect(blemishes(result)).toEqual({});
  expect(result.probes.long_context).toMatchObject({
    evidence: 'found both code words in 51000 tokens (of 60000 claimed)',
    value: 51_000,
    cost: { of: 'long_context' },
  });
  expect(result.cost.tokens).toBeLessThan(80_000);
  expect(lab.model.requests).toHaveLength(4);
  expectNothingLeft(lab);
});

it.each<[what: string, fault: Fault, found: object, evidence: [Probe, string]]>([
  ['a refused key', http(401), { auth: 'fail' }, ['auth', 'the key was refused']],
  ['a forbidden account', http(403), { auth: 'fail' }, ['auth', 'the key was refused']],
  ['an empty account', http(402), { auth: 'fail' }, ['auth', 'the account cannot pay']],
  ['an unknown model', http(404), { model: 'fail' }, ['model', 'does not know lab-model-1']],
  ['a refused request', http(400), { model: 'fail' }, ['model', 'Loopback answered 400']],
  ['a rate limit', http(429), {}, ['tool_use', 'rate_limited (HTTP 429)']],
  ['an overload', http(529), {}, ['tool_use', 'provider_overload (HTTP 529)']],
  ['a server error', http(500), {}, ['tool_use', 'HTTP 500']],
  [
    'a wrong path',
    { kind: 'http', status: 404, body: '<html>Not found</html>' },
    { reachability: 'fail' },
    ['reachability', 'HTTP 404 without an error of the Messages API'],
  ],
  [
    'a broken gateway',
    { kind: 'http', status: 502, body: '<html>Bad gateway</html>' },
    { reachability: 'unknown' },
    ['reachability', 'HTTP 502'],
  ],
  [
    'a web page',
    { kind: 'http', status: 200, body: '<!doctype html><html>Welcome</html>' },
    { reachability: 'fail' },
    ['reachability', 'HTML page'],
  ],
  [
    'a connection that is lost at once',
    { kind: 'cut', how: 'reset', at: 'before_headers' },
    { reachability: 'fail' },
    ['reachability', 'ECONNRESET'],
  ],
])('tells %s from everything else', async (_, fault, found, [name, evidence]) => {
  const result = await faulty(fault);
  expect(blemishes(result)).toEqual({ ...SILENT, ...found });
  expect(result.probes[name].evidence).toContain(evidence);
  expect(result.cost).toEqual({ tokens: 0, usd: 0 });
});

function http(status: number): Fault {
  return { kind: 'http', status };
}

it('tells that nobody is there', async () => {
  const result = await quirky({}, { env: { CC_PROFILE_LAB_BASE_URL: 'http://127.0.0.1:9' } });
  expect(blemishes(result)).toEqual({ ...SILENT, reachability: 'fail' });
  expect(result.probes.reachability.evidence).toContain('ECONNREFUSED');
});

it('tells that the server never answers, and leaves it in time', async () => {
  const stall = { step: (step: Step): Step => ({ ...step, hold: { at: 'before_headers' } }) };
  const result = await quirky(stall, { timeoutMs: 10_000 });
  expect(blemishes(result)).toEqual({ ...SILENT, reachability: 'fail' });
  expect(result.seconds).toBeLessThan(60);
});

it('concludes nothing about what a stall in the middle hides', async () => {
  const stall = { step: (step: Step): Step => ({ ...step, hold: { at: 'mid_message' } }) };
  const result = await cutOff(
    (timeoutMs) => quirky(stall, { timeoutMs }),
    ({ probes }) => probes.reachability.verdict === 'pass',
    [8000, 60_000],
  );
  const { auth: _, model: __, ...hidden } = SILENT;
  expect(blemishes(result)).toEqual(hidden);
  expect(result.probes.tool_use.evidence).toContain('the time was up');
});

it('concludes what it can when the network breaks in the middle', async () => {
  const cut: Fault = { kind: 'cut', how: 'reset', at: 'before_headers' };
  const result = await quirky({
    step: (step, index) => (index === 0 ? step : { ...step, faults: [cut] }),
  });
  expect(blemishes(result)).toEqual({
    ...QUICK,
    tool_use: 'unknown',
    structured_output: 'unknown',
  });
  expect(result.probes.tool_use.evidence).toContain('network');
  expect(result.cost.tokens).toBeGreaterThan(1000);
});

it.each<[what: string, quirks: Quirks, found: object, evidence: [Probe, string]]>([
  [
    'no tool calls at all',
    { noTools: true },
    { tool_use: 'fail', parallel_tool_use: 'unknown', structured_output: 'fail' },
    ['tool_use', 'told to call Read, it never did'],
  ],
  [
    'calls with wrong arguments',
    {
      step: (step) => ({
        ...step,
        ...(step.tools?.[0]?.name === 'Read' && {
          tools: [{ name: 'Read', input: { path: '/tmp/one.txt' } }],
        }),
      }),
    },
    { tool_use: 'fail', parallel_tool_use: 'unknown' },
    ['tool_use', 'it called Read wrongly'],
  ],
  [
    'made-up results',
    { invents: { one: 'apple' } },
    { tool_use: 'fail' },
    ['tool_use', 'not what they returned'],
  ],
  [
    'a service that refuses tool results',
    { step: (step, index) => (index === 0 ? step : { ...step, faults: [http(400)] }) },
    { tool_use: 'fail', structured_output: 'unknown' },
    ['tool_use', 'refused the result of a tool'],
  ],
  [
    'one call at a time',
    { oneAtATime: true },
    { parallel_tool_use: 'fail' },
    ['parallel_tool_use', 'one after the other'],
  ],
  [
    'a schema ignored',
    { noSchema: true },
    { structured_output: 'fail' },
    ['structured_output', 'it never did'],
  ],
  [
    'answers that do not fit the schema',
    {
      step: (step) => ({
        ...step,
        ...(step.tools?.[0]?.name === 'StructuredOutput' && {
          tools: [{ name: 'StructuredOutput', input: { one: 1 } }],
        }),
      }),
    },
    { structured_output: 'fail' },
    ['structured_output', 'none of which fits'],
  ],
  [
    'no streaming',
    { step: (step) => ({ ...step, whole: true }) },
    { streaming: 'fail' },
    ['streaming', '2 of 2 answers came whole'],
  ],
  [
    'another model',
    { step: (step) => ({ ...step, model: 'cheap-model' }) },
    { model: 'fail' },
    ['model', 'answered by cheap-model'],
  ],
  [
    'no usage',
    { usage: () => ({ input: 0, output: 0 }) },
    { token_counting: 'fail' },
    ['token_counting', 'no input tokens reported'],
  ],
  [
    'no output tokens',
    { usage: () => ({ output: 0 }) },
    { token_counting: 'fail' },
    ['token_counting', 'no output tokens reported'],
  ],
  [
    'too few tokens',
    { usage: ({ input }) => ({ input: Math.round(input / 100) }) },
    { token_counting: 'fail' },
    ['token_counting', 'fewer input tokens'],
  ],
  [
    'a count that does not grow',
    { usage: () => ({ input: 1200 }) },
    { token_counting: 'fail' },
    ['token_counting', 'bytes were added'],
  ],
  [
    'a cache without a price',
    { usage: ({ input }) => ({ input: input - 900, cacheRead: 900 }) },
    { price: 'fail' },
    ['price', 'no price for reads'],
  ],
])('finds %s', async (_, quirks, found, [name, evidence]) => {
  const result = await quirky(quirks);
  expect(blemishes(result)).toEqual({ ...QUICK, ...found });
  expect(result.probes[name].evidence).toContain(evidence);
});

it('finds a model that does not think, and one that forgets what was said early', async () => {
  const result = await quirky(
    { thinks: false, forgetsBefore: 0.3 },
    { level: 'full', caps: { maxTokens: 40_000 } },
  );
  expect(blemishes(result)).toEqual({ thinking: 'fail', long_context: 'fail' });
  expect(result.probes.long_context.evidence).toContain('did not find the early code word');
});

it('finds a window that is smaller than claimed', async () => {
  const tooLong: Fault = {
    kind: 'http',
    status: 400,
    message: 'prompt is too long: 33000 tokens > 16000 maximum',
  };
  const result = await quirky(
    {
      step: (step, _, call) =>
        JSON.stringify(call.body).length > 80_000 ? { ...step, faults: [tooLong] } : step,
    },
    { level: 'full', caps: { maxTokens: 40_000 } },
  );
  expect(blemishes(result)).toEqual({ long_context: 'fail' });
  expect(result.probes.long_context.evidence).toMatch(/^refused \d+ tokens/);
});

it('bounds a model that never comes to an end, and one that is dear', async () => {
  const again = (call: { opening: string }) =>
    [...call.opening.matchAll(/(\/\S+\.txt)/g)].map(([, path]) => ({
      name: 'Read',
      input: { file_path: path ?? '' },
    }));
  const endless = await quirky({ step: (step, _, call) => ({ ...step, tools: again(call) }) });
  expect(blemishes(endless)).toEqual({ ...QUICK, structured_output: 'fail' });

  const dear = await quirky({
    usage: () => ({ input: 21_000 }),
    step: (step, index) => (index === 0 ? step : { ...step, hold: { at: 'before_headers' } }),
  });
  expect(dear.probes.structured_output).toMatchObject({ verdict: 'unknown' });
  expect(dear.probes.structured_output.evidence).toContain('cap');
  expect(dear.cost.tokens).toBeGreaterThan(20_000);
  expect(dear.cost.tokens).toBeLessThan(22_000);
  expect([endless.cost_complete, dear.cost_complete]).toEqual([true, false]);
});

it('ends an answer without end', async () => {
  const result = await quirky({ step: (step) => ({ ...step, floodBytes: 4 << 20 }) });
  expect(result.probes.tool_use.verdict).toBe('unknown');
  expect(result.probes.tool_use.evidence).toContain('endless');
});

it('shows and stores no secret, also where the service repeats it', async () => {
  const lab = await openLab(
    probeModel({
      step: (step) => ({
        ...step,
        faults: [{ kind: 'http', status: 401, message: `Incorrect key ${TOKEN} (${TOKEN})` }],
      }),
    }),
  );
  const result = await test(lab);
  expect(result.probes.auth.evidence).toContain('[redacted]');
  const directory = lab.host().home.capabilities;
  const [file = ''] = readdirSync(directory).filter((name) => name.endsWith('.json'));
  const stored = readFileSync(join(directory, file), 'utf8');
  expect(stored).toContain('[redacted]');
  expect(JSON.stringify(result) + stored).not.toContain(TOKEN);
});

it('shows no part of a secret where it is cut', async () => {
  // A name is cut after 100 characters, in the middle of what the service put into it.
  const name = `${'m'.repeat(90)}${TOKEN}`;
  const result = await quirky({ step: (step) => ({ ...step, model: name }) });
  expect(result.probes.model).toMatchObject({ verdict: 'fail' });
  expect(JSON.stringify(result)).toContain('mmm');
  expect(JSON.stringify(result)).not.toContain(TOKEN.slice(0, 8));
});

it('keeps what is known where a later test cannot tell', async () => {
  let busy = false;
  const lab = await openLab(
    probeModel({ step: (step) => (busy ? { ...step, faults: [http(429)] } : step) }),
  );
  const { profile, model } = await findSubject(lab.host(), { profile: 'env:lab' });
  const known = () => capabilitiesOf(lab.host().home, profile, model, { now: systemClock.now() });
  expect(await known()).toBeUndefined();
  const first = await test(lab);
  busy = true;
  const second = await test(lab);
  expect(second.probes.tool_use.verdict).toBe('unknown');
  const stored = await known();
  expect(stored?.tested).toBe(second.tested);
  expect(stored?.probes.tool_use).toMatchObject({ verdict: 'pass', checked: first.tested });
  expect(stored?.probes.reachability).toMatchObject({ verdict: 'pass', checked: second.tested });
  // Another address is another provider.
  const moved = { ...profile, base_url: 'https://elsewhere.invalid' };
  const { home } = lab.host();
  expect(await capabilitiesOf(home, moved, model, { now: systemClock.now() })).toBeUndefined();
});

it('tests a profile once at a time, and can be interrupted', async () => {
  const lab = await openLab(
    probeModel({ step: (step) => ({ ...step, hold: { at: 'before_headers', name: 'gate' } }) }),
  );
  const stop = new AbortController();
  const running = test(lab, { signal: stop.signal }).catch((error: unknown) => error);
  await lab.model.waitForHold('gate');
  const second = await test(lab).catch((error: unknown) => error);
  expect(second).toBeInstanceOf(CcError);
  expect(toErrorFacts(second)).toMatchObject({ code: 'BUSY', retryable: true });
  stop.abort();
  expect(toErrorFacts(await running)).toMatchObject({ code: 'CANCELLED' });
  expectNothingLeft(lab);
  expect(readdirSync(lab.host().home.capabilities)).toEqual(['leases']);
  lab.model.release('gate');
  expect(blemishes(await test(lab))).toEqual(QUICK);
});

it('ends within its time also when its server was killed', async () => {
  const lab = await openLab(
    probeModel({ step: (step) => ({ ...step, hold: { at: 'before_headers', name: 'gate' } }) }),
  );
  const server = await LabServer.start(lab);
  const call = server.call('cc_test_profile', { profile: 'lab', budget: { wall_seconds: 20 } });
  const gone = call.catch(() => undefined);
  await lab.model.waitForHold('gate');
  const worker = () => findByCookie('HOME', lab.env.HOME ?? '').filter(isAlive);
  expect(worker().length).toBeGreaterThan(1);
  process.kill(server.pid, 'SIGKILL');
  await gone;
  expect(worker()).not.toEqual([]);
  await lab.until(async () => (worker().length === 0 ? true : undefined), 'all to end');
});

it('leaves nothing when its client leaves', async () => {
  const lab = await openLab(
    probeModel({ step: (step) => ({ ...step, hold: { at: 'before_headers', name: 'gate' } }) }),
  );
  const server = await LabServer.start(lab);
  const gone = server.call('cc_test_profile', { profile: 'lab' }).catch(() => undefined);
  await lab.model.waitForHold('gate');
  await server.close();
  await gone;
  await lab.until(
    async () => (findByCookie('HOME', lab.env.HOME ?? '').length === 0 ? true : undefined),
    'all to end',
  );
  expect(readdirSync(lab.env.TMPDIR ?? '')).toEqual([]);
});

it('is a tool and a command, and shows in the list of profiles', async () => {
  const lab = await openLab(probeModel({ oneAtATime: true }));
  const tested = await run(lab, 'test-profile', 'lab', '--json');
  expect(tested).toMatchObject({ status: 0, value: { ok: true, profile: 'env:lab' } });
  expect(String(tested.text).length).toBeLessThan(4000);
  const listed = await run(lab, 'list-profiles', '--json');
  expect(listed.value).toMatchObject({
    profiles: [{ id: 'env:lab', tested: 'fails parallel_tool_use; 0 d' }],
  });
  const again = await run(lab, 'test-profile', 'lab', '--dry-run', '--json');
  expect(again).toMatchObject({ status: 0, value: { age_days: 0, would_use: {} } });
  lab.env.CC_PROFILE_LAB_AUTH_TOKEN = 'another-token-0815';
  const refused = await run(lab, 'test-profile', 'lab', '--json');
  expect(refused).toMatchObject({ status: 1, value: { ok: false } });
  expect(refused.value.probes).toContainEqual(
    expect.objectContaining({ name: 'tool_use', earlier: { verdict: 'pass', age_days: 0 } }),
  );
  expect(lab.model.requests.length).toBeGreaterThan(3);
});
