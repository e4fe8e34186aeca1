import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { sleep } from '../core/clock.ts';
import type { Frame, Reply } from './frames.ts';
import type { Moment, Pace } from './script.ts';

/** How an answer ends early. `frame` is sent as the last one, then the answer ends in order. */
export type Ending = { how: 'reset' | 'eof' } | { how: 'frame'; frame: Frame };

export type Delivery = {
  status: number;
  pace: Pace;
  /** Called at each moment of the answer; may wait, and may say that the answer ends there. */
  at(moment: Moment): Promise<Ending | undefined>;
  /** Aborts when the client is gone. */
  signal: AbortSignal;
  wrote(bytes: number): void;
};

/** Writes an answer; says how it ended. Never throws for a client that hangs up. */
export async function deliver(
  response: ServerResponse,
  reply: Reply,
  delivery: Delivery,
): Promise<'complete' | 'broken' | 'aborted'> {
  const { signal, pace } = delivery;
  const endsAt = async (moment: Moment) => {
    const ending = await delivery.at(moment);
    if (ending !== undefined) await finish(response, ending, delivery);
    return ending !== undefined;
  };

  if (pace.beforeHeadersMs) await sleep(pace.beforeHeadersMs, signal);
  if (await endsAt('before_headers')) return 'broken';
  if (signal.aborted) return 'aborted';
  response.writeHead(delivery.status, { ...reply.headers, 'content-type': reply.contentType });
  response.flushHeaders();
  if (await endsAt('after_headers')) return 'broken';

  let begun = false;
  for (const frame of reply.frames) {
    await write(response, frame.bytes, delivery);
    if (signal.aborted) return 'aborted';
    if (!frame.delta) continue;
    if (!begun && (await endsAt('mid_message'))) return 'broken';
    begun = true;
    if (pace.betweenChunksMs) await sleep(pace.betweenChunksMs, signal);
  }
  response.end();
  return signal.aborted ? 'aborted' : 'complete';
}

async function finish(response: ServerResponse, ending: Ending, delivery: Delivery): Promise<void> {
  if (ending.how === 'frame') await write(response, ending.frame.bytes, delivery);
  if (ending.how === 'reset') response.socket?.resetAndDestroy();
  else if (response.headersSent) response.end();
  else response.socket?.end();
}

async function write(response: ServerResponse, bytes: string, delivery: Delivery): Promise<void> {
  if (delivery.signal.aborted) return;
  const ready = response.write(bytes);
  delivery.wrote(Buffer.byteLength(bytes));
  if (ready) return;
  await once(response, 'drain', { signal: delivery.signal }).catch(() => undefined);
}
