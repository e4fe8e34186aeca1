import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { sleep } from '../../src/core/clock.ts';
import { type LoopbackModel, type Script, startLoopbackModel } from '../../src/loopback/index.ts';
import { removeTree } from '../support/remove-tree.ts';

const CODEX = join(import.meta.dirname, '../../node_modules/.bin/codex');
const ECHO_SERVER = join(import.meta.dirname, '../fixtures/bin/echo-mcp-server.mjs');

/** A slug Codex does not know gets the direct regime: MCP tools are namespace tools of the request. */
const DIRECT = 'loopback';
const CODE_MODE = 'gpt-6-astra';

type CodexEvent = { type: string; item?: Record<string, unknown> } & Record<string, unknown>;

let scratch: string;
let cwd: string;
let model: LoopbackModel;
let children: ChildProcess[];

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'loop-codex-'));
  cwd = join(scratch, 'work');
  await mkdir(cwd);
  children = [];
});

afterEach(async () => {
  await model.close();
  // The launcher is a wrapper: only its group reaches the program it started.
  for (const child of children) {
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }
  await removeTree(scratch);
});

async function serve(...scripts: Script[]): Promise<void> {
  model = await startLoopbackModel({ scripts, requireToken: 'loopback-key' });
}

type Answer = {
  exitCode: number | null;
  events: CodexEvent[];
  /** Texts of the agent's messages. */
  messages: unknown[];
};

async function codex(
  slug: string,
  args: readonly string[],
  options: { config?: readonly string[]; interruptAfter?: Promise<unknown> } = {},
): Promise<Answer> {
  const settings = [
    'model_provider="loop"',
    'model_providers.loop.name="loop"',
    `model_providers.loop.base_url="${model.url}/v1"`,
    'model_providers.loop.wire_api="responses"',
    'model_providers.loop.env_key="LOOP_KEY"',
    'model_providers.loop.request_max_retries=0',
    'model_providers.loop.stream_max_retries=1',
    `mcp_servers.echo.command="${process.execPath}"`,
    `mcp_servers.echo.args=["${ECHO_SERVER}"]`,
    'mcp_servers.echo.required=true',
    ...(options.config ?? []),
  ].flatMap((setting) => ['-c', setting]);
  const flags = ['--json', '--skip-git-repo-check', '-m', slug, ...settings];
  const child = spawn(CODEX, ['exec', ...flags, ...args], {
    cwd,
    detached: true,
    env: {
      HOME: scratch,
      CODEX_HOME: scratch,
      PATH: process.env.PATH ?? '',
      TERM: 'xterm',
      LOOP_KEY: 'loopback-key',
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  children.push(child);
  let stdout = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  options.interruptAfter?.then(() => child.kill('SIGINT'));
  const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve));
  const events: CodexEvent[] = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
  const messages = events.flatMap((event) =>
    event.type === 'item.completed' && event.item?.type === 'agent_message'
      ? [event.item.text]
      : [],
  );
  return { exitCode, events, messages };
}

async function exists(path: string): Promise<void> {
  while (!existsSync(path)) await sleep(50);
}

it('answers with text and the declared usage', async () => {
  await serve({
    name: 'hello',
    match: 'MARK-HELLO',
    steps: [
      {
        thinking: 'They greet me.',
        text: 'Hello from loopback.',
        usage: { input: 50, output: 9, cacheRead: 40, cacheCreation: 3 },
      },
    ],
  });
  const { exitCode, messages, events } = await codex(DIRECT, ['MARK-HELLO']);
  expect(messages).toEqual(['Hello from loopback.']);
  expect(exitCode).toBe(0);
  expect(events.at(-1)).toMatchObject({
    type: 'turn.completed',
    usage: {
      input_tokens: 93,
      cached_input_tokens: 40,
      cache_write_input_tokens: 3,
      output_tokens: 9,
    },
  });
});

it('calls MCP tools in parallel and answers from what they said', async () => {
  await serve({
    name: 'mcp',
    match: 'MARK-MCP',
    steps: [
      {
        text: 'Asking.',
        tools: [
          { namespace: 'mcp__echo', name: 'echo', input: { text: 'ping' } },
          { namespace: 'mcp__echo', name: 'begin', input: {} },
        ],
      },
      (call) => {
        const begun = call.toolResults.find((one) => one.tool === 'mcp__echo__begin')?.text ?? '';
        const id = /"run_id":"([^"]+)"/.exec(begun)?.[1] ?? 'none';
        return {
          tools: [{ namespace: 'mcp__echo', name: 'echo', input: { text: `poll ${id}` } }],
        };
      },
      { text: 'All asked.' },
    ],
  });
  const { messages, exitCode } = await codex(DIRECT, ['MARK-MCP']);
  expect(messages).toEqual(['Asking.', 'All asked.']);
  expect(exitCode).toBe(0);
  const [first, second, third] = model.requestsFor('mcp');
  expect([first?.step, second?.step, third?.step]).toEqual([0, 1, 2]);
  expect(JSON.stringify(second?.body)).toContain('echo: ping');
  expect(JSON.stringify(third?.body)).toMatch(/echo: poll run_\d+/);
  expect(Object.values(model.callsPerConversation())).toEqual([3]);
});

it('calls MCP tools from code mode', async () => {
  await serve({
    name: 'code',
    match: 'MARK-CODE',
    steps: [
      {
        tools: [
          {
            name: 'exec',
            input: 'const r = await tools.mcp__echo__echo({ text: "from js" }); text(r);',
          },
        ],
      },
      (call) => ({ text: call.toolResults.at(-1)?.text.includes('echo: from js') ? 'yes' : 'no' }),
    ],
  });
  const { messages } = await codex(CODE_MODE, ['MARK-CODE']);
  expect(messages).toEqual(['yes']);
});

it('finds deferred MCP tools by search', async () => {
  await serve({
    name: 'search',
    match: 'MARK-SEARCH',
    steps: [
      { tools: [{ name: 'tool_search', input: { query: 'echo text' } }] },
      { tools: [{ namespace: 'mcp__echo', name: 'echo', input: { text: 'found' } }] },
      (call) => ({ text: call.toolResults.at(-1)?.text ?? '' }),
    ],
  });
  const { messages } = await codex('gpt-5.5', ['MARK-SEARCH']);
  expect(messages.join()).toContain('echo: found');
  expect(JSON.stringify(model.requestsFor('search', 1)[0]?.body)).toContain('Says it back.');
});

it('runs a shell command', async () => {
  await serve({
    name: 'shell',
    match: 'MARK-SHELL',
    steps: [
      { tools: [{ name: 'exec_command', input: { cmd: 'echo out-of-shell > made.txt' } }] },
      { text: 'made' },
    ],
  });
  const { messages } = await codex(DIRECT, ['--sandbox', 'danger-full-access', 'MARK-SHELL']);
  expect(messages).toEqual(['made']);
  expect(await readFile(join(cwd, 'made.txt'), 'utf8')).toBe('out-of-shell\n');
});

it('goes on with the next step after a resume', async () => {
  await serve({ name: 'talk', match: 'MARK-TALK', steps: [{ text: 'first' }, { text: 'second' }] });
  const one = await codex(DIRECT, ['MARK-TALK']);
  const two = await codex(DIRECT, ['resume', String(one.events[0]?.thread_id), 'go on']);
  expect([one.messages, two.messages]).toEqual([['first'], ['second']]);
});

it.each([
  ['a stalled call', { text: 'never', hold: { at: 'mid_message' } }],
  ['a tool', { tools: [{ name: 'exec_command', input: { cmd: 'touch go; sleep 60' } }] }],
] as const)('after an interrupt in %s it goes on with the next step', async (_, step) => {
  await serve({ name: 'stop', match: 'MARK-STOP', steps: [step, { text: 'second' }] });
  const started = 'hold' in step ? model.waitForHold('stop/0') : exists(join(cwd, 'go'));
  const one = await codex(DIRECT, ['--sandbox', 'danger-full-access', 'MARK-STOP'], {
    interruptAfter: started,
  });
  const two = await codex(DIRECT, ['resume', String(one.events[0]?.thread_id), 'go on']);
  expect(two.messages).toEqual(['second']);
});

it('keeps the place of a conversation that was compacted', async () => {
  const usage = { input: 90_000, output: 10 };
  await serve({
    name: 'compacted',
    match: 'MARK-COMPACT',
    steps: [
      { tools: [{ namespace: 'mcp__echo', name: 'echo', input: { text: 'one' } }], usage },
      { text: 'after' },
    ],
  });
  const limit = 'model_auto_compact_token_limit=50000';
  const { messages } = await codex(DIRECT, ['MARK-COMPACT'], { config: [limit] });
  expect(messages).toEqual(['after']);
  expect(model.requests.map((one) => one.side ?? one.step)).toEqual([0, 'compaction', 1]);
});

it.each([
  ['reset', 'mid_message'],
  ['eof', 'mid_message'],
] as const)('a stream cut by %s %s is tried again', async (how, at) => {
  await serve({
    name: 'cut',
    match: 'MARK-CUT',
    steps: [{ text: 'all of it', faults: [{ kind: 'cut', how, at, times: 1 }] }],
  });
  const { messages, exitCode } = await codex(DIRECT, ['MARK-CUT']);
  expect(messages.at(-1)).toBe('all of it');
  expect(exitCode).toBe(0);
  expect(model.requestsFor('cut').map((one) => one.state)).toEqual(['broken', 'complete']);
});

it.each([
  { kind: 'http', status: 400, message: 'loopback says no' },
  {
    kind: 'stream_error',
    at: 'after_headers',
    type: 'insufficient_quota',
    message: 'loopback says no',
  },
] as const)('$kind fails the turn', async (fault) => {
  await serve({ name: 'fail', match: 'MARK-FAIL', steps: [{ text: 'never', faults: [fault] }] });
  const { events, exitCode } = await codex(DIRECT, ['MARK-FAIL']);
  expect(events.at(-1)?.type).toBe('turn.failed');
  expect(exitCode).toBe(1);
  expect(model.requestsFor('fail')).toHaveLength(1);
});
