import { type ChildProcess, spawn } from 'node:child_process';
import { sleep } from '../../src/core/clock.ts';
import { parseJson } from '../../src/core/json.ts';
import { identityOf, type ProcessIdentity } from '../../src/proc/identity.ts';
import { BIN } from '../support/controllers.ts';
import type { Lab } from '../support/lab.ts';
import { LabServer } from '../support/server.ts';

const AGAIN_MS = 50;

/** A command that is under way. `answer` is what it printed, or undefined where it was killed. */
export type Command = {
  process: ProcessIdentity | undefined;
  answer: Promise<Record<string, unknown> | undefined>;
  kill(): void;
};

export function command(lab: Lab, ...args: string[]): Command {
  const child = spawn(process.execPath, [BIN, ...args, '--json'], {
    cwd: lab.project,
    env: lab.env,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return {
    process: identityOf(child.pid ?? 0),
    answer: printed(child),
    kill: () => child.kill('SIGKILL'),
  };
}

async function printed(child: ChildProcess): Promise<Record<string, unknown> | undefined> {
  let text = '';
  child.stdout?.on('data', (chunk) => {
    text += chunk;
  });
  await new Promise((resolve) => child.once('close', resolve));
  return parseJson(text) as Record<string, unknown> | undefined;
}

/** Waits for a run through a face for as long as it takes. Killed, the face is started again. */
export class Follower {
  readonly kind: 'server' | 'cli';
  readonly #lab: Lab;
  readonly #runId: string;
  readonly #done: Promise<void>;
  #closed = false;
  #server: LabServer | undefined;
  #command: Command | undefined;

  constructor(lab: Lab, runId: string, kind: 'server' | 'cli') {
    this.kind = kind;
    this.#lab = lab;
    this.#runId = runId;
    this.#done = this.#follow();
  }

  get process(): ProcessIdentity | undefined {
    if (this.kind === 'cli') return this.#command?.process;
    return this.#server === undefined ? undefined : identityOf(this.#server.pid);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#command?.kill();
    this.#server?.kill();
    await this.#done;
  }

  async #follow(): Promise<void> {
    while (!this.#closed) {
      try {
        if (this.kind === 'cli') await this.#wait();
        else await this.#serve();
      } catch {
        // The server was killed: its client starts another one.
      }
      if (!this.#closed) await sleep(AGAIN_MS);
    }
  }

  async #wait(): Promise<void> {
    this.#command = command(this.#lab, 'wait-runs', '--run-ids', this.#runId, '--until', 'all');
    await this.#command.answer;
  }

  async #serve(): Promise<void> {
    this.#server = LabServer.prepare(this.#lab);
    try {
      await this.#server.connect();
      while (!this.#closed) {
        await this.#server.call('cc_wait_runs', { run_ids: [this.#runId], until: 'all' });
        await sleep(AGAIN_MS);
      }
    } finally {
      this.#server.kill();
    }
  }
}
