import { join } from 'node:path';
import type * as z from 'zod';
import { type Clock, isoTime } from '../core/clock.ts';
import { makePrivateDir } from '../store/atomic.ts';
import { withLease } from '../store/lease.ts';
import { NdjsonAppender } from '../store/ndjson-append.ts';
import { readNdjson } from '../store/ndjson-read.ts';
import type { UserHome } from '../workspace/home.ts';

const TURN_MS = 10_000;
const PAGE = { maxBytes: 4 << 20, maxRecords: 50_000 };

/** An append-only file of the user's home that evidence about models is kept in. */
export type EvidenceLog<T extends z.ZodObject> = {
  name: 'results' | 'shadow';
  line: T;
  /** The run whose result the line is; each has at most one. */
  runOf: (line: z.output<T>) => string;
};

/** Appends a line unless its run has one; tells whether it did. Durable when it returns. */
export async function addEvidence<T extends z.ZodObject>(
  home: UserHome,
  clock: Clock,
  log: EvidenceLog<T>,
  line: z.output<T>,
): Promise<boolean> {
  await makePrivateDir(home.benchmarks);
  return withLease(join(home.benchmarks, `.${log.name}`), TURN_MS, async () => {
    const run = log.runOf(line);
    if (readEvidence(home, log).some((line) => log.runOf(line) === run)) return false;
    const path = evidencePath(home, log);
    const appender = NdjsonAppender.open(path, `benchmark.${log.name}`, isoTime(clock.now()));
    try {
      appender.append([line]);
      appender.sync(path);
    } finally {
      appender.close();
    }
    return true;
  });
}

/** What has been read of each file, and how far: ranking asks again and again for the same. */
const known = new Map<string, { cursor: string | undefined; records: unknown[] }>();

/** Every line that is understood, oldest first; without a file there are none. Costs what is new. */
export function readEvidence<T extends z.ZodObject>(
  home: UserHome,
  log: EvidenceLog<T>,
): z.output<T>[] {
  const path = evidencePath(home, log);
  const read = known.get(path) ?? { cursor: undefined, records: [] };
  known.set(path, read);
  for (let more = true; more; ) {
    const page = readNdjson(path, read.cursor, PAGE);
    // Somebody has replaced the file, or removed it.
    if (page.reset) read.records.length = 0;
    for (const record of page.records) {
      const parsed = log.line.safeParse(record);
      if (parsed.success) read.records.push(parsed.data);
    }
    read.cursor = page.cursor;
    more = page.more;
  }
  return [...read.records] as z.output<T>[];
}

export function evidencePath(home: UserHome, log: Pick<EvidenceLog<z.ZodObject>, 'name'>): string {
  return join(home.benchmarks, `${log.name}.ndjson`);
}
