import * as z from 'zod';
import type { InboxRequest } from '../../store/inbox.ts';
import { setModel, setPermissionMode } from '../../workers/claude/control.ts';
import type { Conversation } from './conversation.ts';
import { requestId } from './ids.ts';
import type { Talk } from './talk.ts';

/** What can be asked of a running worker, and the shape of each request's payload. */
const orderPayloads = {
  instruct: z.object({
    /** Of a text in the private store; the request itself holds none of it. */
    message: z.string(),
    when: z.enum(['next_step', 'now', 'after_turn']),
  }),
  narrow: z.object({
    paths: z.array(z.string()).optional(),
    commands: z.array(z.string()).optional(),
  }),
  set_mode: z.object({ mode: z.enum(['read_only', 'normal']) }),
  set_model: z.object({ model: z.string() }),
  answer: z.object({
    question: z.number(),
    allow: z.boolean(),
    answers: z.array(z.string()),
    message: z.string().optional(),
  }),
  /** What became of a run that the worker wanted launched. */
  delegation: z.object({ request: z.string(), ok: z.boolean(), text: z.string() }),
};
export type OrderKind = keyof typeof orderPayloads;
export type OrderPayload<K extends OrderKind> = z.infer<(typeof orderPayloads)[K]>;

export type OrderResult = { ok: boolean; text: string };

const ACCEPTED_KEPT = 500;

/** Carries out one request of the inbox, other than to stop. Doing one twice changes nothing. */
export function carryOut(
  request: InboxRequest,
  talk: Talk,
  { gate, delegation }: Pick<Conversation, 'gate' | 'delegation'>,
): OrderResult {
  const { journal } = talk;
  const { end_session, stop, closing } = journal.progress;
  if (end_session.sent || stop !== undefined || closing?.kind === 'wrap_up') {
    return { ok: false, text: FINISHING };
  }
  switch (request.kind) {
    case 'instruct':
      return instruct(orderPayloads.instruct.parse(request.payload), talk);
    case 'narrow':
      journal.record('cc.scope.narrowed', orderPayloads.narrow.parse(request.payload));
      return { ok: true, text: 'narrowed from the next tool call on' };
    case 'set_mode':
      return setMode(orderPayloads.set_mode.parse(request.payload), talk);
    case 'set_model':
      return changeModel(orderPayloads.set_model.parse(request.payload), talk);
    case 'answer': {
      const { question, ...answer } = orderPayloads.answer.parse(request.payload);
      const answered = gate.answerQuestion(question, { ...answer, by: request.from });
      return {
        ok: answered,
        text: answered ? 'answered' : 'nobody waits for this answer any more',
      };
    }
    case 'delegation': {
      const { request: id, ok, text } = orderPayloads.delegation.parse(request.payload);
      const told = delegation.answer(id, ok, text);
      return { ok: told, text: told ? 'told' : 'nobody waits for this answer any more' };
    }
    default:
      return { ok: false, text: `unknown request: ${request.kind}` };
  }
}

/** The run is about to end; whoever has something to say resumes it afterwards. */
export const FINISHING = 'finishing';

function instruct(
  { message, when }: OrderPayload<'instruct'>,
  { journal, texts }: Talk,
): OrderResult {
  const { instructions } = journal.progress;
  if (instructions.includes(message)) return { ok: true, text: 'accepted' };
  if (instructions.length >= ACCEPTED_KEPT) return { ok: false, text: 'too many instructions' };
  if (texts.get(message) === undefined) return { ok: false, text: 'its text is not there' };
  journal.record('cc.instruction.accepted', { message, when });
  return { ok: true, text: 'accepted' };
}

function setMode({ mode }: OrderPayload<'set_mode'>, { journal, link, guard }: Talk): OrderResult {
  if (guard.scope === undefined) return { ok: mode === 'read_only', text: 'this run is read-only' };
  const id = requestId('mode');
  journal.record('cc.control.sent', { request_id: id, kind: 'set_permission_mode', mode });
  link.send(setPermissionMode(id, mode === 'read_only' ? 'plan' : 'dontAsk'));
  return { ok: true, text: mode };
}

function changeModel(
  { model }: OrderPayload<'set_model'>,
  { journal, link, record }: Talk,
): OrderResult {
  const { budget, price } = record;
  const caps = [budget.max_usd, budget.lifetime?.max_usd];
  // A price list is for one model; what another one costs would not be counted.
  if (caps.some((cap) => cap !== undefined) && price !== null && price.source !== 'profile') {
    return {
      ok: false,
      text: 'this run has a USD budget, and the price of that model is not known',
    };
  }
  const id = requestId('model');
  journal.record('cc.control.sent', { request_id: id, kind: 'set_model', model });
  link.send(setModel(id, model));
  return { ok: true, text: `asked for ${model}` };
}
