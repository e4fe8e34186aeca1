import { randomUUID } from 'node:crypto';
import { sleep } from '../../src/core/clock.ts';
import type { RunEvent } from '../../src/runs/events.ts';
import type { FoundRun } from '../../src/runs/find.ts';
import { MessageStore } from '../../src/runs/supervise/message-store.ts';
import { makePrivateDir } from '../../src/store/atomic.ts';
import { submitRequest } from '../../src/store/inbox.ts';
import { privateRunPaths } from '../../src/workspace/home.ts';
import type { Instruction } from './plan.ts';
import { isOver, type Stage } from './stage.ts';
import { SCRIPT } from './story.ts';

/** An instruction that was accepted, and how often it stands in what the model was last sent. */
export type Told = { text: string; heard: number };

/** Tells the worker things while everything around it is struck. */
export class Instructor {
  readonly finished: Promise<void>;
  readonly #stage: Stage;
  readonly #run: FoundRun;
  /** Texts by the ids of their messages. */
  readonly #texts = new Map<string, string>();

  constructor(stage: Stage, run: FoundRun, instructions: readonly Instruction[]) {
    this.#stage = stage;
    this.#run = run;
    this.finished = this.#tellAll(instructions);
  }

  told(events: readonly RunEvent[]): Told[] {
    const last = this.#stage.lab.model.requestsFor(SCRIPT).at(-1);
    const conversation = JSON.stringify(last?.body ?? '');
    return events
      .filter(({ type }) => type === 'cc.instruction.accepted')
      .map(({ message }) => this.#texts.get(String(message)) ?? 'unknown')
      .map((text) => ({ text, heard: conversation.split(text).length - 1 }));
  }

  async #tellAll(instructions: readonly Instruction[]): Promise<void> {
    const { host } = this.#stage;
    const { messages } = privateRunPaths(host.home, this.#run.record.run_id);
    for (const { afterMs, when } of instructions) {
      await sleep(afterMs);
      if (isOver(this.#run)) return;
      const message = randomUUID();
      const text = `INSTRUCTION-${message}`;
      this.#texts.set(message, text);
      await makePrivateDir(messages);
      await new MessageStore(messages).put(message, text);
      await submitRequest(
        this.#run.paths.inbox,
        { kind: 'instruct', from: 'chaos', payload: { message, when }, ttlMs: 3_600_000 },
        host.clock,
      );
    }
  }
}
