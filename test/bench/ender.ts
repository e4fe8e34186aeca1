// A process of its own that writes the records it is given, as a supervisor does at the end of a run.
import { createInterface } from 'node:readline';
import { type RunRecord, writeRecord } from '../../src/runs/record.ts';
import type { RunPaths } from '../../src/workspace/layout.ts';

for await (const line of createInterface({ input: process.stdin })) {
  const { paths, record } = JSON.parse(line) as { paths: RunPaths; record: RunRecord };
  await writeRecord(paths, record);
}
