import { sleep } from '../../src/core/clock.ts';
import { identityOf, type ProcessIdentity } from '../../src/proc/identity.ts';
import type { FoundRun } from '../../src/runs/find.ts';
import { LabServer } from '../support/server.ts';
import { command } from './faces.ts';
import type { Injected } from './injector.ts';
import type { Fault, Launcher } from './plan.ts';
import { strike, thaw } from './processes.ts';
import type { Stage } from './stage.ts';

const PROFILE = 'env:lab';
const ATTEMPTS = 8;
const RECORDED_MS = 90_000;

/**
 * Starts the run of a stage the way a controller does: again with the same key when the answer did
 * not come, because whoever should have given it was killed.
 */
export class Launch {
  /** What is just launching; undefined where it is this process itself. */
  process: ProcessIdentity | undefined;
  /** Ids the launcher was told, the same each time. */
  readonly told = new Set<string>();
  readonly finished: Promise<void>;
  readonly #stage: Stage;

  constructor(stage: Stage, launcher: Launcher, wallSeconds: number) {
    this.#stage = stage;
    this.finished = this.#launch(launcher, wallSeconds);
    // Whoever waits for it is told; until then it is no unhandled failure.
    this.finished.catch(() => undefined);
  }

  /** The run as soon as it is recorded, which is before the launcher says so. */
  async recorded(): Promise<FoundRun> {
    const { lab } = this.#stage;
    return lab.until(
      async () => (await this.#stage.recordedRuns())[0],
      'the run to be recorded',
      RECORDED_MS,
    );
  }

  /** Kills or freezes the launcher while it launches; undefined when it is not there (any more). */
  async hit(fault: Fault): Promise<Injected | undefined> {
    if (fault.what !== 'kill' && fault.what !== 'freeze') return undefined;
    await sleep(fault.when.ms);
    const target = this.process;
    if (!strike(target, fault.what === 'kill' ? 'SIGKILL' : 'SIGSTOP')) return undefined;
    if (fault.what === 'freeze' && target !== undefined) {
      setTimeout(() => thaw(target), fault.thawMs ?? 0);
    }
    const ms = Math.round(performance.now() - this.#stage.openedAt);
    return { what: `${fault.what} launcher`, at: 'launch', ms };
  }

  async #launch(launcher: Launcher, wallSeconds: number): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const runId = await LAUNCHERS[launcher](this, this.#stage, wallSeconds).catch(
        (error: unknown) => {
          if (attempt === ATTEMPTS) throw error;
        },
      );
      this.process = undefined;
      if (runId !== undefined) this.told.add(runId);
      if (runId !== undefined) return;
      if (attempt === ATTEMPTS) throw new Error('the run could not be launched');
      await sleep(50);
    }
  }
}

const KEY = 'the-one-task';

type Launching = (launch: Launch, stage: Stage, wallSeconds: number) => Promise<string | undefined>;

const LAUNCHERS: Record<Launcher, Launching> = {
  library: async (_launch, { lab, story, host }, wallSeconds) => {
    const request = {
      ...story.request,
      profile: PROFILE,
      idempotencyKey: KEY,
      budget: { wall_seconds: wallSeconds },
    };
    return (await lab.launch(request, host)).record.run_id;
  },
  cli: async (launch, { lab, story: { request } }, wallSeconds) => {
    const started = command(
      lab,
      'run-streaming-agent',
      request.task,
      `--profile=${PROFILE}`,
      `--idempotency-key=${KEY}`,
      `--budget-wall-seconds=${wallSeconds}`,
      ...(request.allowWrite ? ['--allow-write'] : []),
      ...(request.scope?.paths ?? []).map((glob) => `--scope-paths=${glob}`),
      ...(request.scope?.commands ?? []).map((text) => `--scope-commands=${text}`),
    );
    launch.process = started.process;
    return idIn(await started.answer);
  },
  server: async (launch, { lab, story: { request } }, wallSeconds) => {
    const server = LabServer.prepare(lab);
    try {
      const connected = server.connect();
      launch.process = identityOf(server.pid);
      await connected;
      return idIn(
        await server.call('cc_run_streaming_agent', {
          task: request.task,
          profile: PROFILE,
          idempotency_key: KEY,
          budget: { wall_seconds: wallSeconds },
          allow_write: request.allowWrite,
          ...(request.scope === undefined ? {} : { scope: request.scope }),
        }),
      );
    } finally {
      server.kill();
    }
  },
};

function idIn(answer: Record<string, unknown> | undefined): string | undefined {
  return typeof answer?.run_id === 'string' ? answer.run_id : undefined;
}
