import { readFileSync, rmSync } from 'node:fs';
import { isObject, type JsonObject, objectAt, parseJson, stringAt } from '../../core/json.ts';
import { type Redactor, redactJson } from '../../core/redact.ts';
import { neutralise } from '../../core/text.ts';
import { writeFileAtomic, writeJsonAtomic } from '../../store/atomic.ts';
import { SCHEMA_VERSION } from '../../store/versions.ts';
import type { privateRunPaths } from '../../workspace/home.ts';
import type { RunPaths } from '../../workspace/layout.ts';
import type { Progress } from '../progress.ts';
import type { RunRecord } from '../record.ts';

const STDERR_BYTES = 64 << 10;

export type LastWords = {
  record: RunRecord;
  paths: RunPaths;
  privatePaths: ReturnType<typeof privateRunPaths>;
  progress: Progress;
  redact: Redactor;
};

/** Keeps the final answer of a worker that is gone and the end of its stderr, which it returns. */
export async function keepLastWords(words: LastWords): Promise<string> {
  const stderr = keptStderr(words);
  await Promise.all([
    writeFileAtomic(words.paths.stderr, stderr),
    writeFileAtomic(words.paths.stdout, finalText(words)),
    keepOutput(words),
  ]);
  return stderr;
}

/** The raw streams hold unredacted text and have served their purpose. */
export function forgetRawStreams({
  progress,
  privatePaths,
}: Pick<LastWords, 'progress' | 'privatePaths'>): void {
  for (let attempt = 1; attempt <= progress.attempt; attempt += 1) {
    for (const path of [
      privatePaths.stdin(attempt),
      privatePaths.stdout(attempt),
      privatePaths.stderr(attempt),
    ]) {
      rmSync(path, { force: true });
    }
  }
}

/** The whole final answer, from the worker's own line; else the last thing it said. */
function finalText(words: LastWords): string {
  const text = stringAt(resultLine(words), 'result') ?? words.progress.last_message ?? '';
  return words.redact(neutralise(text));
}

/** The answer in the form that was asked for, where there is one. */
async function keepOutput(words: LastWords): Promise<void> {
  const output = objectAt(resultLine(words), 'structured_output');
  if (words.record.output_schema === undefined || output === undefined) return;
  await writeJsonAtomic(words.paths.output, {
    schema_version: SCHEMA_VERSION,
    output: redactJson(output, (text) => words.redact(neutralise(text))),
  });
}

/** The worker's own line with the end of its last turn. */
function resultLine({ progress, privatePaths }: LastWords): JsonObject | undefined {
  const { attempt, turn_end } = progress;
  if (turn_end?.raw === undefined) return undefined;
  try {
    const raw = readFileSync(privatePaths.stdout(attempt)).subarray(...turn_end.raw);
    const line = parseJson(raw.toString('utf8'));
    return isObject(line) ? line : undefined;
  } catch {
    return undefined; // gone when a finished run is finished again; the events still have a part
  }
}

function keptStderr({ progress, privatePaths, redact }: LastWords): string {
  try {
    const raw = readFileSync(privatePaths.stderr(Math.max(1, progress.attempt)));
    return redact(neutralise(raw.subarray(-STDERR_BYTES).toString('utf8')));
  } catch {
    return '';
  }
}
