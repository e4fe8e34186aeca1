import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pollRun } from '../../src/runs/poll.ts';
import { endCursor } from '../../src/store/ndjson-read.ts';
import type { Lab } from '../support/lab.ts';
import { type BenchContext, type Benchmark, inTurns, type Measurement, timed } from './harness.ts';
import { ingest, openJournal, standingRun, writeRawOutput, writeSummary } from './standing-run.ts';
import { withLab } from './with-lab.ts';

const SIZES = { large: 50_000_000, small: 50_000 };
/** One poll takes about as long as the clock is fine; so many make one sample. */
const POLLS_PER_SAMPLE = 20;
const RECORDS_BACK = 20;

export const pollTime: Benchmark = {
  name: 'poll-time',
  about: 'a poll of a run with 50 MB of events, against one with 50 kB',
  run: (context) =>
    withLab([], async (lab) => {
      const large = await runOfSize(lab, SIZES.large);
      const small = await runOfSize(lab, SIZES.small);
      const polls: Measurement[] = [];
      for (const cursor of ['at the end', `${RECORDS_BACK} records back`, 'none'] as const) {
        polls.push(await compare(context, lab, large, small, cursor));
      }
      return polls;
    }),
};

type Sized = { runId: string; cursors: Readonly<Record<string, string | undefined>> };

async function compare(
  context: BenchContext,
  lab: Lab,
  large: Sized,
  small: Sized,
  cursor: string,
): Promise<Measurement> {
  const host = lab.host();
  const { workspace } = lab.place();
  const poll = async (run: Sized) => {
    const ms = await timed(async () => {
      for (let count = 0; count < POLLS_PER_SAMPLE; count += 1) {
        await pollRun(host, workspace, run.runId, run.cursors[cursor]);
      }
    });
    return ms / POLLS_PER_SAMPLE;
  };
  const both = await inTurns(
    context,
    () => poll(large),
    () => poll(small),
  );
  return { name: `poll of 50 MB, cursor ${cursor}`, unit: 'ms', ...both, goal: { ratio: 2 } };
}

/** A run in progress whose events were written by the product itself, up to a size. */
async function runOfSize(lab: Lab, bytes: number): Promise<Sized> {
  const { run, lease } = await standingRun(lab);
  const { events } = run.paths;
  const raw = join(lab.dir, 'raw.ndjson');
  const size = () => statSync(events).size;
  writeRawOutput(raw, Math.min(bytes, 8_000_000));
  const journal = openJournal(events, lease);
  try {
    while (size() < bytes) ingest(raw, journal, () => size() >= bytes);
    await writeSummary(run, journal);
  } finally {
    journal.close();
  }
  return {
    runId: run.record.run_id,
    cursors: {
      'at the end': endCursor(events),
      [`${RECORDS_BACK} records back`]: cursorBack(events, RECORDS_BACK),
    },
  };
}

/** The cursor a poll would have answered when this many records were not there yet. */
function cursorBack(events: string, records: number): string {
  const text = readFileSync(events);
  let at = text.length - 1;
  for (let count = 0; count < records; count += 1) at = text.lastIndexOf(0x0a, at - 1);
  return endCursor(events).replace(/\..*$/, `.${(at + 1).toString(36)}`);
}
