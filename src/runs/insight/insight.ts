import type { Todo } from '../../workers/claude/tool-facts.ts';
import type { Flag } from './flags.ts';

/** A tool call that has not ended yet, with what its end must be judged by. */
export type OpenCall = {
  id: string;
  tool: string;
  target?: string;
  risk?: string;
  runs?: 'tests' | 'search';
  /** What it makes of the worker's list, once it ends well. */
  todos?: Todo[];
  /** Tells calls with the same input from others. */
  digest: number;
};

/** Something a controller may want to know, with the event it rests on. */
export type Finding = {
  seq: number;
  kind: 'test' | 'change' | 'refusal' | 'model' | 'context' | 'said';
  text: string;
  /** The text is what the worker says, which proves nothing. */
  quote?: true;
};

export type ChangedFile = {
  /** Relative to the project where it lies inside. */
  path: string;
  edits: number;
  last_seq: number;
  /** Ours and not the project's. */
  artifact: boolean;
};

export type Phase = 'starting' | 'exploring' | 'changing' | 'testing' | 'finished';

/**
 * What matters in a run, folded from its events like the rest of its progress: rebuilt identically
 * from the file, bounded, and cheap, since a run may have 100 000 events.
 */
export type Insight = {
  /** From the start of the run. */
  root: string;
  model: string | null;
  phase: Phase;
  /** Last line of the worker; and the last that was more than another retry. */
  line_seq: number;
  life_seq: number;
  /** Last word of the model. */
  output_seq: number;
  calls: OpenCall[];
  /** Ended tool calls, refused ones included. */
  calls_ended: number;
  flags: Flag[];
  /** Grows with every change of the flags, and of the changed files. */
  flags_rev: number;
  /** Flags the journal has not told of yet. */
  untold: boolean;
  findings: Finding[];
  /** Findings the journal has not told of yet, oldest first. */
  unpublished: Finding[];
  changed: ChangedFile[];
  changed_rev: number;
  /** Changed files beyond those that are kept. */
  changed_more: number;
  /** Search calls since a file was changed, or one was read that had not been read before. */
  searches: number;
  /** Digests of the files it read last. */
  files_read: number[];
  /** Failures of the same call, the latest calls only. */
  failing: { digest: number; count: number }[];
  last_test?: { command: string; ok: boolean; seq: number };
  todos?: Todo[];
  /** Characters of tool results and messages. */
  output_chars: number;
  /** Retries since the model last said something. */
  retry: { in_a_row: number; status?: number; error?: string };
  /** Events that mean progress, and where a checkpoint is due. */
  meaningful: number;
  checkpoint: { number: number; at: number; phase: Phase };
};

export function emptyInsight(): Insight {
  return {
    root: '',
    model: null,
    phase: 'starting',
    line_seq: 0,
    life_seq: 0,
    output_seq: 0,
    calls: [],
    calls_ended: 0,
    flags: [],
    flags_rev: 0,
    untold: false,
    findings: [],
    unpublished: [],
    changed: [],
    changed_rev: 0,
    changed_more: 0,
    searches: 0,
    files_read: [],
    failing: [],
    output_chars: 0,
    retry: { in_a_row: 0 },
    meaningful: 0,
    checkpoint: { number: 0, at: 0, phase: 'starting' },
  };
}
