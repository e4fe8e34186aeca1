import { basename, join } from 'node:path';
import { readCoverage } from '../results/coverage.ts';
import { readResults } from '../results/read-results.ts';
import type { TestRun, VerificationFacts } from '../verification.ts';
import { type CommandPlace, type Ran, runLine } from './command.ts';

export type TestPlan = {
  commands: readonly string[];
  timeoutMs: number;
  minCoverage: number | undefined;
};

export type Tested = { runs: TestRun[]; coverage?: VerificationFacts['coverage'] };

/** What a shell answers where there is no such program, or it may not be run. */
const NOT_FOUND: ReadonlySet<number | null> = new Set([126, 127]);

/** Runs the test commands one after the other and reads what they say of themselves. */
export async function runTests(
  plan: TestPlan,
  place: CommandPlace,
  folder: string,
  progress: (message: string) => void,
): Promise<Tested> {
  const runs: TestRun[] = [];
  const since = Date.now();
  for (const [index, command] of plan.commands.entries()) {
    if (place.signal.aborted) break;
    progress(`running ${command} (${index + 1} of ${plan.commands.length})`);
    const [stdout, stderr] = ['stdout', 'stderr'].map((name) => `test-${index + 1}.${name}.txt`);
    const files = { stdout: join(folder, stdout ?? ''), stderr: join(folder, stderr ?? '') };
    const ran = await runLine(command, place, { timeoutMs: plan.timeoutMs, ...files });
    runs.push(
      await testRunOf(command, ran, place, {
        stdout: `${basename(folder)}/${stdout}`,
        stderr: `${basename(folder)}/${stderr}`,
      }),
    );
  }
  if (plan.minCoverage === undefined) return { runs };
  const found = await readCoverage(place.cwd, since);
  return { runs, coverage: { wanted: plan.minCoverage, ...found } };
}

async function testRunOf(
  command: string,
  ran: Ran,
  place: CommandPlace,
  files: Pick<TestRun, 'stdout' | 'stderr'>,
): Promise<TestRun> {
  const results = await readResults(place.cwd, ran.text, ran.since);
  const clean = (text: string) => place.redact(text).slice(0, 200);
  return {
    command: place.redact(command),
    status: statusOf(ran, results?.counts),
    exit_code: ran.exit_code,
    signal: ran.signal,
    seconds: ran.seconds,
    ...(results === undefined ? {} : { counts: results.counts }),
    failures: (results?.failures ?? []).map(clean),
    ...files,
    truncated: ran.truncated,
    swept: ran.swept,
  };
}

/** The exit code and the counts must both be good; without any count the exit code alone decides. */
function statusOf(ran: Ran, counts: TestRun['counts']): TestRun['status'] {
  if (ran.timed_out) return 'timed_out';
  if (ran.start_error !== undefined || NOT_FOUND.has(ran.exit_code)) return 'not_started';
  if (ran.exit_code !== 0 || (counts?.failed ?? 0) > 0) return 'failed';
  return counts !== undefined && counts.passed === 0 ? 'no_tests' : 'passed';
}
