import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import { layOut } from '../../src/benchmarks/scratch-project.ts';
import { parseJson } from '../../src/core/json.ts';
import type { BenchmarkTask } from '../../src/routing/benchmark-task.ts';

const answerFile = z.strictObject({
  output: z.unknown().optional(),
  /** An answer that is no JSON. */
  output_text: z.string().optional(),
  delete: z.array(z.string()).default([]),
  /** The checks that must not hold. */
  fails: z.array(z.string()).default([]),
});

export type ExampleAnswer = z.infer<typeof answerFile> & {
  name: string;
  which: 'good' | 'bad' | 'unknown';
  dir: string;
};

/** The answers beside a task that prove its grader. */
export function answersOf(task: BenchmarkTask): ExampleAnswer[] {
  return (['good', 'bad', 'unknown'] as const).flatMap((which) => {
    const root = join(task.dir, which);
    if (!existsSync(root)) return [];
    return readdirSync(root).map((name) => {
      const dir = join(root, name);
      const text = readFileSync(join(dir, 'answer.yaml'), 'utf8');
      return { ...answerFile.parse(parse(text)), name, which, dir };
    });
  });
}

/** The project as this answer would have left it. */
export async function leaveAnswer(
  task: BenchmarkTask,
  answer: ExampleAnswer,
  target: string,
): Promise<{ dir: string; output: unknown }> {
  await layOut(task, target);
  for (const path of answer.delete) rmSync(join(target, path));
  const files = join(answer.dir, 'files');
  if (existsSync(files)) cpSync(files, target, { recursive: true });
  const { output, output_text: text } = answer;
  return { dir: target, output: text === undefined ? output : parseJson(text) };
}
