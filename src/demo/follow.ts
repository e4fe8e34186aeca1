import { isFinal } from '../core/vocabulary.ts';
import type { RunEvent } from '../runs/events.ts';
import type { FoundRun } from '../runs/find.ts';
import { readRecord } from '../runs/record.ts';
import { lookAt } from '../runs/view.ts';
import { readNdjson } from '../store/ndjson-read.ts';
import { DirectoryWatcher } from '../store/watch.ts';
import type { Host } from '../workspace/host.ts';

const PAGE = { maxBytes: 1 << 20, maxRecords: 1000 };

/**
 * The events of a run as they are written, until it has ended or the signal aborts. Yields at least
 * every `tickMs`, with an empty list when nothing is new, so that a reader can show time passing.
 */
export async function* followRun(
  host: Host,
  run: FoundRun,
  { tickMs, signal }: { tickMs: number; signal: AbortSignal },
): AsyncGenerator<RunEvent[]> {
  const watcher = new DirectoryWatcher([run.paths.dir]);
  let cursor: string | undefined;
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
