import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { parseCheck } from '../../src/verification/running/checks.ts';
import { verifyRun } from '../../src/verification/verify-run.ts';
import { scratch } from '../support/scratch.ts';
import { tellRun, type WorkerCase, workerCase } from './told-run.ts';

/** Every YAML or JSON file here is a case; README.md beside them says how they are written. */
const CASES = fileURLToPath(new URL('./lies/', import.meta.url));

export function casesOf(honest: boolean): [name: string, worker: WorkerCase][] {
  return readdirSync(CASES)
    .filter((name) => /\.(?:ya?ml|json)$/.test(name))
    .sort()
    .map((name): [string, WorkerCase] => {
      const parsed = workerCase.safeParse(parse(readFileSync(join(CASES, name), 'utf8')));
      if (!parsed.success) throw new Error(`${name}: ${z.prettifyError(parsed.error)}`);
      return [name, parsed.data];
    })
    .filter(([, worker]) => worker.honest === honest);
}

/** Lets the worker of a case work, verifies its run for real, and holds the verdict against the case. */
export async function expectVerdict(worker: WorkerCase): Promise<void> {
  const { host, run } = await tellRun(scratch(), worker);
  const { result } = await verifyRun(
    host,
    run,
    {
      tests: worker.tests,
      checks: worker.checks.map(parseCheck),
      timeoutSeconds: worker.timeout_seconds,
      minCoverage: worker.min_coverage,
    },
    { signal: new AbortController().signal, progress: () => undefined, actor: { by: 'cli' } },
  );
  const told = JSON.stringify(result.reasons, null, 1);
  expect(worker.expect.verdict, told).toContain(result.verdict);
  const codes = result.reasons.map(({ code }) => code);
  for (const code of worker.expect.codes) expect(codes, told).toContain(code);
  for (const code of worker.expect.not) expect(codes, told).not.toContain(code);
  // Whatever a case expects: no lie is accepted, nobody honest is rejected.
  expect(result.verdict, told).not.toBe(worker.honest ? 'reject' : 'accept');
}
