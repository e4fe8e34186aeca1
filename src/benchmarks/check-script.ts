import { copyFile, cp, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { randomBase32 } from '../core/ids.ts';
import { parseJson } from '../core/json.ts';
import { plural } from '../core/text.ts';
import { runCommand } from '../proc/command.ts';
import { allowedEnvironment } from '../proc/env.ts';
import type { CheckSpec } from '../routing/benchmark-task.ts';
import { builtInDir } from '../routing/benchmark-tasks.ts';
import { matchesScope } from '../workers/claude/guard.ts';
import { isPlain } from './files.ts';
import type { Found, Grading } from './grading.ts';

/** Where the script lies in the copy: no task may have such a directory. */
const HIDDEN = '.grade';
const OUTPUT_BYTES = 1 << 20;
/** Under either name Node forbids other files, child processes and workers. */
const PERMISSION = ['--permission', '--experimental-permission'].find((flag) =>
  process.allowedNodeEnvironmentFlags.has(flag),
);

const report = z.object({ word: z.string(), cases: z.int().min(1), failed: z.array(z.string()) });

/**
 * Runs a hidden script against the project as the worker found it, with only those of its files that
 * it was allowed to change. Whatever the worker wrote runs with it, so it gets no credentials, may read
 * nothing but the copy, and cannot end the process with exit code 0 before the report is made.
 */
export async function checkScript(
  spec: Extract<CheckSpec, { kind: 'script' }>,
  grading: Grading,
): Promise<Found> {
  const copy = await copyForScript(spec, grading);
  const word = randomBase32(24);
  const flags = PERMISSION === undefined ? [] : [PERMISSION, `--allow-fs-read=${join(copy, '*')}`];
  const result = await runCommand(
    process.execPath,
    [...flags, '--no-warnings', join(copy, HIDDEN, spec.file), word],
    {
      cwd: copy,
      env: allowedEnvironment({ PATH: dirname(process.execPath), HOME: copy, TMPDIR: copy }),
      timeoutMs: spec.timeout_seconds * 1000,
      maxBytes: OUTPUT_BYTES,
      signal: grading.signal,
    },
  );
  if (result.timedOut) return { value: 0, detail: `no end after ${spec.timeout_seconds} s` };
  const lines = result.stdout.split('\n').map((line) => report.safeParse(parseJson(line)).data);
  const told = lines.findLast((line) => line?.word === word);
  if (told === undefined) {
    const error = /^(?:\w*Error\b.*)$/m.exec(result.stderr)?.[0] ?? `exit code ${result.exitCode}`;
    return { value: 0, detail: `the script did not get to its report: ${error}` };
  }
  const { cases, failed } = told;
  const detail = `${cases - failed.length} of ${plural(cases, 'case')} hold`;
  return {
    value: Math.max(0, cases - failed.length) / cases,
    detail: failed.length === 0 ? detail : `${detail}; ${failed.slice(0, 3).join('; ')}`,
  };
}

async function copyForScript(spec: CheckSpec, grading: Grading): Promise<string> {
  const { task, answer, before, after, original, scratch } = grading;
  const allowed = task.scope?.paths ?? [];
  const copy = join(scratch, spec.name);
  await cp(original, copy, {
    recursive: true,
    // A file that was allowed to go has to be missing here, too.
    filter: (path) => {
      const name = path.slice(original.length + 1).replaceAll('\\', '/');
      return after.has(name) || !before.has(name) || !matchesScope(allowed, name);
    },
  });
  for (const [name, content] of after) {
    if (!isPlain(content) || !matchesScope(allowed, name) || name.startsWith(`${HIDDEN}/`))
      continue;
    await mkdir(dirname(join(copy, name)), { recursive: true });
    await copyFile(join(answer.dir, name), join(copy, name));
  }
  await cp(join(task.dir, 'hidden'), join(copy, HIDDEN), { recursive: true });
  await copyFile(join(builtInDir(), 'cases.mjs'), join(copy, HIDDEN, 'cases.mjs'));
  return copy;
}
