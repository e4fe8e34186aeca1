import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toErrorFacts } from '../../core/errors.ts';
import { arrayAt, objectAt, parseJson, stringAt } from '../../core/json.ts';
import { redact } from '../../core/redact.ts';
import { oneLine } from '../../core/text.ts';
import { VERSION } from '../../core/version.ts';
import { openGit } from '../../git/git.ts';
import { type CommandResult, runCommand } from '../../proc/command.ts';
import { allowedEnvironment } from '../../proc/env.ts';
import type { Installation } from '../../setup/installation.ts';
import { SERVER } from '../../setup/names.ts';
import { quoted } from '../../setup/quote.ts';
import { compareVersions } from '../../workers/claude/locate.ts';
import type { Host } from '../../workspace/host.ts';

/** Offline, without a remote or without a release nothing is known, and that is an answer. */
export type Newest = {
  /** The tags of the clone's remote, or the registry npm is set up for. */
  asked: 'git' | 'npm';
  version: string | null;
  newer: boolean | null;
  /** Why it is not known. */
  why?: string;
  /** What would upgrade; it is never run from here. */
  upgrade?: string;
};

const TIMEOUT_MS = 20_000;
const RELEASE = /^v?(\d+\.\d+\.\d+)$/;

/** A release beside another version, which may be one that led up to it (`1.2.0-rc.1`). */
export function isNewer(release: string, version: string): boolean {
  const [core = version] = version.split(/[-+]/);
  const difference = compareVersions(release, core);
  return difference > 0 || (difference === 0 && version.startsWith(`${core}-`));
}

/** Asks for the newest release where this installation came from. Needs the network; changes nothing. */
export async function findNewest(
  host: Host,
  { kind, root }: Pick<Installation, 'kind' | 'root'>,
  signal: AbortSignal,
): Promise<Newest> {
  const asked = kind === 'clone' ? 'git' : 'npm';
  try {
    const versions = await (asked === 'git' ? tags(host, root, signal) : published(host, signal));
    const version = versions.sort(compareVersions).at(-1);
    if (version === undefined) return unknown(asked, 'no release is there');
    const newer = isNewer(version, VERSION);
    return {
      asked,
      version,
      newer,
      ...(newer ? { upgrade: upgradeOf(asked, root, version) } : {}),
    };
  } catch (error) {
    return unknown(asked, toErrorFacts(error).message);
  }
}

function unknown(asked: Newest['asked'], why: string): Newest {
  return { asked, version: null, newer: null, why: redact(oneLine(why, 300)) };
}

function upgradeOf(asked: Newest['asked'], root: string, version: string): string {
  return asked === 'git'
    ? `cd ${quoted(root)} && git pull --ff-only && npm ci && npm run build && cc-orchestrator setup`
    : `npm install -g ${SERVER}@${version} && cc-orchestrator setup`;
}

async function tags(host: Host, root: string, signal: AbortSignal): Promise<string[]> {
  const git = await openGit(root, { env: host.env });
  const url = await git.text(['config', '--get', 'remote.origin.url']).catch(() => '');
  if (url === '') throw new Error('the clone has no remote named origin');
  // Not in the clone: its configuration could name programs.
  const args = ['ls-remote', '--tags', '--refs', '--', url];
  const environment = {
    GIT_TERMINAL_PROMPT: '0',
    GIT_ALLOW_PROTOCOL: 'https:http:ssh:git:file',
    GIT_SSH_COMMAND: 'ssh -oBatchMode=yes',
    GCM_INTERACTIVE: 'never',
  };
  const { stdout } = succeeded(
    await asked(host, 'git', args, environment, signal),
    'git ls-remote',
  );
  return stdout.split('\n').flatMap((line) => {
    const version = RELEASE.exec(line.split('refs/tags/')[1] ?? '')?.[1];
    return version === undefined ? [] : [version];
  });
}

/** The release that is meant for everybody; where that is a prerelease, all releases. */
async function published(host: Host, signal: AbortSignal): Promise<string[]> {
  // With its own cache npm answers from it when it reaches nobody, and does not say so.
  const cache = await mkdtemp(join(host.env.TMPDIR || tmpdir(), 'cc-npm-'));
  const args = [
    ...['view', SERVER, 'dist-tags', 'versions', '--json', `--cache=${cache}`],
    ...['--fetch-retries=0', '--no-update-notifier', '--logs-max=0'],
  ];
  try {
    const result = await asked(host, 'npm', args, {}, signal);
    const answer = parseJson(result.stdout);
    const error = objectAt(answer, 'error');
    if (stringAt(error, 'code') === 'E404') {
      throw new Error(`the registry has no package ${SERVER} (${stringAt(error, 'summary')})`);
    }
    const said = stringAt(error, 'summary');
    if (said !== undefined && said !== '') throw new Error(`npm view: ${said}`);
    succeeded(result, 'npm view');
    const releases = (versions: readonly unknown[]) =>
      versions.flatMap((version) => RELEASE.exec(String(version))?.[1] ?? []);
    const latest = releases([objectAt(answer, 'dist-tags')?.latest]);
    return latest.length > 0 ? latest : releases(arrayAt(answer, 'versions'));
  } finally {
    await rm(cache, { recursive: true, force: true });
  }
}

function asked(
  { env }: Host,
  file: string,
  args: readonly string[],
  more: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<CommandResult> {
  return runCommand(file, args, {
    cwd: '/',
    env: { ...allowedEnvironment(env, NPM_SETTINGS), LC_ALL: 'C', ...more },
    timeoutMs: TIMEOUT_MS,
    signal,
  });
}

/** Where npm finds its registry beside `.npmrc`. */
const NPM_SETTINGS = ['npm_config_registry', 'npm_config_userconfig'];

function succeeded(result: CommandResult, what: string): CommandResult {
  if (result.exitCode === 0) return result;
  const said = result.timedOut ? `no answer within ${TIMEOUT_MS / 1000} s` : result.stderr.trim();
  throw new Error(`${what}: ${said.split('\n').slice(0, 3).join(' ')}`);
}
