import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LoopbackModel, type Script, startLoopbackModel } from '../../src/loopback/index.ts';
import { removeTree } from '../support/remove-tree.ts';

const CLAUDE = join(import.meta.dirname, '../../node_modules/.bin/claude');

type StreamEvent = Record<string, unknown> & { type: string; subtype?: string };
type Worker = {
  events: StreamEvent[];
  send(line: unknown): void;
  event(type: string, timeoutMs?: number): Promise<StreamEvent>;
  /** Closes stdin and waits for the exit code. */
  end(): Promise<number | null>;
  /** SIGKILL; waits until it is gone. */
  kill(): Promise<unknown>;
};

let home: string;
let cwd: string;
let model: LoopbackModel;
let children: ChildProcess[];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'loop-home-'));
  cwd = await mkdtemp(join(tmpdir(), 'loop-cwd-'));
  children = [];
});

afterEach(async () => {
  await model.close();
  for (const child of children) child.kill('SIGKILL');
  await removeTree(home);
  await removeTree(cwd);
});

async function serve(...scripts: Script[]): Promise<void> {
  model = await startLoopbackModel({ scripts, requireToken: 'loopback-token' });
}

function startClaude(args: readonly string[], env: Record<string, string> = {}): Worker {
  const child = spawn(
    CLAUDE,
    [
      '-p',
      ...['--input-format', 'stream-json', '--output-format', 'stream-json', '--verbose'],
      ...['--setting-sources', '', '--strict-mcp-config'],
      ...args,
    ],
    {
      cwd,
      env: {
        HOME: home,
        PATH: process.env.PATH ?? '',
        TERM: 'xterm',
        ANTHROPIC_BASE_URL: model.url,
        ANTHROPIC_AUTH_TOKEN: 'loopback-token',
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
        CLAUDE_CODE_TMPDIR: home,
        DISABLE_AUTOUPDATER: '1',
        DISABLE_TELEMETRY: '1',
        ...env,
      },
      stdio: ['pipe', 'pipe', 'ignore'],
    },
  );
  children.push(child);
  const events: StreamEvent[] = [];
  const watchers = new Set<() => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    events.push(JSON.parse(line));
    for (const look of [...watchers]) look();
  });
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return {
    events,
    send: (line) => child.stdin.write(`${JSON.stringify(line)}\n`),
    // Each call waits for an event later than the ones already there.
    event: (type, timeoutMs = 60_000) =>
      new Promise((resolve, reject) => {
        const from = events.length;
        const timer = setTimeout(() => reject(new Error(`no ${type} event`)), timeoutMs);
        const look = () => {
          const found = events.slice(from).find((event) => event.type === type);
          if (found === undefined) return;
          clearTimeout(timer);
          watchers.delete(look);
          resolve(found);
        };
        watchers.add(look);
      }),
    end: () => {
      child.stdin.end();
      return exit;
    },
    kill: () => {
      child.kill('SIGKILL');
      return exit;
    },
  };
}

const say = (content: string) => ({ type: 'user', message: { role: 'user', content } });

/** One prompt, one result. */
async function ask(prompt: string, args: readonly string[] = [], env = {}) {
  const worker = startClaude(args, env);
  worker.send(say(prompt));
  const result = await worker.event('result');
  return { result, events: worker.events, exitCode: await worker.end() };
}

describe('answers', () => {
  it('gives text, the claimed model and the declared usage', async () => {
    await serve({
      name: 'hello',
      match: 'MARK-HELLO',
      steps: [
        {
          thinking: 'They greet me.',
          text: 'Hello from loopback.',
          model: 'claude-other',
          usage: { input: 1234, output: 56, cacheRead: 7, cacheCreation: 8 },
        },
      ],
    });
    const { result, events, exitCode } = await ask('MARK-HELLO hi');
    expect(exitCode).toBe(0);
    expect(result).toMatchObject({
      is_error: false,
      terminal_reason: 'completed',
      result: 'Hello from loopback.',
      usage: {
        input_tokens: 1234,
        output_tokens: 56,
        cache_read_input_tokens: 7,
        cache_creation_input_tokens: 8,
      },
    });
    const models = events.flatMap((event) =>
      event.type === 'assistant' ? [(event.message as { model: string }).model] : [],
    );
    expect(new Set(models)).toEqual(new Set(['claude-other']));
    expect(model.requestsFor('hello')).toHaveLength(1);
    expect(model.tokensServed('hello')).toEqual({
      input: 1234,
      output: 56,
      cacheRead: 7,
      cacheCreation: 8,
    });
  });

  it('runs Write, Edit and parallel Bash through the steps of one conversation', async () => {
    const file = join(cwd, 'a.txt');
    await serve({
      name: 'edit',
      match: 'MARK-EDIT',
      steps: [
        {
          text: 'Writing.',
          tools: [{ name: 'Write', input: { file_path: file, content: 'one\n' } }],
        },
        {
          tools: [
            { name: 'Edit', input: { file_path: file, old_string: 'one', new_string: 'two' } },
            { name: 'Bash', input: { command: 'echo from-bash', description: 'say it' } },
          ],
        },
        (call) => ({
          text: call.toolResults.find((one) => one.tool === 'Bash')?.text ?? 'nothing',
        }),
      ],
    });
    const { result, exitCode } = await ask('MARK-EDIT', [
      ...['--tools', 'Write,Edit,Bash,Read', '--permission-mode', 'acceptEdits'],
      ...['--allowedTools', 'Bash(echo:*)'],
    ]);
    expect(result).toMatchObject({ is_error: false, result: 'from-bash' });
    expect(exitCode).toBe(0);
    expect(await readFile(file, 'utf8')).toBe('two\n');
    expect(model.requestsFor('edit').map((one) => one.step)).toEqual([0, 1, 2]);
  });

  it('goes on with the next step after a resume in another process', async () => {
    await serve({
      name: 'talk',
      match: 'MARK-TALK',
      steps: [{ text: 'first' }, { text: 'second' }],
    });
    const one = await ask('MARK-TALK');
    const two = await ask('go on', ['--resume', String(one.result.session_id)]);
    expect([one.result.result, two.result.result]).toEqual(['first', 'second']);
  });

  it('keeps the place of a conversation that was compacted', async () => {
    await serve({
      name: 'compacted',
      match: 'MARK-COMPACT',
      steps: [{ text: 'before' }, { text: 'after' }],
    });
    const worker = startClaude([]);
    worker.send(say('MARK-COMPACT'));
    expect((await worker.event('result')).result).toBe('before');
    worker.send(say('/compact'));
    await worker.event('result');
    worker.send(say('next'));
    expect((await worker.event('result')).result).toBe('after');
    expect(await worker.end()).toBe(0);
    expect(model.requests.map((one) => one.side ?? one.step)).toEqual([0, 'compaction', 1]);
  });

  it('gives sub-agents their own script and conversation', async () => {
    await serve(
      {
        name: 'parent',
        match: 'MARK-PARENT',
        steps: [
          {
            tools: [
              {
                name: 'Agent',
                input: { description: 'd', prompt: 'MARK-CHILD', subagent_type: 'general-purpose' },
              },
            ],
          },
          { text: 'parent done' },
        ],
      },
      { name: 'child', match: 'MARK-CHILD', steps: [{ text: 'child done' }] },
    );
    const { result } = await ask('MARK-PARENT', [], { CLAUDE_CODE_DISABLE_BACKGROUND_TASKS: '1' });
    expect(result.result).toBe('parent done');
    expect(Object.values(model.callsPerConversation()).sort()).toEqual([1, 2]);
    expect(model.requestsFor('child')).toHaveLength(1);
  });
});

describe('faults', () => {
  const http = (status: number, times?: number): Script => ({
    name: 'http',
    match: 'MARK-HTTP',
    steps: [
      {
        text: 'recovered',
        faults: [{ kind: 'http', status, ...(times === undefined ? {} : { times }) }],
      },
    ],
  });

  it.each([401, 529, 500])('%i without retries is an API error', async (status) => {
    await serve(http(status));
    const { result, exitCode } = await ask('MARK-HTTP', [], { CLAUDE_CODE_MAX_RETRIES: '0' });
    expect(result).toMatchObject({ is_error: true, terminal_reason: 'api_error' });
    expect(result.api_error_status).toBe(status);
    expect(exitCode).toBe(1);
    expect(model.requestsFor('http').map((one) => one.status)).toEqual([status]);
  });

  it.each([401, 529, 500])('%i once and one retry recovers with the same step', async (status) => {
    await serve(http(status, 1));
    const { result, events } = await ask('MARK-HTTP', [], { CLAUDE_CODE_MAX_RETRIES: '1' });
    expect(result).toMatchObject({ is_error: false, result: 'recovered' });
    expect(events.some((event) => event.subtype === 'api_retry')).toBe(true);
    expect(model.requestsFor('http').map((one) => [one.step, one.attempt, one.status])).toEqual([
      [0, 1, status],
      [0, 2, 200],
    ]);
  });

  it('a wrong token is refused and not retried into a script', async () => {
    await serve({ name: 'any', steps: [{ text: 'never' }] });
    const { result } = await ask('hi', [], {
      ANTHROPIC_AUTH_TOKEN: 'wrong',
      CLAUDE_CODE_MAX_RETRIES: '0',
    });
    expect(result.is_error).toBe(true);
    expect(model.requests[0]).toMatchObject({ token: 'wrong', status: 401, script: undefined });
  });

  it.each(['reset', 'eof'] as const)('a stream cut by %s is tried again', async (how) => {
    await serve({
      name: 'cut',
      match: 'MARK-CUT',
      steps: [{ text: 'all of it', faults: [{ kind: 'cut', how, at: 'mid_message', times: 1 }] }],
    });
    const { result } = await ask('MARK-CUT', [], { CLAUDE_CODE_MAX_RETRIES: '2' });
    expect(result).toMatchObject({ is_error: false, result: 'all of it' });
    expect(model.requestsFor('cut').map((one) => one.state)).toEqual(['broken', 'complete']);
  });

  it('malformed events make it ask for the same step without streaming', async () => {
    await serve({
      name: 'bad',
      match: 'MARK-BAD',
      steps: [{ text: 'whole', faults: [{ kind: 'malformed', at: 'after_headers', times: 1 }] }],
    });
    const { result } = await ask('MARK-BAD');
    expect(result).toMatchObject({ is_error: false, result: 'whole' });
    const [first, second] = model.requestsFor('bad');
    expect(first?.body).toMatchObject({ stream: true });
    expect(second?.body).not.toMatchObject({ stream: true });
  });
});

describe('holds', () => {
  it.each(['before_headers', 'after_headers', 'mid_message'] as const)(
    'a stall %s ends by interrupt, and the conversation goes on with the next step',
    async (at) => {
      await serve({
        name: 'stall',
        match: 'MARK-STALL',
        steps: [{ text: 'never finished', hold: { at } }, { text: 'steered' }],
      });
      const worker = startClaude([]);
      worker.send(say('MARK-STALL'));
      const held = await model.waitForHold('stall/0');
      const ended = worker.event('result');
      worker.send({ type: 'control_request', request_id: '1', request: { subtype: 'interrupt' } });
      expect(await ended).toMatchObject({ is_error: true });
      await model.waitForRequest((one) => one === held && one.state === 'aborted');
      const steered = worker.event('result');
      worker.send(say('do this instead'));
      expect((await steered).result).toBe('steered');
      expect(await worker.end()).toBe(0);
    },
  );

  it('an interrupted tool uses up only the step that called it', async () => {
    await serve({
      name: 'tool',
      match: 'MARK-TOOL',
      steps: [
        { tools: [{ name: 'Bash', input: { command: 'mkfifo p && cat p', description: 'wait' } }] },
        { text: 'second' },
      ],
    });
    const worker = startClaude(['--allowedTools', 'Bash']);
    worker.send(say('MARK-TOOL'));
    await worker.event('assistant');
    const ended = worker.event('result');
    worker.send({ type: 'control_request', request_id: '1', request: { subtype: 'interrupt' } });
    await ended;
    const next = worker.event('result');
    worker.send(say('go on'));
    expect((await next).result).toBe('second');
    expect(await worker.end()).toBe(0);
  });

  it('a worker killed in a call asks for the same step when it is resumed', async () => {
    await serve({
      name: 'kill',
      match: 'MARK-KILL',
      steps: [
        { tools: [{ name: 'Bash', input: { command: 'echo one', description: 'd' } }] },
        { text: 'again from the start', hold: { at: 'mid_message', times: 1 } },
      ],
    });
    const id = randomUUID();
    const worker = startClaude(['--session-id', id, '--allowedTools', 'Bash']);
    worker.send(say('MARK-KILL'));
    await model.waitForHold('kill/1');
    await worker.kill();
    const { result } = await ask('go on', ['--resume', id]);
    expect(result.result).toBe('again from the start');
    const asked = model.requestsFor('kill').map((one) => [one.step, one.attempt, one.state]);
    expect(asked.slice(0, 2)).toEqual([
      [0, 1, 'complete'],
      [1, 1, 'aborted'],
    ]);
    // Killed before it had written down the last tool result, the CLI asks for that step once more.
    expect(asked.slice(2, -1)).toSatisfy(
      (between: unknown[]) => between.length === 0 || String(between) === '0,2,complete',
    );
    expect(asked.at(-1)).toEqual([1, 2, 'complete']);
  });

  it('goes on where it was held once it is released', async () => {
    await serve({
      name: 'gate',
      match: 'MARK-GATE',
      steps: [{ text: 'opened', hold: { at: 'mid_message', name: 'the-gate' } }],
    });
    const answer = ask('MARK-GATE');
    await model.waitForHold('the-gate');
    model.release('the-gate');
    expect((await answer).result.result).toBe('opened');
  });
});
