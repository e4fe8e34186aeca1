import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/core/clock.ts';
import { isFinal } from '../../src/core/vocabulary.ts';
import { type LoopbackModel, type Script, startLoopbackModel } from '../../src/loopback/index.ts';
import { isAlive, type ProcessIdentity } from '../../src/proc/identity.ts';
import { findByCookie } from '../../src/proc/tree.ts';
import type { RunEvent } from '../../src/runs/events.ts';
import { type FoundRun, findRun } from '../../src/runs/find.ts';
import { launchRun } from '../../src/runs/launch.ts';
import type { RunRequest } from '../../src/runs/plan.ts';
import { lookAt } from '../../src/runs/view.ts';
import { topLease } from '../../src/store/lease.ts';
import { RUN_COOKIE } from '../../src/workers/claude/environment.ts';
import { userHome } from '../../src/workspace/home.ts';
import type { Host } from '../../src/workspace/host.ts';
import { runPaths } from '../../src/workspace/layout.ts';
import { type Place, resolvePlace } from '../../src/workspace/resolve.ts';
import { LEAVING_MS, PATIENCE_MS, until } from './patience.ts';
import { removeTree } from './remove-tree.ts';

export const REPOSITORY = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const CLAUDE = join(REPOSITORY, 'node_modules/@anthropic-ai/claude-code/bin/claude.exe');
export const TOKEN = 'lab-token-3f9c1e7a5b';

/** A scratch project, a scratch user home, a loopback model, and a profile that leads to it. */
export class Lab {
  readonly dir: string;
  readonly project: string;
  readonly model: LoopbackModel;
  readonly env: Record<string, string>;
  readonly runs: string[] = [];

  private constructor(dir: string, model: LoopbackModel) {
    this.dir = dir;
    this.model = model;
    this.project = join(dir, 'project');
    this.env = {
      HOME: join(dir, 'home'),
      PATH: process.env.PATH ?? '/usr/bin:/bin',
      TERM: 'dumb',
      TMPDIR: join(dir, 'tmp'),
      CC_CLAUDE_PATH: CLAUDE,
      CC_PROFILE_LAB_BASE_URL: model.url,
      CC_PROFILE_LAB_AUTH_TOKEN: TOKEN,
      CC_PROFILE_LAB_MODEL: 'lab-model-1',
      CC_PROFILE_LAB_PRICE_INPUT: '1',
      CC_PROFILE_LAB_PRICE_OUTPUT: '10',
    };
    for (const path of [this.project, this.env.HOME, this.env.TMPDIR]) {
      if (path !== undefined) mkdirSync(path, { recursive: true });
    }
  }

  static async open(
    scripts: readonly Script[],
    options: { git?: boolean; tokens?: readonly string[] } = {},
  ): Promise<Lab> {
    const requireToken = [TOKEN, ...(options.tokens ?? [])];
    const model = await startLoopbackModel({ scripts, requireToken });
    const lab = new Lab(mkdtempSync(join(tmpdir(), 'cc-lab-')), model);
    lab.write('README.md', 'A scratch project.\n');
    if (options.git !== false) lab.git('init', '-q');
    if (options.git !== false) lab.commit();
    return lab;
  }

  /** A second profile, `env:<name>`, that leads to the same model or another one. */
  addProfile(name: string, url = this.model.url, token = TOKEN): void {
    const prefix = `CC_PROFILE_${name.toUpperCase()}`;
    this.env[`${prefix}_BASE_URL`] = url;
    this.env[`${prefix}_AUTH_TOKEN`] = token;
    this.env[`${prefix}_MODEL`] = `${name}-model`;
  }

  host(overrides: Partial<Host> = {}): Host {
    return {
      env: this.env,
      clock: systemClock,
      home: userHome(this.env),
      supervisor: { file: process.execPath, args: [join(REPOSITORY, 'dist/supervisor.js')] },
      readOnly: false,
      ...overrides,
    };
  }

  place(directory = ''): Place {
    return resolvePlace({ cwd: join(this.project, directory), env: this.env, processCwd: '/' });
  }

  path(name: string): string {
    return join(this.project, name);
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
  }

  read(name: string): string | undefined {
    return existsSync(this.path(name)) ? readFileSync(this.path(name), 'utf8') : undefined;
  }

  git(...args: string[]): string {
    return execFileSync('git', args, {
      cwd: this.project,
      encoding: 'utf8',
      env: {
        PATH: this.env.PATH ?? '',
        HOME: this.env.HOME ?? '',
        GIT_AUTHOR_NAME: 'lab',
        GIT_AUTHOR_EMAIL: 'lab@example.invalid',
        GIT_COMMITTER_NAME: 'lab',
        GIT_COMMITTER_EMAIL: 'lab@example.invalid',
      },
    });
  }

  /** The user's policy.yaml. */
  writePolicy(text: string): void {
    const { policy } = userHome(this.env);
    mkdirSync(dirname(policy), { recursive: true });
    writeFileSync(policy, text);
  }

  /** The user's profiles.yaml. */
  writeProfiles(text: string): void {
    const { profiles } = userHome(this.env);
    mkdirSync(dirname(profiles), { recursive: true, mode: 0o700 });
    writeFileSync(profiles, text, { mode: 0o600 });
  }

  commit(): void {
    this.git('add', '-A');
    this.git('commit', '-qm', 'state');
  }

  async launch(request: RunRequest, host = this.host(), directory = ''): Promise<FoundRun> {
    const { record } = await launchRun(host, this.place(directory), request);
    this.runs.push(record.run_id);
    return this.find(record.run_id);
  }

  find(runId: string): Promise<FoundRun> {
    return findRun(this.host(), runId, this.place().workspace);
  }

  /** The run once it is final, looked at the way any face would (so recovery happens). */
  async ended(run: FoundRun, timeoutMs = PATIENCE_MS): Promise<FoundRun> {
    return this.until(
      async () => {
        const current = await this.find(run.record.run_id);
        await lookAt(this.host(), current);
        return isFinal(current.record.state) ? current : undefined;
      },
      `run ${run.record.run_id} to end`,
      timeoutMs,
    );
  }

  events(run: FoundRun): RunEvent[] {
    if (!existsSync(run.paths.events)) return [];
    return readFileSync(run.paths.events, 'utf8')
      .split('\n')
      .slice(1)
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as RunEvent);
  }

  async event(run: FoundRun, type: string, count = 1): Promise<RunEvent> {
    return this.until(async () => {
      if (!existsSync(run.paths.events)) return undefined;
      return this.events(run).filter((event) => event.type === type)[count - 1];
    }, `event ${type}`);
  }

  supervisor(run: FoundRun): ProcessIdentity {
    const top = topLease(run.paths.lease);
    if (top === undefined) throw new Error('no supervisor yet');
    return top.holder;
  }

  /** Living processes of a run, found by its cookie. */
  processes(runId: string): ProcessIdentity[] {
    return findByCookie(RUN_COOKIE, runId);
  }

  until<T>(look: () => Promise<T | undefined>, what: string, timeoutMs?: number): Promise<T> {
    return until(look, what, timeoutMs);
  }

  /** A supervisor tidies up for a moment after its run has ended. */
  async #supervisorsGone(): Promise<void> {
    const holders = this.runs.flatMap((runId) => {
      const top = topLease(runPaths(this.place().workspace, runId).lease);
      return top === undefined ? [] : [top.holder];
    });
    const gone = async () => holders.every((holder) => !isAlive(holder)) || undefined;
    await this.until(gone, 'the supervisors to leave', LEAVING_MS).catch(() => undefined);
  }

  /** Ends what is left; answers the processes that were, which a test should find to be none. */
  async close({ keep = false } = {}): Promise<ProcessIdentity[]> {
    await this.model.close();
    await this.#supervisorsGone();
    const left = this.runs.flatMap((runId) => this.processes(runId));
    for (const { pid } of left) process.kill(pid, 'SIGKILL');
    if (keep) return left;
    // Not the synchronous one: it does not wait between its attempts while somebody still tidies up.
    await removeTree(this.dir);
    return left;
  }
}

/** Every complete line of the worker's stdout has exactly one event, in order, without gaps. */
export function rawCoverage(events: readonly RunEvent[]): string[] {
  const problems: string[] = [];
  let expected = 0;
  for (const event of events) {
    if (event.type === 'cc.worker.started') expected = 0;
    if (event.raw === undefined) continue;
    if (event.raw[0] !== expected)
      problems.push(`seq ${event.seq}: ${event.raw[0]} after ${expected}`);
    expected = event.raw[1];
  }
  events.forEach((event, index) => {
    if (event.seq !== index + 1) problems.push(`seq ${event.seq} at place ${index + 1}`);
  });
  return problems;
}
