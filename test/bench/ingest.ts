import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseJson } from '../../src/core/json.ts';
import { LineReader } from '../../src/store/lines.ts';
import { type Benchmark, inTurns, timed } from './harness.ts';
import { ingest, openJournal, standingRun, writeRawOutput } from './standing-run.ts';
import { withLab } from './with-lab.ts';

const BYTES = 50_000_000;

export const ingestion: Benchmark = {
  name: 'ingest',
  about: 'real worker output through LineReader → normaliseLine → Journal, against parsing alone',
  run: (context) =>
    withLab([], async (lab) => {
      const raw = join(lab.dir, 'raw.ndjson');
      writeRawOutput(raw, BYTES);
      const { size } = statSync(raw);
      const { run, lease } = await standingRun(lab);
      let lines = 0;
      const { ours, reference } = await inTurns(
        context,
        () =>
          timed(() => {
            const journal = openJournal(run.paths.events, lease);
            try {
              lines = ingest(raw, journal);
            } finally {
              journal.close();
              rmSync(run.paths.events);
            }
          }),
        () => timed(() => parseOnly(raw)),
      );
      const perSecond = (amount: number) => (ms: number) => (1000 * amount) / ms;
      return [
        {
          name: 'ingestion of raw output, bytes',
          unit: 'MB/s',
          ours: ours.map(perSecond(size / 1e6)),
          reference: reference.map(perSecond(size / 1e6)),
        },
        {
          name: 'ingestion of raw output, lines',
          unit: 'lines/s',
          ours: ours.map(perSecond(lines)),
          reference: reference.map(perSecond(lines)),
        },
      ];
    }),
};

/** Nobody who reads the stream can do with less. */
function parseOnly(raw: string): void {
  const reader = new LineReader(raw);
  try {
    for (let lines = reader.read(); lines.length > 0; lines = reader.read()) {
      for (const { bytes } of lines) if (bytes !== undefined) parseJson(bytes.toString('utf8'));
    }
  } finally {
    reader.close();
  }
}
