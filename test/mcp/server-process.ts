import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { isObject, numberAt } from '../../src/core/json.ts';
import { REPOSITORY } from '../support/lab.ts';

export const BIN = join(REPOSITORY, 'dist', 'cc-orchestrator.js');

export type Message = Record<string, unknown>;
export type Ending = { code: number | null; signal: NodeJS.Signals | null; ms: number };

/** The built server as a client starts it, spoken to in raw lines so that nothing is hidden. */
export class ServerProcess {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Everything it wrote on stdout that is no JSON-RPC message. */
  readonly noise: string[] = [];
  readonly messages: Message[] = [];
  stderr = '';
  #rest = '';
  #nextId = 1;
  #wake: (() => void)[] = [];

  constructor(env: Record<string, string>, cwd: string, args: readonly string[] = []) {
    if (!existsSync(BIN)) throw new Error('dist is missing; run: npm run build');
    this.child = spawn(process.execPath, [BIN, 'mcp', ...args], { env, cwd, stdio: 'pipe' });
    this.ended = new Promise((resolve) => {
      this.child.once('exit', (code, signal) => resolve({ code, signal }));
    });
    this.child.stdin?.on('error', () => undefined);
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#take(text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    onTestFinished(async () => {
      this.child.kill('SIGKILL');
      await this.ended;
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Sends a line as it is. */
  raw(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  notify(method: string, params: Message = {}): void {
    this.raw(JSON.stringify({ jsonrpc: '2.0', method, params }));
  }

  /** Sends a request and answers its whole response. */
  async request(method: string, params: Message = {}): Promise<Message> {
    const id = this.#nextId;
    this.#nextId += 1;
    this.raw(JSON.stringify({ jsonrpc: '2.0', id, method, params }));
    return this.response(id);
  }

  async response(id: number): Promise<Message> {
    for (;;) {
      const found = this.messages.find(
        (message) => message.id === id && ('result' in message || 'error' in message),
      );
      if (found !== undefined) return found;
      await this.#news();
    }
  }

  async initialize(name = 'test-client', capabilities: Message = {}): Promise<Message> {
    const answer = await this.request('initialize', {
      protocolVersion: '2025-06-18',
      capabilities,
      clientInfo: { name, version: '1' },
    });
    this.notify('notifications/initialized');
    return answer;
  }

  async call(name: string, args: Message = {}): Promise<Message> {
    const { result } = await this.request('tools/call', { name, arguments: args });
    if (!isObject(result)) throw new Error('no result');
    return result;
  }

  /** Does something and says how the process ended, and how long that took. */
  async endBy(act: () => void): Promise<Ending> {
    const started = performance.now();
    act();
    const ending = await this.ended;
    return { ...ending, ms: performance.now() - started };
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const value = parse(line);
      if (isObject(value) && value.jsonrpc === '2.0') this.messages.push(value);
      else this.noise.push(line);
    }
    for (const wake of this.#wake.splice(0)) wake();
  }

  async #news(): Promise<void> {
    const ended = this.ended.then(({ code }) => {
      throw new Error(`the server ended (${code}): ${this.stderr}`);
    });
    ended.catch(() => undefined);
    await Promise.race([new Promise<void>((resolve) => this.#wake.push(resolve)), ended]);
  }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** The JSON-RPC error code of a response. */
export function rpcCode(response: Message): number | undefined {
  return numberAt(response.error, 'code');
}
