import { sleep } from '../../core/clock.ts';
import { truncate } from '../../core/text.ts';
import type { WakeTarget } from '../../runs/outbox.ts';
import { GRACE_MS, queueMessage } from '../../runs/wake.ts';
import type { Host } from '../../workspace/host.ts';
import type { Instance } from '../core/instance.ts';
import { waitsInParts } from '../instances/part-waits.ts';
import type { FoundWorkflow } from '../instances/record.ts';
import { newsOf, newsOfPart } from '../instances/wait.ts';
import { markTold, readTold, readWake } from '../instances/wake-file.ts';
import { isOver } from '../vocabulary.ts';

/** Between two looks at the workflows that are parts of it. */
const PARTS_EVERY_MS = 1000;

/**
 * Wakes the controller that asked for it: at the end, and when somebody has to decide, also in a part of
 * it (a part by itself wakes nobody). Whoever waits
 * for the workflow gets the answer first and is not woken. A kill before it is noted means that it is
 * done again: at least once.
 */
export class Waker {
  readonly #host: Host;
  readonly #found: FoundWorkflow;
  readonly #seen = new Set<string>();
  /** Read once: it is written before the workflow begins. */
  #target: Promise<WakeTarget | undefined> | undefined;
  #partsAt = -Infinity;
  #waking: Promise<void> = Promise.resolve();

  constructor(host: Host, found: FoundWorkflow) {
    this.#host = host;
    this.#found = found;
  }

  async look(instance: Instance): Promise<void> {
    // A part of another workflow is told of by that.
    if (this.#found.record.parent !== null) return;
    const all = [...newsOf(instance), ...(await this.#newsOfParts(instance))];
    const news = all.filter((one) => isPressing(one) && !this.#seen.has(one));
    if (news.length === 0) return;
    for (const one of news) this.#seen.add(one);
    const message = this.#message(instance);
    this.#waking = this.#waking.then(() => this.#wake(message, news)).catch(() => undefined);
  }

  /** Until all that was begun is done. */
  close(): Promise<void> {
    return this.#waking;
  }

  /** Nothing tells when something happens in them. */
  async #newsOfParts(instance: Instance): Promise<string[]> {
    const now = this.#host.clock.monotonic();
    if (now - this.#partsAt < PARTS_EVERY_MS || (await this.#whom()) === undefined) return [];
    this.#partsAt = now;
    return (await waitsInParts(this.#found.workspace, instance)).map(newsOfPart);
  }

  #whom(): Promise<WakeTarget | undefined> {
    this.#target ??= readWake(this.#host, this.#found.record.workflow_id);
    return this.#target;
  }

  async #wake(message: string, news: readonly string[]): Promise<void> {
    const { workflow_id } = this.#found.record;
    const target = await this.#whom();
    if (target === undefined || (await this.#isTold(news))) return;
    await sleep(GRACE_MS);
    if (await this.#isTold(news)) return;
    await queueMessage(this.#host, target, message);
    await markTold(this.#host, workflow_id, news);
  }

  async #isTold(news: readonly string[]): Promise<boolean> {
    const told = await readTold(this.#host, this.#found.record.workflow_id);
    return news.every((one) => told.has(one));
  }

  /** What the controller reads; nothing of it is a worker's words. */
  #message({ workflow_id, state }: Instance): string {
    const { plan_id } = this.#found.record;
    const what = isOver(state) ? `has ended: ${state}` : 'waits for a decision';
    return `cc-orchestrator: your workflow ${workflow_id} (${truncate(plan_id, 60)}) ${what}. cc_workflow_status tells what happened and what to do next.`;
  }
}

/** The rest of the workflow may still go on beside a node that failed. */
function isPressing(news: string): boolean {
  return !news.startsWith('failed ');
}
