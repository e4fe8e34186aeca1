import { isFinal } from '../core/vocabulary.ts';
import { readNdjson } from '../store/ndjson-read.ts';
import { DirectoryWatcher } from '../store/watch.ts';
import type { Host } from '../workspace/host.ts';
import type { RunEvent } from './events.ts';
import type { FoundRun } from './find.ts';
import { readRecord } from './record.ts';
import { lookAt } from './view.ts';

const PAGE = { maxBytes: 1 << 20, maxRecords: 1000 };

/**
 * The events of a run (behind the cursor `from`) as they are written, until it has ended or the signal aborts. Yields at least
 * every `tickMs`, with an empty list when nothing is new, so that a reader can show time passing.
 * A supervisor that vanishes is replaced on the way, and its successor followed.
 */
export async function* followRun(
  host: Host,
  run: FoundRun,
  { tickMs, signal, from }: { tickMs: number; signal: AbortSignal; from?: string },
): AsyncGenerator<RunEvent[]> {
  const watcher = new DirectoryWatcher([run.paths.dir]);
  let cursor = from;
  try {
    for (;;) {
      // Read before the events: whatever was written until the end is then among them.
      const record = await readRecord(run.paths, run.record.run_id);
      const page = readNdjson(run.paths.events, cursor, PAGE);
      cursor = page.cursor;
      yield page.records as RunEvent[];
      if (page.more) continue;
      if (isFinal(record.state) || signal.aborted) return;
      await lookAt(host, { ...run, record });
      await watcher.changed(tickMs, signal);
    }
  } finally {
    watcher.close();
  }
}
