import type { TestRun } from './sample.ts';

/** What there is to tell about a demo, whether it has just happened or was recorded. */
export type DemoFacts = {
  project: string;
  before: TestRun;
  run: RunFacts;
  after: TestRun;
  /** What git says is different in the project afterwards. */
  changed: ChangedFile[];
  patch: string;
  /** What `verify-run` says of it; older recordings have none. */
  verdict?: { verdict: string; risk: number; reasons: string[] };
};

export type RunFacts = {
  run_id: string;
  /** Everything about the run is recorded here. */
  folder: string;
  state: string;
  seconds: number;
  worker_version: string;
  model: string;
  refused: number;
  tokens: { input: number; output: number; cache_read: number; cache_write: number };
  usd: number | null;
  /** Why it did not succeed, where it did not. */
  failure?: string;
};

export type ChangedFile = { path: string; added: number | null; deleted: number | null };
