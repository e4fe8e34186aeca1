import * as z from 'zod';
import type { Clock } from '../../core/clock.ts';
import { type InboxRequest, listRequests, removeRequest } from '../../store/inbox.ts';
import type { Journal } from './journal.ts';
import type { OrderResult } from './orders.ts';

const REASON_CHARS = 400;

/** Whoever wanted the run to stop still does, however late (or late by a clock that jumped) it is read. */
const NEVER_LATE: ReadonlySet<string> = new Set(['stop', 'kill']);

/** Serves the inbox: accepted before acting, done after, removed last, so that nothing is done twice. */
export class RequestDesk {
  readonly #inbox: string;
  readonly #journal: Journal;
  readonly #clock: Clock;

  constructor(inbox: string, journal: Journal, clock: Clock) {
    this.#inbox = inbox;
    this.#journal = journal;
    this.#clock = clock;
  }

  async serve(act: (request: InboxRequest) => OrderResult): Promise<void> {
    const requests = await listRequests(this.#inbox);
    const isDone = ({ id }: InboxRequest) => this.#journal.progress.requests_done.includes(id);
    const done = requests.filter(isDone);
    // Before anything else is accepted: a served one may be forgotten only when it is gone.
    for (const { id } of done) await removeRequest(this.#inbox, id);
    for (const request of requests.filter((one) => !done.includes(one))) {
      this.#journal.record('cc.request.accepted', {
        id: request.id,
        kind: request.kind,
        from: request.from,
      });
      this.#journal.record('cc.request.done', {
        id: request.id,
        result: this.#result(request, act),
      });
      await removeRequest(this.#inbox, request.id);
    }
  }

  #result(request: InboxRequest, act: (request: InboxRequest) => OrderResult): OrderResult {
    const expired = Date.parse(request.expires) < this.#clock.now().getTime();
    if (expired && !NEVER_LATE.has(request.kind))
      return { ok: false, text: 'expired before it was read' };
    try {
      return act(request);
    } catch (error) {
      // A request that makes no sense must not end the run it was made to.
      if (!(error instanceof z.ZodError)) throw error;
      return { ok: false, text: z.prettifyError(error).slice(0, REASON_CHARS) };
    }
  }
}
