import * as z from 'zod';
import type { Clock } from '../../core/clock.ts';
import { type InboxRequest, listRequests, removeRequest } from '../../store/inbox.ts';
import type { Instance } from '../core/instance.ts';
import type { Entry } from '../instances/journal.ts';
import type { Plan } from '../plan.ts';
import { decideOn } from './orders.ts';

const REASON_CHARS = 400;

type Decide = (plan: Plan, instance: Instance) => Entry;

/**
 * Serves the inbox: the answer and what follows from it are one line of the journal, and the request is
 * removed after that. So a successor finds it answered, and none is carried out twice.
 */
export class RequestDesk {
  readonly #inbox: string;
  readonly #answered: Set<string>;
  readonly #clock: Clock;

  constructor(inbox: string, answered: Set<string>, clock: Clock) {
    this.#inbox = inbox;
    this.#answered = answered;
    this.#clock = clock;
  }

  async serve(record: (decide: Decide) => void): Promise<void> {
    for (const request of await listRequests(this.#inbox)) {
      if (!this.#answered.has(request.id)) {
        record((plan, instance) => this.#entryFor(request, plan, instance));
        this.#answered.add(request.id);
      }
      await removeRequest(this.#inbox, request.id);
    }
  }

  #entryFor(request: InboxRequest, plan: Plan, instance: Instance): Entry {
    const { id, kind, from } = request;
    const now = this.#clock.now();
    try {
      const isLate = Date.parse(request.expires) < now.getTime() && kind !== 'stop';
      const { event, ...answer } = isLate
        ? { ok: false, text: 'it expired before it was read', event: undefined }
        : decideOn(request, plan, instance, now);
      return {
        request: { id, kind, from, ...answer },
        ...(event === undefined ? {} : { event }),
      };
    } catch (error) {
      // A request that makes no sense must not end the workflow it was made to.
      if (!(error instanceof z.ZodError)) throw error;
      const text = z.prettifyError(error).slice(0, REASON_CHARS);
      return { request: { id, kind, from, ok: false, text } };
    }
  }
}
