/**
 * The normalised events of a worker, whatever its CLI. One raw line of the worker's stdout becomes
 * exactly one of these, in order; the supervisor adds `seq`, `epoch`, `time` and `raw`.
 */
export type WorkerEvent = { type: WorkerEventType } & Readonly<Record<string, unknown>>;

export const WORKER_EVENT_TYPES = [
  'cc.worker.ready', // it knows its model, tools and session
  'cc.worker.status', // it waits for the model, compacts, changes permission mode
  'cc.worker.notice', // it tells the user something
  'cc.worker.model_changed', // it fell back to another model
  'cc.worker.other', // a line of a kind we do not interpret
  'cc.worker.unreadable', // a line that is not JSON, or too long to read
  'cc.message', // the model said something
  'cc.thinking',
  'cc.message.state', // a message of ours was queued, started, completed, …
  'cc.message.injected', // text that neither we nor the model wrote
  'cc.api.failed', // the model service answered with an error
  'cc.api.retried',
  'cc.tool.used',
  'cc.tool.progress',
  'cc.tool.finished',
  'cc.tool.denied',
  'cc.hook.asked', // it asks us whether a tool call may go on
  'cc.hook.ran',
  'cc.permission.asked',
  'cc.mcp.asked', // it has a message for a tool of ours
  'cc.request.withdrawn', // it no longer waits for our answer
  'cc.control.answered', // it answered a control request of ours
  'cc.task.changed', // a sub-agent or a background command
  'cc.context.compacted',
  'cc.turn.ended',
] as const;
export type WorkerEventType = (typeof WORKER_EVENT_TYPES)[number];

/** Tokens of one model. All counts are tokens; cache reads and writes are not part of `input`. */
export type TokenCount = {
  input: number;
  output: number;
  cache_read: number;
  cache_write: number;
  /** The worker CLI's own figure in USD; invented for models it does not know. */
  cli_usd?: number;
};

export type UsageByModel = Record<string, TokenCount>;
