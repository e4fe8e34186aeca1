import { lstat, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CcError } from '../../core/errors.ts';
import { numberAt, parseJson, stringAt } from '../../core/json.ts';
import { redact, redactJson } from '../../core/redact.ts';
import { logUsage } from '../../runs/usage/log.ts';
import { makePrivateDir, writeFileAtomic, writeJsonAtomic } from '../../store/atomic.ts';
import { SCHEMA_VERSION } from '../../store/versions.ts';
import { managedDir, runPaths, type Workspace } from '../../workspace/layout.ts';
import type { Left } from './find.ts';
import { MAX_FILE_BYTES, type OldRun, textOf } from './old-run.ts';
import { recordOf } from './record.ts';

/** The predecessor's own files, redacted, inside of the run. */
const OLD_FILES = 'predecessor';
const BUSY_MS = 5000;

/** Writes a run of the predecessor as one of ours, whole or not at all. The source is only read. */
export async function storeOldRun(workspace: Workspace, old: OldRun, time: string): Promise<void> {
  const paths = runPaths(workspace, old.runId);
  const fresh = join(managedDir(workspace, 'tmp'), `migrating-${old.runId}`);
  await rm(fresh, { recursive: true, force: true });
  await makePrivateDir(join(fresh, OLD_FILES));
  const put = (name: string, text: string) => writeFileAtomic(join(fresh, name), text);
  const prompt = redact((await textOf(join(old.dir, 'prompt.txt'))) ?? '');
  const record = recordOf(old, workspace, { prompt, time });
  await put('prompt.md', prompt);
  await put('stdout.txt', redact(old.answer));
  await put('stderr.txt', redact((await textOf(join(old.dir, 'stderr.txt'))) ?? ''));
  const { copied, left } = await copyOldFiles(old.dir, join(fresh, OLD_FILES));
  await writeJsonAtomic(join(fresh, 'origin.json'), originOf(old, time, copied, left));
  await writeJsonAtomic(join(fresh, 'metadata.json'), record, { durable: true });
  // First the log: what is in it and has no run does no harm, and the next call brings the run.
  if (!(await logUsage(workspace, record, BUSY_MS))) {
    throw new CcError('BUSY', 'The usage log cannot be written now.', {
      hint: 'Call again.',
      retryable: true,
    });
  }
  await rename(fresh, paths.dir);
}

function originOf(old: OldRun, time: string, copied: string[], left: Left[]) {
  const { metadata } = old;
  return redactJson({
    schema_version: SCHEMA_VERSION,
    from: old.dir,
    run_id: old.id,
    metadata_sha256: old.metadataDigest,
    migrated: time,
    /** As the predecessor had it; not relied on. */
    recorded: {
      status: stringAt(metadata, 'status') ?? null,
      acceptance: stringAt(metadata, 'acceptance_status') ?? null,
      cost_usd: numberAt(metadata, 'actual_cost_usd') ?? null,
      total_tokens: numberAt(metadata, 'actual_total_tokens') ?? null,
    },
    copied,
    left,
  });
}

async function copyOldFiles(from: string, to: string): Promise<{ copied: string[]; left: Left[] }> {
  const copied: string[] = [];
  const left: Left[] = [];
  for (const directory of ['', 'checkpoints']) {
    const isOwn = (await lstat(join(from, directory)).catch(() => undefined))?.isDirectory();
    const names = isOwn === true ? await readdir(join(from, directory)) : [];
    for (const name of names.sort()) {
      const path = join(from, directory, name);
      if ((await lstat(path)).isDirectory()) continue;
      const reason = await copyRedacted(path, join(to, directory), name);
      if (reason === undefined) copied.push(join(directory, name));
      else left.push({ path, reason });
    }
  }
  return { copied, left };
}

/** Copies a text without its secrets; the answer says why it was not copied. */
export async function copyRedacted(
  path: string,
  directory: string,
  name: string,
): Promise<string | undefined> {
  const entry = await lstat(path);
  if (!entry.isFile()) return 'no plain file';
  if (entry.size > MAX_FILE_BYTES) return `larger than ${MAX_FILE_BYTES} bytes`;
  const bytes = await readFile(path);
  const text = bytes.toString('utf8');
  if (!Buffer.from(text).equals(bytes)) return 'not UTF-8';
  await makePrivateDir(directory);
  const value = name.endsWith('.json') ? parseJson(text) : undefined;
  const safe =
    value === undefined ? redact(text) : `${JSON.stringify(redactJson(value), null, 2)}\n`;
  await writeFileAtomic(join(directory, name), safe);
  return undefined;
}
