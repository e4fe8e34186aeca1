import { coldStart } from './cold-start.ts';
import { flood } from './flood.ts';
import type { Benchmark } from './harness.ts';
import { idlePoll } from './idle-poll.ts';
import { ingestion } from './ingest.ts';
import { ledger } from './ledger.ts';
import { manyRuns } from './many-runs.ts';
import { oneTurn } from './one-turn.ts';
import { pollTime } from './poll-time.ts';
import { profiles } from './profiles.ts';
import { snapshots } from './snapshots.ts';
import { stopping } from './stop.ts';
import { supervisorCpu } from './supervisor-cpu.ts';
import { surface } from './surface.ts';
import { verifying } from './verify.ts';
import { waiting } from './wait.ts';
import { workflows } from './workflows.ts';

/** Every benchmark, in the order they run and are shown. */
export const BENCHMARKS: readonly Benchmark[] = [
  coldStart,
  oneTurn,
  surface,
  idlePoll,
  pollTime,
  manyRuns,
  profiles,
  supervisorCpu,
  ingestion,
  flood,
  ledger,
  verifying,
  waiting,
  stopping,
  snapshots,
  workflows,
];
