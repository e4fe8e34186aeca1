import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isoTime, systemClock } from '../../src/core/clock.ts';
import { createRedactor } from '../../src/core/redact.ts';
import type { FoundRun } from '../../src/runs/find.ts';
import { planRun } from '../../src/runs/plan.ts';
import { type RunRecord, writeRecord } from '../../src/runs/record.ts';
import { Journal } from '../../src/runs/supervise/journal.ts';
import { Stopwatch } from '../../src/runs/supervise/stopwatch.ts';
import { SummaryWriter } from '../../src/runs/supervise/summary.ts';
import { makePrivateDir } from '../../src/store/atomic.ts';
import { Lease } from '../../src/store/lease.ts';
import { LineReader } from '../../src/store/lines.ts';
import { normaliseLine } from '../../src/workers/claude/normalise.ts';
import { initWorkspace } from '../../src/workspace/init.ts';
import { runPaths } from '../../src/workspace/layout.ts';
import { type Lab, REPOSITORY } from '../support/lab.ts';

const CAPTURES = join(REPOSITORY, 'test/fixtures/claude-2.1.329');

/** A run that is going on for ever, with this process as its supervisor and no worker. */
export async function standingRun(lab: Lab): Promise<{ run: FoundRun; lease: Lease }> {
  const place = lab.place();
  const host = lab.host();
  await initWorkspace(place.workspace, host.home, host.clock);
  const plan = await planRun(host, place, { task: 'Stand.', profile: 'env:lab' });
  const started = isoTime(systemClock.now());
  const record: RunRecord = { ...plan.record, state: 'running', started };
  const paths = runPaths(place.workspace, record.run_id);
  await makePrivateDir(paths.inbox);
  const lease = Lease.tryAcquire(paths.lease);
  if (!(lease instanceof Lease)) throw new Error('the run has a supervisor');
  await writeRecord(paths, record);
  return { run: { workspace: place.workspace, paths, record }, lease };
}

/** Raw output of real workers, over and over, until there are so many bytes of it. */
export function writeRawOutput(path: string, bytes: number): void {
  const all = readdirSync(CAPTURES)
    .filter((name) => name.endsWith('.ndjson'))
    .sort()
    .map((name) => readFileSync(join(CAPTURES, name)))
    // A killed worker leaves half a line, to which nothing may be joined.
    .map((capture) => capture.subarray(0, capture.lastIndexOf(0x0a) + 1));
  const once = Buffer.concat(all);
  const parts: Buffer[] = [];
  for (let size = 0; size < bytes; size += once.length) {
    parts.push(once.subarray(0, Math.min(once.length, bytes - size)));
  }
  const text = Buffer.concat(parts);
  writeFileSync(path, text.subarray(0, text.lastIndexOf(0x0a) + 1));
}

export function openJournal(events: string, lease: Lease): Journal {
  const redact = createRedactor(['a-secret-of-the-profile']);
  return Journal.open(events, { lease, clock: systemClock, redact });
}

/** The way of every line of a worker, as in the supervisor's own loop. Answers the lines. */
export function ingest(raw: string, journal: Journal, enough = () => false): number {
  const reader = new LineReader(raw);
  let count = 0;
  try {
    for (let lines = reader.read(); lines.length > 0 && !enough(); lines = reader.read()) {
      journal.recordLines(
        lines.map((line) => ({ event: normaliseLine(line.bytes), raw: [line.start, line.end] })),
      );
      count += lines.length;
    }
  } finally {
    reader.close();
  }
  return count;
}

export async function writeSummary(run: FoundRun, journal: Journal): Promise<void> {
  const stopwatch = new Stopwatch(systemClock, 0, 3_600_000);
  const writer = new SummaryWriter(run.paths, systemClock, stopwatch, run.record.context_window);
  await writer.write(journal.progress, { now: true });
}
