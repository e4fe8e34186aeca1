import { cp } from 'node:fs/promises';
import { firstCommit } from '../git/first-commit.ts';
import { runCommand } from '../proc/command.ts';
import { allowedEnvironment, type Environment } from '../proc/env.ts';
import { exampleDir } from './examples.ts';

/** The one file a correct repair of the sample project changes. */
export const FAULTY_FILE = 'src/price.js';

/** What a person would type to run its tests. */
export const TEST_COMMAND = 'node --test';

/** Copies the sample project to `target` and commits it. */
export async function copySample(target: string, env: Environment): Promise<void> {
  await cp(exampleDir('sample-project'), target, { recursive: true });
  const message = 'A shop with one bug';
  await firstCommit(target, env, { email: 'demo@example.invalid', message });
}

/** A run of the project's tests; `exit_code` alone decides, the rest is for reading. */
export type TestRun = {
  exit_code: number | null;
  passed: number;
  failed: number;
  failing: string[];
  /** What the first failing assertion compared, like `240 !== 225`. */
  difference?: string;
};

const TEST_TIMEOUT_MS = 60_000;

export async function runTests(
  project: string,
  env: Environment,
  signal: AbortSignal,
): Promise<TestRun> {
  const result = await runCommand(process.execPath, ['--test'], {
    cwd: project,
    env: allowedEnvironment(env),
    timeoutMs: TEST_TIMEOUT_MS,
    signal,
  });
  return { exit_code: result.exitCode ?? null, ...readTestOutput(result.stdout) };
}

/** Counts and names from the output of `node --test`, in either of the forms Node prints without a terminal. */
export function readTestOutput(output: string): Omit<TestRun, 'exit_code'> {
  const count = (word: string) =>
    Number(new RegExp(`^\\s*(?:#|ℹ) ${word} (\\d+)`, 'm').exec(output)?.[1] ?? 0);
  const failing = [...output.matchAll(/^\s*(?:not ok \d+ - |✖ )(.+?)(?: \([\d.]+ms\))?$/gm)]
    .map((match) => match[1] ?? '')
    .filter((name) => name !== 'failing tests:' && !name.endsWith('.js'));
  const difference = /^\s*(\S+ !== \S+)\s*$/m.exec(output)?.[1];
  return {
    passed: count('pass'),
    failed: count('fail'),
    failing: [...new Set(failing)],
    ...(difference === undefined ? {} : { difference }),
  };
}
