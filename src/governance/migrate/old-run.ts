import { createHash } from 'node:crypto';
import { lstat, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { derivedId } from '../../core/ids.ts';
import {
  isObject,
  type JsonObject,
  numberAt,
  objectAt,
  parseJson,
  stringAt,
} from '../../core/json.ts';
import { identityOf } from '../../proc/identity.ts';
import { OLD_RUN } from './find.ts';

/** Larger than any the predecessor's own limits allowed. */
export const MAX_FILE_BYTES = 16 << 20;

/** A run of the predecessor, as its files tell it. */
export type OldRun = {
  dir: string;
  id: string;
  /** The id it has here. */
  runId: string;
  begun: Date;
  metadata: JsonObject;
  metadataDigest: string;
  /** The last result of its stream; undefined where there was none. */
  result: JsonObject | undefined;
  /** Its answer; empty where nothing is known of it. */
  answer: string;
};

/** Reads one; a text says why it cannot be brought here. */
export async function readOldRun(dir: string): Promise<OldRun | string> {
  const id = basename(dir);
  const begun = timeOf(id);
  if (begun === undefined) return 'its name holds no time';
  const text = await textOf(join(dir, 'metadata.json'));
  if (text === undefined) return 'metadata.json is missing, too large, or no plain file';
  const metadata = parseJson(text.replace('\ufeff', ''));
  if (!isObject(metadata)) return 'metadata.json is not valid JSON';
  const claimed = stringAt(metadata, 'run_id');
  if (claimed !== undefined && claimed !== id) return 'metadata.json is of another run';
  if (metadata.workflow_id !== undefined || metadata.mock === true) {
    return 'a mock run: its model and its cost were made up';
  }
  const pid = livingProcess(metadata);
  if (pid !== undefined) return `process ${pid} may still be working on it; stop it first`;
  const stdout = (await textOf(join(dir, 'stdout.txt'))) ?? '';
  const events = (await textOf(join(dir, 'events.ndjson'))) ?? '';
  return {
    dir,
    id,
    runId: derivedId('run', begun, id),
    begun,
    metadata,
    metadataDigest: createHash('sha256').update(text).digest('hex'),
    ...answerIn(stdout, events),
  };
}

/** A plain file of no unusual size, as UTF-8. */
export async function textOf(path: string): Promise<string | undefined> {
  const entry = await lstat(path).catch(() => undefined);
  if (entry === undefined || !entry.isFile() || entry.size > MAX_FILE_BYTES) return undefined;
  return readFile(path, 'utf8');
}

function timeOf(id: string): Date | undefined {
  const [, year, month, day, hour, minute, second] = OLD_RUN.exec(id) ?? [];
  const time = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time.getTime()) ? undefined : time;
}

const ACTIVE = new Set(['starting', 'running', 'stop_requested']);

/** A pid alone proves nothing, so whatever has it now is taken for the run's. */
function livingProcess(metadata: JsonObject): number | undefined {
  if (!ACTIVE.has(stringAt(metadata, 'status') ?? '')) return undefined;
  const pids = [numberAt(metadata, 'child_pid'), numberAt(metadata, 'worker_pid')];
  return pids.find((pid) => pid !== undefined && pid > 1 && identityOf(pid) !== undefined);
}

/** The stream's result; of runs that kept only that, their whole output is the answer. */
function answerIn(stdout: string, events: string): Pick<OldRun, 'result' | 'answer'> {
  const stream = objectsIn(stdout);
  const payloads = objectsIn(events).map((event) => objectAt(event, 'payload'));
  const result = [...payloads, ...stream].findLast((value) => value?.type === 'result');
  const text = stringAt(result, 'result');
  return { result, answer: text ?? (stream.length === 0 ? stdout : '') };
}

function objectsIn(ndjson: string): JsonObject[] {
  return ndjson.split('\n').flatMap((line) => {
    const value = line.startsWith('{') ? parseJson(line) : undefined;
    return isObject(value) ? [value] : [];
  });
}
