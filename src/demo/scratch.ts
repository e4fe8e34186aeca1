import { mkdir, mkdtemp, readFile, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { sleep } from '../core/clock.ts';
import { CcError } from '../core/errors.ts';
import { randomBase32 } from '../core/ids.ts';
import { oneLine } from '../core/text.ts';
import { type LoopbackModel, type Script, startLoopbackModel } from '../loopback/index.ts';
import type { Environment } from '../proc/env.ts';
import { isAlive } from '../proc/identity.ts';
import { killProcess } from '../proc/terminate.ts';
import { findByCookie } from '../proc/tree.ts';
import { activeRuns } from '../runs/list.ts';
import { runIds } from '../runs/run-ids.ts';
import { stopRun } from '../runs/stop.ts';
import { makePrivateDir, writeFileAtomic } from '../store/atomic.ts';
import { topLease } from '../store/lease.ts';
import { RUN_COOKIE } from '../workers/claude/environment.ts';
import { requireClaude } from '../workers/claude/locate.ts';
import { privateRunPaths, userHome } from '../workspace/home.ts';
import type { Host } from '../workspace/host.ts';
import { runPaths, type Workspace } from '../workspace/layout.ts';
import { readPolicy } from '../workspace/policy.ts';
import { type Place, resolvePlace } from '../workspace/resolve.ts';
import { copySample } from './sample.ts';

/** USD per million tokens. Invented, so that a cost can be shown; the demo says so. */
export const SCRATCH_PRICE = { input: 0.5, output: 2, cache_read: 0.05, cache_write: 0.6 } as const;
export const SCRATCH_PROFILE = 'env:demo';
const SCRATCH_MODEL = 'embedded-model';

/**
 * A place of its own to run real workers in: sample project, user home, profile and model, all below
 * one temporary directory. Nothing of the user's is read but where Claude Code is, and nothing written.
 */
export type Scratch = {
  root: string;
  host: Host;
  place: Place;
  model: LoopbackModel;
  claude: { path: string; version: string };
  /** The profile's credential, for looking whether it turns up anywhere. */
  token: string;
  /** Ends whatever still runs and removes everything, unless it is to be kept. Safe to call twice. */
  close(options?: { keep?: boolean }): Promise<Leftovers>;
};

/** What could not be ended or removed; empty when all is well. */
export type Leftovers = { processes: number[]; paths: string[] };

const STOP_MS = 8000;
const LEAVE_MS = 5000;

/** `scripts` gets the project's directory, because a worker's tools want absolute paths. */
export async function openScratch(
  caller: Host,
  scripts: (project: string) => readonly Script[],
): Promise<Scratch> {
  if (caller.readOnly) {
    throw new CcError('NOT_ALLOWED', 'This server is read-only and starts no worker.', {
      hint: 'Start it without --read-only, or run `cc-orchestrator demo` in a shell.',
    });
  }
  const base = caller.env.TMPDIR || tmpdir();
  const root = await realpath(await mkdtemp(join(base, 'cc-demo-')));
  let model: LoopbackModel | undefined;
  try {
    const home = userHome({ CC_ORCHESTRATOR_HOME: join(root, 'cc') });
    const policy = await readPolicy(caller.home).catch(() => undefined);
    const claude = await requireClaude(caller.env, join(home.root, 'cache'), policy?.claude_path);
    const project = join(root, 'project');
    await mkdir(join(root, 'home'));
    await mkdir(join(root, 't'));
    await makePrivateDir(home.root);
    // Runs of one scratch place need not be spared a burst of starts.
    await writeFileAtomic(home.policy, 'start_interval_ms: 0\n');
    const token = `demo-${randomBase32(32)}`;
    model = await startLoopbackModel({ scripts: scripts(project), requireToken: token });
    const env = {
      ...environment(caller.env, root),
      CC_ORCHESTRATOR_HOME: home.root,
      CC_CLAUDE_PATH: claude.path,
      ...profile(model.url, token),
    };
    await copySample(project, env);
    const host: Host = {
      env,
      clock: caller.clock,
      home,
      supervisor: caller.supervisor,
      readOnly: false,
    };
    const place = resolvePlace({ cwd: project, env, processCwd: project });
    const open = { root, host, place, model };
    return { ...open, claude, token, close: (options = {}) => close(open, options.keep ?? false) };
  } catch (error) {
    await model?.close();
    await rm(root, { recursive: true, force: true });
    throw error;
  }
}

const NOWHERE = 'http://127.0.0.1:9';
const KEPT = /^(?:TERM|COLORTERM|LANG|LC_.*|TZ|SYSTEMROOT|SYSTEMDRIVE|WINDIR|COMSPEC|PATHEXT)$/i;

function environment(source: Environment, root: string): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(source)) {
    if (value !== undefined && KEPT.test(name)) kept[name] = value;
  }
  const home = join(root, 'home');
  // Short: a worker puts sockets below it, whose paths may have about 100 bytes.
  const tmp = join(root, 't');
  return {
    ...kept,
    // The worker's `node` is the one that runs us, whatever else is installed or not.
    PATH: [dirname(process.execPath), source.PATH ?? source.Path ?? ''].join(delimiter),
    HOME: home,
    // Whoever wants to reach anything but this machine meets a closed door.
    HTTP_PROXY: NOWHERE,
    HTTPS_PROXY: NOWHERE,
    NO_PROXY: '127.0.0.1,localhost',
    TMPDIR: tmp,
    ...(process.platform === 'win32' ? { USERPROFILE: home, TEMP: tmp, TMP: tmp } : {}),
  };
}

function profile(url: string, token: string): Record<string, string> {
  return {
    CC_PROFILE_DEMO_BASE_URL: url,
    CC_PROFILE_DEMO_AUTH_TOKEN: token,
    CC_PROFILE_DEMO_MODEL: SCRATCH_MODEL,
    CC_PROFILE_DEMO_LABEL: 'embedded model',
    CC_PROFILE_DEMO_PRICE_INPUT: String(SCRATCH_PRICE.input),
    CC_PROFILE_DEMO_PRICE_OUTPUT: String(SCRATCH_PRICE.output),
    CC_PROFILE_DEMO_PRICE_CACHE_READ: String(SCRATCH_PRICE.cache_read),
    CC_PROFILE_DEMO_PRICE_CACHE_WRITE: String(SCRATCH_PRICE.cache_write),
  };
}

type Open = Pick<Scratch, 'root' | 'host' | 'place' | 'model'>;

async function close({ root, host, place, model }: Open, keep: boolean): Promise<Leftovers> {
  const { workspace } = place;
  const never = new AbortController().signal;
  for (const run of await activeRuns(workspace)) {
    const options = { force: true, timeoutMs: STOP_MS, from: 'demo', signal: never };
    await stopRun(host, run, options).catch(() => undefined);
  }
  await model.close();
  const ids = await runIds(workspace);
  const processes = await endRemains(workspace, ids);
  if (keep) return { processes, paths: [] };
  const patient = { recursive: true, force: true, maxRetries: 10, retryDelay: 100 };
  await rm(root, patient).catch(() => undefined); // what is left is told
  return { processes, paths: (await exists(root)) ? [root] : [] };
}

/** A supervisor writes its last file after its run has ended, so a moment is allowed before the knife. */
async function endRemains(workspace: Workspace, ids: readonly string[]): Promise<number[]> {
  const supervisors = ids.flatMap((id) => topLease(runPaths(workspace, id).lease)?.holder ?? []);
  const living = () => [
    ...supervisors.filter(isAlive),
    ...ids.flatMap((id) => findByCookie(RUN_COOKIE, id)),
  ];
  const until = performance.now() + LEAVE_MS;
  while (living().length > 0 && performance.now() < until) await sleep(25);
  const late = living();
  for (const remaining of late) await killProcess(remaining);
  return late.map(({ pid }) => pid);
}

/** What the supervisors complained about last, for when one never got going. */
export async function supervisorComplaint({ host, place }: Open): Promise<string | undefined> {
  const lines: string[] = [];
  for (const id of await runIds(place.workspace)) {
    const log = await readFile(privateRunPaths(host.home, id).log, 'utf8').catch(() => '');
    lines.push(...log.split('\n').filter((line) => line.trim() !== ''));
  }
  const complaint = lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1);
  return complaint === undefined ? undefined : `Its supervisor says: ${oneLine(complaint, 300)}`;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
