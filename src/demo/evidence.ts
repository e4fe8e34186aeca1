import type { Usage } from '../loopback/index.ts';
import type { RunEvent } from '../runs/events.ts';
import type { PollResult } from '../runs/poll.ts';
import type { RunRecord } from '../runs/record.ts';
import type { Leftovers } from './scratch.ts';

/** What the self-test found out, part by part. A part that is missing was not reached. */
export type Evidence = {
  claude?: { path: string; version: string };
  writing?: WritingEvidence;
  reading?: ReadingEvidence;
  stopping?: StoppingEvidence;
  leftovers?: Leftovers;
};

/** A run that may write: one call inside its scope, one outside, held in between. */
export type WritingEvidence = {
  /** Until the launch had returned the run's id. */
  launch_ms: number;
  record: RunRecord;
  events: RunEvent[];
  /** What a reader had seen while the model was still being held. */
  seen_while_held: { tools: string[]; state: string };
  first_poll: PollResult;
  /** A poll with the first one's cursor, when nothing had happened. */
  idle_poll: PollResult;
  /** A poll with the idle one's cursor, after the end. */
  last_poll: PollResult;
  wait: { reason: string; ended: string[]; ms: number };
  declared: Usage;
  answer: string;
  /** The written file, and the one outside the scope; null where there is none. */
  inside: string | null;
  outside: string | null;
  changed: string[];
  patch: string;
  secrets: { token: string; files_read: number; found_in: string[]; redacted: boolean };
};

export type ReadingEvidence = {
  record: RunRecord;
  /** Tools the worker told us of, and tools the model was offered. */
  announced: string[];
  offered: string[];
  /** The file the model tried to write; null where there is none. */
  written: string | null;
};

export type StoppingEvidence = {
  processes_before: number;
  stopped: boolean;
  state: string;
  processes_after: number[];
  ms: number;
};
