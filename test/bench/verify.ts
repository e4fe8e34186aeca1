import { copyFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../../src/proc/command.ts';
import { verifyRun } from '../../src/verification/verify-run.ts';
import { tellRun, workerCase } from '../verification/told-run.ts';
import { type Benchmark, inTurns, timed } from './harness.ts';
import { ingest, openJournal, standingRun, writeRawOutput } from './standing-run.ts';
import { withLab } from './with-lab.ts';

const EVENT_BYTES = 50_000_000;
/** About two seconds of plain work each, as a small suite of tests takes; what we add does not depend on it. */
const WORK =
  "node -e \"const { createHash } = require('node:crypto'); let h = ''; for (let i = 0; i < 2e6; i += 1) h = createHash('sha256').update(h).digest('hex')\"";
const TESTS = [WORK, WORK];
const FILES = 200;

export const verifying: Benchmark = {
  name: 'verify',
  about: 'a verification with 50 MB of events, against its test commands alone',
  run: (context) =>
    withLab([], async (lab) => {
      const { host, run, project } = await tellRun(join(lab.dir, 'told'), worker());
      const raw = join(lab.dir, 'raw.ndjson');
      writeRawOutput(raw, EVENT_BYTES);
      const standing = await standingRun(lab);
      const journal = openJournal(standing.run.paths.events, standing.lease);
      while (journal.size < EVENT_BYTES) ingest(raw, journal);
      journal.close();
      copyFileSync(standing.run.paths.events, run.paths.events);
      rmSync(standing.run.paths.events);
      const bytes = statSync(run.paths.events).size;
      const request = {
        tests: TESTS,
        checks: [],
        timeoutSeconds: 120,
        minCoverage: undefined,
      };
      const { signal } = context;
      const { ours, reference } = await inTurns(
        context,
        () =>
          timed(() =>
            verifyRun(host, run, request, {
              signal,
              progress: () => undefined,
              actor: { by: 'cli' },
            }),
          ),
        () =>
          timed(async () => {
            for (const line of TESTS) {
              const env = { PATH: process.env.PATH ?? '' };
              const limits = { cwd: project, env, timeoutMs: 120_000, signal };
              await runCommand('/bin/sh', ['-c', line], limits);
            }
          }),
      );
      return [
        {
          name: `verification at ${Math.round(bytes / 1e6)} MB of events, ${FILES} changed files`,
          unit: 'ms',
          ours,
          reference,
          goal: { ratio: 1.2 },
        },
        {
          name: 'what a verification adds to its test commands',
          unit: 'ms',
          ours: ours.map((ms, index) => ms - (reference[index] ?? 0)),
        },
      ];
    }),
};

function worker() {
  const names = Array.from({ length: FILES }, (_, index) => `src/file-${index}.mjs`);
  const text = (name: string, value: number) =>
    Array.from({ length: 50 }, (_, line) => `export const ${name}${line} = ${value};\n`).join('');
  return workerCase.parse({
    about: 'changes many files',
    honest: true,
    base: Object.fromEntries(names.map((name) => [name, text('a', 1)])),
    steps: [{ edit: Object.fromEntries(names.map((name) => [name, text('a', 2)])) }],
    answer: 'Changed them all.',
    expect: { verdict: ['accept'] },
  });
}
