import type { WorkerEventType } from '../workers/events.ts';

/** What the supervisor itself records, beside the worker's own events. */
export const SUPERVISOR_EVENT_TYPES = [
  'cc.run.started',
  'cc.supervisor.started', // once per epoch; `take_over` says that an earlier one vanished
  'cc.worker.started', // once per attempt
  'cc.worker.exited',
  'cc.control.sent',
  'cc.message.sent', // journaled before it is sent
  'cc.hook.answered',
  'cc.permission.answered',
  'cc.request.accepted', // of the inbox, before acting
  'cc.request.done',
  'cc.flag.raised', // something a controller should look at; `by` where we noticed it ourselves
  'cc.finding.made', // what several events together say
  'cc.stop.requested', // our own decision to end the run early
  'cc.run.ended',
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
  | 'idle' // of earlier versions: `no_output` or `stalled`
  | 'no_output'
  | 'stalled'
  | 'retry_storm'
  | 'disk_full'
  | 'worker_unsupported'
  | 'internal';
