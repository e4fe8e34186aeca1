import { cp, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { firstCommit } from '../git/first-commit.ts';
import type { Environment } from '../proc/env.ts';
import type { BenchmarkTask } from '../routing/benchmark-task.ts';
import { makePrivateDir } from '../store/atomic.ts';
import { fillerName, fillerText } from './filler.ts';

/** The files a worker finds. Nothing of `hidden/`, of the checks or of the answers is among them. */
export async function layOut(task: BenchmarkTask, target: string): Promise<void> {
  await makePrivateDir(target);
  await cp(join(task.dir, 'repo'), target, { recursive: true });
  for (let index = 0; index < (task.filler?.files ?? 0); index += 1) {
    const name = fillerName(index);
    await mkdir(dirname(join(target, name)), { recursive: true });
    await writeFile(join(target, name), fillerText(name, task.filler?.bytes ?? 0));
  }
}

/** A repository of its own, so that nothing above it counts as the project. */
export async function layOutRepository(
  task: BenchmarkTask,
  target: string,
  env: Environment,
): Promise<void> {
  await layOut(task, target);
  await firstCommit(target, env, { email: 'benchmark@example.invalid', message: 'Start' });
}
