import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sleep } from '../core/clock.ts';
import { CcError } from '../core/errors.ts';
import { arrayAt, stringAt } from '../core/json.ts';
import type { LoopbackModel } from '../loopback/index.ts';
import type { RunEvent } from '../runs/events.ts';
import { type FoundRun, findRun } from '../runs/find.ts';
import { followRun } from '../runs/follow.ts';
import { launchRun } from '../runs/launch.ts';
import { pollRun } from '../runs/poll.ts';
import { waitForRuns } from '../runs/wait.ts';
import { readJson } from '../store/atomic.ts';
import { runPaths } from '../workspace/layout.ts';
import type { WritingEvidence } from './evidence.ts';
import { SCRATCH_PROFILE, type Scratch } from './scratch.ts';
import { INSIDE, OUTSIDE, PAUSE, TASKS } from './selftest-scripts.ts';

const TICK_MS = 250;
/** Usually 1 s. */
const HELD_BY_MS = 30_000;

/** Runs a writing worker, holds its model half-way, looks at it from every side, and lets it end. */
export async function tryWriting(scratch: Scratch, signal: AbortSignal): Promise<WritingEvidence> {
  const { host, place, model, token } = scratch;
  const before = host.clock.monotonic();
  const { record } = await launchRun(host, place, {
    task: TASKS.writing,
    profile: SCRATCH_PROFILE,
    allowWrite: true,
    scope: { paths: ['src/**'] },
    budget: { wall_seconds: 60 },
    client: 'selftest',
  });
  const launch_ms = Math.round(host.clock.monotonic() - before);
  const { run_id } = record;
  const run = { workspace: place.workspace, paths: runPaths(place.workspace, run_id), record };
  const poll = (cursor?: string) => pollRun(host, place.workspace, run_id, cursor);

  const events: RunEvent[] = [];
  const giveUp = new AbortController();
  const watching = AbortSignal.any([signal, giveUp.signal]);
  const following = collect(followRun(host, run, { tickMs: TICK_MS, signal: watching }), events);
  try {
    await held(model, following);
  } catch (error) {
    giveUp.abort();
    await following.catch(() => undefined);
    throw error;
  }
  await settled(events, signal);
  const first_poll = await poll();
  const idle_poll = await poll(first_poll.cursor);
  const seen_while_held = { tools: toolsIn(events), state: first_poll.state };

  const waitFrom = host.clock.monotonic();
  const waiting = waitForRuns(host, {
    runs: [run],
    until: 'all',
    cursor: undefined,
    timeoutMs: 60_000,
    signal,
  });
  model.release(PAUSE);
  const { reason, changed } = await waiting;
  const wait = {
    reason,
    ended: changed.map((view) => view.run_id),
    ms: Math.round(host.clock.monotonic() - waitFrom),
  };
  await following;
  return {
    launch_ms,
    record: (await findRun(host, run_id, place.workspace)).record,
    events,
    seen_while_held,
    first_poll,
    idle_poll,
    last_poll: await poll(idle_poll.cursor),
    wait,
    declared: model.tokensServed('writing'),
    answer: (await textOf(run.paths.stdout)) ?? '',
    inside: await textOf(join(place.cwd, INSIDE.file)),
    outside: await textOf(join(place.cwd, OUTSIDE)),
    ...(await changes(run)),
    secrets: await searchFor(token, run.paths.dir, events),
  };
}

async function collect(pages: AsyncIterable<RunEvent[]>, into: RunEvent[]): Promise<void> {
  for await (const page of pages) into.push(...page);
}

/** Waits until the model holds its second answer, or the run is over without having asked for it. */
async function held(model: LoopbackModel, following: Promise<void>): Promise<void> {
  let over = false;
  const done = () => {
    over = true;
  };
  following.then(done, done);
  const until = performance.now() + HELD_BY_MS;
  while (!over && !model.requests.some((one) => one.state === 'held' && one.hold === PAUSE)) {
    if (performance.now() > until) {
      throw new CcError('TIMED_OUT', `The worker got nowhere within ${HELD_BY_MS / 1000} s.`);
    }
    await sleep(20);
  }
}

/** Waits until events have stopped coming, so that the next poll can be an idle one. */
async function settled(events: readonly RunEvent[], signal: AbortSignal): Promise<void> {
  for (let seen = -1; seen !== events.length && !signal.aborted; ) {
    seen = events.length;
    await sleep(2 * TICK_MS, signal);
  }
}

function toolsIn(events: readonly RunEvent[]): string[] {
  return events
    .filter((event) => event.type === 'cc.tool.used')
    .map((event) => stringAt(event, 'tool') ?? '');
}

async function changes({ paths }: FoundRun): Promise<{ changed: string[]; patch: string }> {
  const files = arrayAt(await readJson(paths.changedFiles), 'files');
  return {
    changed: files.map((file) => stringAt(file, 'path') ?? ''),
    patch: (await textOf(paths.diff)) ?? '',
  };
}

/** Every file of the run's folder, byte for byte. */
async function searchFor(
  token: string,
  folder: string,
  events: readonly RunEvent[],
): Promise<WritingEvidence['secrets']> {
  const found_in: string[] = [];
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  for (const file of files) {
    const text = await readFile(join(file.parentPath, file.name), 'latin1');
    if (text.includes(token)) found_in.push(file.name);
  }
  const redacted = events.some((event) => stringAt(event, 'text')?.includes('[redacted]'));
  return { token, files_read: files.length, found_in, redacted };
}

export async function textOf(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch(() => null);
}
