import * as z from 'zod';
import { byteLength } from '../core/text.ts';
import { readNdjson } from '../store/ndjson-read.ts';
import type { Host } from '../workspace/host.ts';
import type { RunEvent } from './events.ts';
import type { FoundRun } from './find.ts';
import { lookAt } from './view.ts';

export const rawPage = z.object({
  run_id: z.string(),
  state: z.string(),
  /** Events as they are recorded, whole, oldest first; one that is too large says only that. */
  events: z.array(z.record(z.string(), z.unknown())),
  cursor: z.string(),
  more: z.literal(true).optional(),
});
export type RawPage = z.infer<typeof rawPage>;

const MAX_RECORDS = 1000;

/** The events of a run since a cursor, from its beginning without one: as many as `maxBytes` hold. */
export async function pollRaw(
  host: Host,
  run: FoundRun,
  cursor: string | undefined,
  maxBytes: number,
): Promise<RawPage> {
  const { state } = await lookAt(host, run);
  const page = readNdjson(run.paths.events, cursor, { maxBytes, maxRecords: MAX_RECORDS });
  const events = (page.records as RunEvent[]).map((event) => fitting(event, maxBytes));
  return {
    run_id: run.record.run_id,
    state,
    events,
    ...(page.more ? { more: true as const } : {}),
    cursor: page.cursor,
  };
}

/** A page always has its first record, however large it is: then only what it is. */
function fitting(event: RunEvent, maxBytes: number): Record<string, unknown> {
  const bytes = byteLength(JSON.stringify(event));
  if (bytes <= maxBytes) return event;
  const { seq, time, type } = event;
  return { seq, time, type, omitted_bytes: bytes };
}
