import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { BIN } from './controllers.ts';
import type { Lab } from './lab.ts';

/** A real server process over stdio, with a real client. */
export class LabServer {
  readonly #client: Client;
  readonly #transport: StdioClientTransport;

  private constructor(client: Client, transport: StdioClientTransport) {
    this.#client = client;
    this.#transport = transport;
  }

  static async start(lab: Lab, args: readonly string[] = []): Promise<LabServer> {
    const server = LabServer.prepare(lab, args);
    await server.connect();
    return server;
  }

  /** A server that is started by `connect`, so that it can be killed while it comes up. */
  static prepare(lab: Lab, args: readonly string[] = []): LabServer {
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [BIN, 'mcp', ...args],
      cwd: lab.project,
      env: lab.env,
      stderr: 'ignore',
    });
    return new LabServer(new Client({ name: 'lab-client', version: '1' }), transport);
  }

  async connect(): Promise<void> {
    await this.#client.connect(this.#transport);
  }

  get pid(): number {
    return this.#transport.pid ?? 0;
  }

  /** All of a result as text, as it came over the wire. */
  async raw(name: string, input: Record<string, unknown> = {}): Promise<string> {
    const result = await this.#client.callTool({ name, arguments: input }, undefined, {
      timeout: 100_000,
    });
    return JSON.stringify(result);
  }

  async call(name: string, input: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const result = await this.#client.callTool({ name, arguments: input }, undefined, {
      timeout: 100_000,
    });
    return (result.structuredContent ?? {}) as Record<string, unknown>;
  }

  /** The way a machine ends it; frozen or not. */
  kill(): void {
    if (this.pid > 0) process.kill(this.pid, 'SIGKILL');
  }

  async close(): Promise<void> {
    await this.#client.close();
  }
}
