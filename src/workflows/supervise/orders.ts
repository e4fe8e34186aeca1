import * as z from 'zod';
import { isoTime } from '../../core/clock.ts';
import { oneLine } from '../../core/text.ts';
import type { InboxRequest } from '../../store/inbox.ts';
import type { Timeless, WorkflowEvent } from '../core/events.ts';
import type { Instance } from '../core/instance.ts';
import { indexOf } from '../core/keys.ts';
import { reduce } from '../core/reduce.ts';
import type { Plan } from '../plan.ts';
import { isOver } from '../vocabulary.ts';

/** The event a request becomes, or why it becomes none. */
export type Decision = { ok: boolean; text: string; event?: Timeless<WorkflowEvent> | undefined };

const text = z.string().max(4000).optional();
const limit = z.number().positive().optional();

const payloads = {
  stop: z.object({ text }),
  resume: z.object({
    limits: z.object({ max_usd: limit, max_tokens: limit, max_runs: limit }).optional(),
  }),
  retry_node: z.object({ node: z.string().max(200), text }),
  approve: z.object({
    node: z.string().max(200).optional(),
    round: z.int().optional(),
    decision: z.enum(['approved', 'rejected']),
    comment: text,
  }),
  delegate: z.object({
    parent: z.string().max(500),
    request: z.string().max(100),
    role: z.string().max(200),
    task: z.string().max(20_000),
    max_usd: limit,
    max_tokens: limit,
  }),
};

/** What is to happen because of a request. Says no rather than write down what would change nothing. */
export function decideOn(
  request: InboxRequest,
  plan: Plan,
  instance: Instance,
  now: Date,
): Decision {
  const { kind, payload, from: by } = request;
  switch (kind) {
    case 'stop':
      return stop(payloads.stop.parse(payload), by, instance);
    case 'resume': {
      const { limits } = payloads.resume.parse(payload);
      if (!isOver(instance.state)) return no(`it goes on: ${instance.reason}`);
      const event = { type: 'resume_asked', by, ...(limits === undefined ? {} : { limits }) };
      return effective(event as Timeless<WorkflowEvent>, plan, instance, now, {
        yes: 'it goes on',
        no: `it is ${instance.state}, and nothing is to be done again`,
        idle: (reason) => `nothing would be done, and it would end again: ${reason}`,
      });
    }
    case 'retry_node': {
      const { node, text: why } = payloads.retry_node.parse(payload);
      if (indexOf(plan, node) === undefined) return no(unknownNode(node, plan));
      const told = why === undefined ? {} : { text: why };
      return effective({ type: 'retry_asked', node, by, ...told }, plan, instance, now, {
        yes: `${node} is taken back, and what came of it`,
        no: `${node} has not been done yet, or the workflow is being stopped`,
      });
    }
    case 'approve':
      return approve(payloads.approve.parse(payload), by, instance);
    case 'delegate': {
      const { max_usd, max_tokens, ...asked } = payloads.delegate.parse(payload);
      const money = {
        ...(max_usd === undefined ? {} : { max_usd }),
        ...(max_tokens === undefined ? {} : { max_tokens }),
      };
      return yes('it is decided by the rules of the file', {
        type: 'delegation_asked',
        ...asked,
        ...money,
      });
    }
    default:
      return no(`nobody knows what ${oneLine(kind, 40)} is`);
  }
}

function stop(payload: { text?: string | undefined }, by: string, instance: Instance): Decision {
  if (isOver(instance.state)) return no(`it is over: ${instance.state}`);
  if (instance.stop !== null) return { ok: true, text: 'it is being stopped already' };
  const why = payload.text === undefined ? {} : { text: payload.text };
  return yes('it is being stopped', { type: 'stop_asked', by, ...why });
}

function approve(
  { node, round, decision, comment }: z.infer<typeof payloads.approve>,
  by: string,
  { nodes }: Instance,
): Decision {
  const asking = nodes.flatMap(({ id, round: askedIn, attempts }) =>
    attempts.filter(({ kind }) => kind === 'approval').map(({ key }) => ({ id, key, askedIn })),
  );
  const names = asking.map(({ id }) => id).join(', ');
  const [first, ...others] = node === undefined ? asking : asking.filter(({ id }) => id === node);
  if (first === undefined) {
    return no(
      names === '' ? 'nothing waits for a decision' : `what waits for a decision: ${names}`,
    );
  }
  if (others.length > 0) return no(`which one? These wait for a decision: ${names}`);
  if (round !== undefined && round !== first.askedIn) {
    const open = `${first.id} asks in round ${first.askedIn} by now`;
    return no(`${open}: nothing is decided by an answer to round ${round}`);
  }
  const said = comment === undefined ? {} : { comment };
  return yes(`${first.id} is ${decision}`, {
    type: 'approval_given',
    key: first.key,
    decision,
    by,
    ...said,
  });
}

/** Tried out first: the core alone knows whether it would change anything. */
function effective(
  event: Timeless<WorkflowEvent>,
  plan: Plan,
  instance: Instance,
  now: Date,
  texts: { yes: string; no: string; idle?: (reason: string) => string },
): Decision {
  const time = isoTime(now);
  const { instance: after } = reduce(plan, instance, { ...event, time } as WorkflowEvent);
  const isSame =
    JSON.stringify({ ...after, updated: '' }) === JSON.stringify({ ...instance, updated: '' });
  if (isSame) return no(texts.no);
  const isIdle = isOver(after.state) && after.state !== 'succeeded';
  return isIdle && texts.idle !== undefined ? no(texts.idle(after.reason)) : yes(texts.yes, event);
}

function yes(told: string, event: Timeless<WorkflowEvent>): Decision {
  return { ok: true, text: told, event };
}

function no(told: string): Decision {
  return { ok: false, text: oneLine(told, 500) };
}

function unknownNode(node: string, { nodes }: Plan): string {
  const names = nodes.slice(0, 20).map(({ id }) => id);
  return `there is no node ${oneLine(node, 60)}; there are: ${names.join(', ')}${nodes.length > 20 ? ', …' : ''}`;
}
