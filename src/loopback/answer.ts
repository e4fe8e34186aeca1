import type { ServerResponse } from 'node:http';
import { ScriptBook, stepFor } from './choose.ts';
import { deliver, type Ending } from './delivery.ts';
import { errorFrame, errorReply, MALFORMED } from './faults.ts';
import type { Reply } from './frames.ts';
import { Countdown, Gates } from './gates.ts';
import { messagesReply } from './messages-reply.ts';
import type { RecordedRequest, Recorder } from './record.ts';
import { responsesReply } from './responses-reply.ts';
import {
  type Api,
  type Fault,
  type Hold,
  type ModelCall,
  type Moment,
  type Pace,
  type Script,
  type Step,
  type Usage,
  usageOf,
} from './script.ts';
import { sideAnswer, sideKindOf } from './side-requests.ts';

/** One request being answered. */
export type Exchange = {
  record: RecordedRequest;
  response: ServerResponse;
  signal: AbortSignal;
  /** Unique per request; every id in the answer derives from it. */
  id: string;
};

/** How one answer is to be delivered. */
type Plan = {
  status: number;
  pace?: Pace | undefined;
  at?: (moment: Moment) => Promise<Ending | undefined>;
  /** Counts as served if the answer is sent whole. */
  usage?: Usage;
};

/** Answers model calls from scripts: which step, what goes wrong on the way, what it waits for. */
export class Answerer {
  readonly book: ScriptBook;
  readonly gates = new Gates();
  readonly #countdown = new Countdown();
  readonly #recorder: Recorder;

  constructor(scripts: readonly Script[], recorder: Recorder) {
    this.book = new ScriptBook(scripts);
    this.#recorder = recorder;
  }

  async answer(call: ModelCall, exchange: Exchange): Promise<void> {
    const script = this.book.find(call);
    const side = sideKindOf(call, exchange.record.headers);
    const about = {
      conversation: call.conversation,
      script: script?.name,
      step: call.step,
    };
    if (side !== undefined) {
      this.#recorder.update(exchange.record, { ...about, kind: 'side', side });
      await this.#play(sideAnswer(side, call, script?.name), call, exchange);
      return;
    }
    const attempt = this.#recorder.attemptsBefore(call.conversation, call.step) + 1;
    this.#recorder.update(exchange.record, { ...about, kind: 'model', attempt });
    // 400 because clients do not retry it: a mistake in a test shows at once.
    if (script === undefined) {
      await this.refuse(call.api, 400, 'No script matches this conversation.', exchange);
      return;
    }
    let step: Step;
    try {
      step = await stepFor(script, call);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      await this.refuse(call.api, 400, `Script ${script.name} failed: ${reason}`, exchange);
      return;
    }
    await this.#play(step, call, exchange, script);
  }

  /** An error that no script asked for; the record says why. */
  async refuse(api: Api, status: number, message: string, exchange: Exchange): Promise<void> {
    this.#recorder.update(exchange.record, { fault: message });
    await this.send(errorReply(api, { status, message }, exchange.id), status, exchange);
  }

  send(reply: Reply, status: number, exchange: Exchange): Promise<void> {
    return this.#deliver(reply, exchange, { status });
  }

  async #play(step: Step, call: ModelCall, exchange: Exchange, script?: Script): Promise<void> {
    const key = `${script?.name}/${call.step}`;
    const fault = this.#dueFault(step, call, key);
    const hold = step.hold && this.#isDue(step.hold, call, `${key}/hold`) ? step.hold : undefined;
    const at = async (moment: Moment): Promise<Ending | undefined> => {
      if (hold?.at === moment) await this.#wait(hold.name ?? key, exchange);
      return fault === undefined ? undefined : endingAt(fault, moment, call.api, exchange.id);
    };
    const plan = { at, pace: step.pace };
    if (fault !== undefined) this.#recorder.update(exchange.record, { fault: fault.kind });
    if (fault?.kind === 'http') {
      const reply = errorReply(call.api, fault, exchange.id);
      await this.#deliver(reply, exchange, { ...plan, status: fault.status });
    } else {
      const shape = call.api === 'messages' ? messagesReply : responsesReply;
      const reply = shape(step, call, exchange.id);
      await this.#deliver(reply, exchange, { ...plan, status: 200, usage: usageOf(step) });
    }
  }

  async #deliver(reply: Reply, exchange: Exchange, plan: Plan): Promise<void> {
    const { record, response, signal } = exchange;
    const state = await deliver(response, reply, {
      status: plan.status,
      pace: plan.pace ?? {},
      signal,
      at: async (moment) => {
        if (moment === 'after_headers') this.#recorder.update(record, { status: plan.status });
        return plan.at?.(moment);
      },
      wrote: (bytes) => {
        record.sentBytes += bytes;
      },
    });
    this.#recorder.update(record, { state, usage: state === 'complete' ? plan.usage : undefined });
  }

  #dueFault(step: Step, call: ModelCall, key: string): Fault | undefined {
    return step.faults?.find((fault, index) => this.#isDue(fault, call, `${key}/${index}`));
  }

  #isDue(counted: Hold | Fault, call: ModelCall, key: string): boolean {
    const perScript = 'per' in counted && counted.per === 'script';
    return this.#countdown.take(perScript ? key : `${call.conversation}/${key}`, counted.times);
  }

  async #wait(name: string, exchange: Exchange): Promise<void> {
    this.#recorder.update(exchange.record, { state: 'held', hold: name });
    await this.gates.pass(name, exchange.signal);
    this.#recorder.update(exchange.record, { state: 'received' });
  }
}

function endingAt(fault: Fault, moment: Moment, api: Api, id: string): Ending | undefined {
  if (fault.kind === 'http' || fault.at !== moment) return undefined;
  switch (fault.kind) {
    case 'cut':
      return { how: fault.how };
    case 'malformed':
      return { how: 'frame', frame: MALFORMED };
    case 'stream_error':
      return { how: 'frame', frame: errorFrame(api, fault, id) };
  }
}
