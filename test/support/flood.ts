import { createReadStream, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { RunEvent } from '../../src/runs/events.ts';
import type { FoundRun } from '../../src/runs/find.ts';
import { type Lab, REPOSITORY } from './lab.ts';

export type Flood = { workers: number; linesEach: number; perSecondEach: number };

/** The worker CLI of the lab becomes one that prints lines as fast as it is told to. */
export function useFloodingWorkers(lab: Lab, { workers, linesEach, perSecondEach }: Flood): void {
  const config = join(lab.dir, 'flood.json');
  writeFileSync(config, JSON.stringify({ lines: linesEach, perSecond: perSecondEach }));
  const fixture = join(REPOSITORY, 'test/fixtures/bin/flooding-claude.mjs');
  const claude = join(lab.dir, 'claude');
  const quoted = [process.execPath, fixture, config].map((word) => `'${word}'`).join(' ');
  writeFileSync(claude, `#!/bin/sh\nexec ${quoted} "$@"\n`, { mode: 0o755 });
  lab.env.CC_CLAUDE_PATH = claude;
  const { policy } = lab.host().home;
  mkdirSync(dirname(policy), { recursive: true });
  writeFileSync(policy, JSON.stringify({ max_concurrent: workers, start_interval_ms: 0 }));
}

/** Starts all of them, and waits until every one has ended well. */
export async function runFlood(lab: Lab, flood: Flood, timeoutMs: number): Promise<FoundRun[]> {
  const started: FoundRun[] = [];
  for (let count = 0; count < flood.workers; count += 1) {
    started.push(await lab.launch({ task: 'Flood.', profile: 'env:lab' }));
  }
  const ended = await Promise.all(started.map((run) => lab.ended(run, timeoutMs)));
  for (const { record } of ended) {
    if (record.state !== 'succeeded') {
      throw new Error(`a run is ${record.state}: ${JSON.stringify(record.outcome?.failure)}`);
    }
  }
  return ended;
}

/** Lines that are missing, doubled or out of order in the events of a run. */
export async function wrongLines(run: FoundRun, { linesEach }: Flood): Promise<number> {
  let [expected, wrong] = [0, 0];
  const lines = createInterface({ input: createReadStream(run.paths.events) });
  for await (const text of lines) {
    const event = JSON.parse(text) as RunEvent;
    if (event.type !== 'cc.message') continue;
    const number = Number(/^line (\d+) /.exec(String(event.text))?.[1]);
    if (number !== expected) wrong += 1;
    expected = number + 1;
  }
  return wrong + Math.abs(linesEach - expected);
}
