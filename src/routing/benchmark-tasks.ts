import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { CcError } from '../core/errors.ts';
import { ifThere } from '../core/if-there.ts';
import { installedDir } from '../core/installed.ts';
import { lazy } from '../core/lazy.ts';
import type { UserHome } from '../workspace/home.ts';
import { type BenchmarkTask, taskSpec } from './benchmark-task.ts';

const loadGlob = /* @__PURE__ */ lazy(() => import('fast-glob'));

const loadYaml = /* @__PURE__ */ lazy(() => import('../workspace/yaml.ts'));

/** To be raised when grading changes so that earlier scores can no longer be compared. */
const GRADER_VERSION = 1;
const TASK_ID = /^[a-z][a-z0-9-]{1,60}$/;

/** Every task: those that come with us, and the user's own; of two with one id the user's counts. */
export async function listTasks(home: UserHome): Promise<BenchmarkTask[]> {
  const dirs = await taskDirs(home);
  return Promise.all([...dirs].map(([id, dir]) => loadTask(id, dir)));
}

/** Versions by id, without reading what the tasks are about. */
export async function taskVersions(home: UserHome): Promise<Map<string, string>> {
  const dirs = await taskDirs(home);
  const pairs = [...dirs].map(async ([id, dir]) => [id, await versionOf(dir)] as const);
  return new Map(await Promise.all(pairs));
}

/** Where the user's own tasks lie. */
export function ownTasksDir(home: UserHome): string {
  return join(home.benchmarks, 'tasks');
}

async function loadTask(id: string, dir: string): Promise<BenchmarkTask> {
  const file = join(dir, 'task.yaml');
  const { parse } = await loadYaml();
  let value: unknown;
  try {
    value = parse(await readFile(file, 'utf8'), { maxAliasCount: 20 });
  } catch (error) {
    throw invalid(file, error instanceof Error ? error.message : String(error));
  }
  const parsed = taskSpec.safeParse(value);
  if (!parsed.success) throw invalid(file, z.prettifyError(parsed.error));
  const needs = parsed.data.checks.some(({ kind }) => kind === 'findings');
  if (needs && parsed.data.findings === undefined) throw invalid(file, 'findings are missing');
  return { ...parsed.data, id, dir, version: await versionOf(dir) };
}

async function taskDirs(home: UserHome): Promise<Map<string, string>> {
  const dirs = new Map<string, string>();
  for (const root of [builtInDir(), ownTasksDir(home)]) {
    for (const name of await namesIn(root)) {
      const dir = join(root, name);
      if (TASK_ID.test(name) && existsSync(join(dir, 'task.yaml'))) dirs.set(name, dir);
    }
  }
  return dirs;
}

async function namesIn(root: string): Promise<string[]> {
  return ((await ifThere(readdir(root))) ?? []).sort();
}

export function builtInDir(): string {
  return installedDir('benchmarks', 'cases.mjs');
}

/** By directory, for files of the same sizes and times. */
const versions = new Map<string, { identity: string; version: string }>();

/** Answers that only prove the grader are not part of it. */
async function versionOf(dir: string): Promise<string> {
  const options = { cwd: dir, dot: true, stats: true } as const;
  const { default: glob } = await loadGlob();
  const entries = await glob(['task.yaml', 'repo/**', 'hidden/**'], options);
  const files = entries.map(({ path, stats }) => `${path} ${stats?.size} ${stats?.mtimeMs}`).sort();
  const identity = files.join('\n');
  const before = versions.get(dir);
  if (before?.identity === identity) return before.version;
  const version = await digestOf(dir, entries.map(({ path }) => path).sort());
  versions.set(dir, { identity, version });
  return version;
}

async function digestOf(dir: string, files: readonly string[]): Promise<string> {
  const hash = createHash('sha256').update(`grader ${GRADER_VERSION}\n`);
  for (const file of files) {
    hash
      .update(`${file}\0`)
      .update(await readFile(join(dir, file)))
      .update('\0');
  }
  return hash.digest('hex').slice(0, 16);
}

function invalid(file: string, what: string): CcError {
  return new CcError('BAD_INPUT', `Not a benchmark task: ${file}: ${what.slice(0, 400)}`, {
    hint: 'docs/benchmarks.md describes the format. Correct the file or remove its directory.',
  });
}
