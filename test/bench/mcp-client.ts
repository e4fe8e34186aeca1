import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { byteLength } from '../../src/core/text.ts';

const ANSWER_MS = 30_000;

/** One answer of a server as it came over the wire. */
export type Reply = { result: Record<string, unknown>; bytes: number };

/** The barest MCP client: a process, lines, and nothing of an SDK that would have to be timed, too. */
export class RawClient {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<number, (line: string) => void>();
  readonly #gone: Promise<void>;
  readonly startedAt = performance.now();
  /** When the first byte came. */
  firstByteAt: number | undefined;
  #unfinished = '';
  #lastId = 0;

  constructor(args: readonly string[], options: { cwd: string; env: Record<string, string> }) {
    this.#child = spawn(process.execPath, [...args], { ...options, stdio: 'pipe' });
    this.#gone = new Promise((resolve) => this.#child.once('close', () => resolve()));
    this.#child.stderr.resume();
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => this.#take(text));
  }

  /** `initialize` and the notification that must follow it. */
  async initialize(clientName: string): Promise<Reply> {
    const reply = await this.request('initialize', {
      protocolVersion: '2025-06-18',
      capabilities: {},
      clientInfo: { name: clientName, version: '1' },
    });
    this.#send({ method: 'notifications/initialized' });
    return reply;
  }

  async request(method: string, params: Record<string, unknown> = {}): Promise<Reply> {
    this.#lastId += 1;
    const id = this.#lastId;
    const line = await new Promise<string>((resolve, reject) => {
      const fail = () => reject(new Error(`no answer to ${method}`));
      const timer = setTimeout(fail, ANSWER_MS);
      void this.#gone.then(fail);
      this.#waiting.set(id, (text) => {
        clearTimeout(timer);
        resolve(text);
      });
      this.#send({ id, method, params });
    });
    const { result, error } = JSON.parse(line) as {
      result?: Record<string, unknown>;
      error?: unknown;
    };
    if (result === undefined) throw new Error(`${method}: ${JSON.stringify(error)}`);
    return { result, bytes: byteLength(line) };
  }

  /** Ends the server the way a client does, and waits until it is gone. */
  async close(): Promise<void> {
    this.#child.stdin.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 5000);
    await this.#gone;
    clearTimeout(timer);
  }

  #send(message: Record<string, unknown>): void {
    this.#child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  }

  #take(text: string): void {
    this.firstByteAt ??= performance.now();
    const lines = (this.#unfinished + text).split('\n');
    this.#unfinished = lines.pop() ?? '';
    for (const line of lines) {
      const { id } = JSON.parse(line) as { id?: number };
      if (id !== undefined) this.#waiting.get(id)?.(line);
    }
  }
}
