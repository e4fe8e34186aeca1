import { toErrorFacts } from '../../core/errors.ts';
import { type JsonObject, objectAt, parseJson } from '../../core/json.ts';
import { oneLine } from '../../core/text.ts';
import { submitRequest } from '../../store/inbox.ts';
import { mcpAnswer } from '../../workers/claude/control.ts';
import { delegateCall, serverReply, toolReply } from '../../workers/claude/own-server.ts';
import type { Progress } from '../progress.ts';
import type { Talk } from './talk.ts';

/** Of the task in the events; the run that is launched holds the whole. */
const TASK_CHARS = 300;

/** Whoever decides may be away for a while; a request that is served late is better than none. */
const TTL_MS = 24 * 3600 * 1000;

type Unanswered = Progress['unanswered'][string];

/**
 * Calls of the worker that have another run launched. They are handed to whoever the run belongs to,
 * and the worker waits until the answer comes to the inbox of its run. After a take-over they are handed
 * on again, with the same names: whoever decides knows those it has seen.
 */
export class Delegation {
  readonly #talk: Talk;
  readonly #handedOn = new Set<string>();

  constructor(talk: Talk) {
    this.#talk = talk;
  }

  answerAll(): void {
    for (const [id, question] of Object.entries(this.#unanswered)) {
      if (question.kind !== 'mcp') continue;
      const message = this.#read(question);
      const { delegation, run_id } = this.#talk.record;
      const call = delegateCall(message);
      if (delegation === undefined || call === undefined) {
        this.#reply(id, serverReply(message, delegation?.helpers ?? []));
      } else if (!this.#handedOn.has(id)) {
        this.#handedOn.add(id);
        const payload = { parent: delegation.key, request: id, ...call };
        this.#talk.journal.record('cc.delegation.asked', {
          request_id: id,
          role: call.role,
          task: oneLine(call.task, TASK_CHARS),
        });
        const request = { kind: 'delegate', from: run_id, payload, ttlMs: TTL_MS };
        submitRequest(delegation.inbox, request, this.#talk.clock).catch((error: unknown) => {
          this.answer(id, false, toErrorFacts(error).message);
        });
      }
    }
  }

  /** The answer to a call. Tells whether the worker still waited for it. */
  answer(request: string, ok: boolean, text: string): boolean {
    const question = this.#unanswered[request];
    if (question?.kind !== 'mcp') return false;
    this.#reply(request, toolReply(this.#read(question), text, !ok));
    return true;
  }

  get #unanswered(): Progress['unanswered'] {
    return this.#talk.journal.progress.unanswered;
  }

  #reply(id: string, message: JsonObject): void {
    this.#talk.link.send(mcpAnswer(id, message));
    this.#talk.journal.record('cc.mcp.answered', { request_id: id });
  }

  #read({ raw }: Unanswered): JsonObject {
    const line = parseJson(this.#talk.link.readLineAt(raw).toString('utf8'));
    return objectAt(objectAt(line, 'request'), 'message') ?? {};
  }
}
