import type { Line } from '../../store/lines.ts';
import { normaliseLine } from '../../workers/claude/normalise.ts';
import type { WorkerEvent } from '../../workers/events.ts';

/** One line of the worker as it is recorded; `redacted` where a credential of the run stood in it. */
export function workerEvent(
  { bytes, start, end }: Line,
  hide: (line: Buffer) => Buffer,
): { event: WorkerEvent; raw: [number, number] } {
  const shown = bytes && hide(bytes);
  const event = normaliseLine(shown);
  return {
    event: shown === bytes ? event : { ...event, redacted: 'credential' },
    raw: [start, end],
  };
}
