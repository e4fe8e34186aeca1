import type { BenchmarkTask } from '../routing/benchmark-task.ts';
import type { FileMap } from './files.ts';

/** What a worker left behind; its words are no part of it. */
export type Answer = {
  /** Its project directory. */
  dir: string;
  /** Its structured answer, where there is one. */
  output: unknown;
};

/** What a check gets to see. */
export type Grading = {
  task: BenchmarkTask;
  answer: Answer;
  before: FileMap;
  after: FileMap;
  /** A copy of the project as the worker found it, and room beside it. */
  original: string;
  scratch: string;
  signal: AbortSignal;
};

/** How well a check holds, and what it found. */
export type Found = { value: number; detail: string };
