import type { WorkerEventType } from '../workers/events.ts';

/** What the supervisor itself records, beside the worker's own events. */
const SUPERVISOR_EVENT_TYPES = [
  'cc.run.started',
  'cc.run.moved', // it goes on with the task of runs whose providers failed
  'cc.supervisor.started', // once per epoch; `take_over` says that an earlier one vanished
  'cc.worker.started', // once per attempt
  'cc.worker.exited',
  'cc.control.sent',
  'cc.message.sent', // journaled before it is sent
  'cc.instruction.accepted', // of the controller; kept until it is due
  'cc.scope.narrowed', // by the controller: what both scopes allow is what is left
  'cc.question.asked', // the worker waits for the controller's answer
  'cc.budget.nudged', // the worker was told how much is used
  'cc.limit.reached', // a budget is used up: the run is brought to an end in order
  'cc.context.filled', // the worker has to hand over to a fresh session
  'cc.context.rotated', // its handover is kept; the next session goes on with it
  'cc.hook.answered',
  'cc.permission.answered',
  'cc.delegation.asked', // its call was handed to whoever may launch another run
  'cc.mcp.answered',
  'cc.request.accepted', // of the inbox, before acting
  'cc.request.done',
  'cc.flag.raised', // something a controller should look at; `by` where we noticed it ourselves
  'cc.finding.made', // what several events together say
  'cc.stop.requested', // our own decision to end the run early
  'cc.run.ended',
  'cc.controller.woken', // an idle controller was told that the run ended or needs an answer
] as const;
export type SupervisorEventType = (typeof SUPERVISOR_EVENT_TYPES)[number];

/** One line of events.ndjson. */
export type RunEvent = {
  /** 1, 2, 3, … without gaps. */
  seq: number;
  /** Which supervisor wrote it. */
  epoch: number;
  time: string;
  type: WorkerEventType | SupervisorEventType;
  /** Byte range of the worker's stdout line it stands for; every complete line has exactly one event. */
  raw?: [start: number, end: number];
} & Record<string, unknown>;

/** Why the supervisor ends a run before the worker is done. */
export type StopReason =
  | 'cancelled'
  | 'wall'
  | 'limit'
  | 'idle' // of earlier versions: `no_output` or `stalled`
  | 'no_output'
  | 'stalled'
  | 'retry_storm'
  | 'disk_full'
  | 'worker_unsupported'
  | 'route_mismatch'
  | 'internal';
