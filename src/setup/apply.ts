import { chmod, mkdir, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { isoTime } from '../core/clock.ts';
import { CcError, errnoOf, toErrorFacts } from '../core/errors.ts';
import { objectAt } from '../core/json.ts';
import { VERSION } from '../core/version.ts';
import { runCommand } from '../proc/command.ts';
import { PRIVATE_FILE, writeFileAtomic } from '../store/atomic.ts';
import { withLease } from '../store/lease.ts';
import type { Host } from '../workspace/host.ts';
import { backUp } from './backup.ts';
import { clientEnvironment } from './clients.ts';
import { parseJsonFile } from './json-text.ts';
import { SERVER } from './names.ts';
import { removeEmptyDirectories } from './owned-directories.ts';
import type { Change, CommandChange, FileChange, Part } from './plan.ts';
import { quoted } from './quote.ts';
import { announced, type Owned, readReceipt, setupPaths, writeReceipt } from './receipt.ts';
import { isOnlyOurEntry } from './restore.ts';
import { digestOfBytes } from './target.ts';
import { removeUnfinished } from './unfinished.ts';

const COMMAND_MS = 30_000;
/** Another setup of this user may be writing; its client commands take a second or two. */
const LEASE_WAIT_MS = 60_000;
/** What a file of the user that we create may be: `config.toml` and `.mcp.json` hold no secret of ours. */
const NEW_FILE = 0o644;

/** Carries out what was planned, after everything that changes has been copied. */
export async function applyParts(
  host: Host,
  parts: readonly Part[],
  backups: string,
): Promise<{ backedUp: number }> {
  return withLease(setupPaths(host.home).lease, LEASE_WAIT_MS, () => apply(host, parts, backups));
}

async function apply(
  host: Host,
  parts: readonly Part[],
  backups: string,
): Promise<{ backedUp: number }> {
  const changes = parts.flatMap((part) => part.changes);
  for (const change of changes) await requireUnchanged(change);
  const backedUp = await backUp(backups, isoTime(host.clock.now()), changes);
  let written = 0;
  for (const part of parts) {
    await announce(host, part);
    for (const change of part.changes) {
      await applyChange(host, change).catch((error: unknown) => {
        throw cutShort(error, change, `${written} of ${changes.length} changes are made`);
      });
      written += 1;
    }
    await record(host, part);
  }
  return { backedUp };
}

/** What is written is known and can be finished or taken away; the user must know that too. */
function cutShort(error: unknown, { path }: Change, progress: string): CcError {
  const { code, message, hint, retryable, details } = toErrorFacts(error);
  return new CcError(code, `${path}: ${message} (${progress}; the next call goes on from there)`, {
    ...(details === undefined ? {} : { details: { ...details } }),
    ...(hint === undefined ? {} : { hint }),
    retryable,
    cause: error,
  });
}

async function applyChange(host: Host, change: Change): Promise<void> {
  if (change.kind === 'file') return writeUserFile(change);
  for (const args of change.commands) await runClient(host, change, args);
  await requireEntry(change);
}

async function writeUserFile({ real, before, after }: FileChange): Promise<void> {
  await removeUnfinished(real);
  if (after === undefined) return rm(real, { force: true });
  await mkdir(dirname(real), { recursive: true });
  const mode = before === undefined ? NEW_FILE : (await stat(real)).mode & 0o7777;
  await writeFileAtomic(real, after, { durable: true, mode: PRIVATE_FILE });
  await chmod(real, mode);
}

async function runClient(host: Host, { file }: CommandChange, args: string[]): Promise<void> {
  const result = await runCommand(file, args, {
    // Its directory of configuration need not exist yet.
    cwd: '/',
    env: clientEnvironment(host.env),
    timeoutMs: COMMAND_MS,
  });
  if (result.exitCode === 0) return;
  throw new CcError(
    'COMMAND_FAILED',
    `${file} ${args.slice(0, 2).join(' ')} failed: ${(result.stderr || result.stdout).trim().slice(0, 400)}`,
    {
      hint: `Run it by hand: claude ${args.map(quoted).join(' ')}`,
    },
  );
}

/** What the client says it did is looked at. */
async function requireEntry({ path, expected }: CommandChange): Promise<void> {
  const text = await readFile(path, 'utf8').catch(() => '{}');
  const entry = objectAt(parseJsonFile(text, path), 'mcpServers')?.[SERVER];
  if (isDeepStrictEqual(entry, expected)) return;
  throw new CcError('COMMAND_FAILED', `${path} does not hold what Claude Code was told to write.`, {
    hint: 'See `claude mcp list`; then run this again.',
  });
}

/** Between preview and writing somebody else may have written; their change must not be lost. */
async function requireUnchanged({ path, before }: Change): Promise<void> {
  const now = await readFile(path).catch((error: unknown) => {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  });
  if (now === undefined ? before === undefined : before?.equals(now)) return;
  throw new CcError('BUSY', `${path} was changed just now by somebody else. Nothing was changed.`, {
    hint: 'Run this again.',
    retryable: true,
  });
}

async function announce(host: Host, { owned, changes }: Part): Promise<void> {
  if (owned === undefined || changes.length === 0) return;
  const all = await readReceipt(host.home);
  const others = all.filter((entry) => !isAbout(entry, owned));
  const was = all.find((entry) => isAbout(entry, owned));
  await writeReceipt(host.home, VERSION, [...others, announced(owned, was)]);
}

function isAbout(entry: Owned, about: Pick<Owned, 'client' | 'path'>): boolean {
  return entry.client === about.client && entry.path === about.path;
}

/** After every part, so that what was written is known even if the next part fails. */
async function record(host: Host, part: Part): Promise<void> {
  const { owned, gone } = part;
  const about = owned ?? gone;
  if (about === undefined) return;
  const all = await readReceipt(host.home);
  const isIt = (entry: Owned) => isAbout(entry, about);
  const others = all.filter((entry) => !isIt(entry));
  if (owned !== undefined) {
    await writeReceipt(host.home, VERSION, [...others, { ...owned, ...(await asLeft(part)) }]);
    return;
  }
  for (const entry of all.filter(isIt)) {
    for (const path of filesOf(entry)) await removeUnfinished(path);
    await removeEmptyDirectories(directoriesOf(entry));
  }
  await writeReceipt(host.home, VERSION, others);
}

/** How the client has left its file, where uninstall may put the whole of it back. */
async function asLeft({ owned, restorable, changes }: Part): Promise<Pick<Owned, 'after'>> {
  if (owned === undefined || !restorable) return {};
  const now = await readFile(owned.path);
  const [change] = changes;
  return isOnlyOurEntry(change?.before, now, owned.path) ? { after: digestOfBytes(now) } : {};
}

/** Of the skill's own, and those made on the way; the deepest first. */
function directoriesOf(entry: Owned): string[] {
  const { path, kind, created_dirs } = entry;
  const own = kind === 'skill' ? filesOf(entry).map((file) => dirname(file)) : [];
  const parents = own
    .map((directory) => dirname(directory))
    .filter((item) => item.startsWith(path));
  return [...new Set([...own, ...parents, ...created_dirs])].sort((a, b) => b.length - a.length);
}

function filesOf({ path, kind, files, former }: Owned): string[] {
  if (kind === 'config') return [path];
  return Object.keys({ ...files, ...former?.files }).map((name) => join(path, name));
}
