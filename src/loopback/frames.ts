/** A piece of an answer on its way out. */
export type Frame = {
  bytes: string;
  /** True for a piece of model output; false for the frames around it. */
  delta: boolean;
};

/** One server-sent event; both APIs name the event after the `type` inside. */
export function sse(type: string, fields: Record<string, unknown>, delta = false): Frame {
  return { bytes: `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`, delta };
}

/** What can go on the wire for one step: the streamed form or the whole form. */
export type Reply = {
  contentType: string;
  headers: Readonly<Record<string, string>>;
  frames: Iterable<Frame>;
};

/** A whole JSON answer as one delta, so that mid-message faults have something to follow. */
export function jsonReply(body: unknown, headers: Readonly<Record<string, string>> = {}): Reply {
  const text = JSON.stringify(body);
  const half = Math.floor(text.length / 2);
  return {
    contentType: 'application/json',
    headers,
    frames: [
      { bytes: text.slice(0, half), delta: true },
      { bytes: text.slice(half), delta: false },
    ],
  };
}

export function streamReply(
  frames: Iterable<Frame>,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return { contentType: 'text/event-stream; charset=utf-8', headers, frames };
}
