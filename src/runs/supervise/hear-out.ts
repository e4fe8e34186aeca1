import { createByteRedactor } from '../../core/redact.ts';
import { LineReader } from '../../store/lines.ts';
import type { Journal } from './journal.ts';
import { keepLastWords, type LastWords } from './last-words.ts';
import { recordLines } from './record-lines.ts';
import { type RunSecrets, secretsOf } from './run-secrets.ts';

export type HearOutParts = Pick<LastWords, 'record' | 'paths' | 'privatePaths'> & {
  secrets: RunSecrets;
  workerEnv: Readonly<Record<string, string>>;
};

/**
 * Records what a worker that is gone said and nobody has read yet, as a successor would have done, and
 * keeps its answer. False where that fails: it may be why the run is given up.
 */
export async function hearOut(parts: HearOutParts, journal: Journal | undefined): Promise<boolean> {
  if (journal === undefined) return false;
  const { progress } = journal;
  const { secrets } = parts;
  try {
    await secrets.prepare();
    if (progress.worker !== undefined && progress.worker_exit === undefined)
      readOut(parts, journal);
    await keepLastWords({ ...parts, progress, redact: secrets.redact });
    return true;
  } catch {
    return false;
  }
}

function readOut({ record, privatePaths, workerEnv }: HearOutParts, journal: Journal): void {
  const { attempt, raw_offset } = journal.progress;
  const reader = new LineReader(privatePaths.stdout(attempt), raw_offset);
  try {
    const stream = { peekLines: () => reader.read(), consume: () => undefined };
    const hide = createByteRedactor(secretsOf(record, workerEnv));
    recordLines(stream, journal, { record, hide });
    journal.record('cc.worker.exited', {
      code: null,
      signal: null,
      adopted: true,
      unfinished_bytes: reader.unfinishedBytes || undefined,
    });
  } finally {
    reader.close();
  }
}
