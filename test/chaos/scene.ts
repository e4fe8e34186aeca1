import { existsSync } from 'node:fs';
import { sleep } from '../../src/core/clock.ts';
import { latestEntries } from '../../src/ledger/query.ts';
import { verifyLedger } from '../../src/ledger/verify.ts';
import type { FoundRun } from '../../src/runs/find.ts';
import type { RunRecord } from '../../src/runs/record.ts';
import { Follower } from './faces.ts';
import { type Injected, Injector } from './injector.ts';
import { Instructor } from './instructor.ts';
import { type Breach, breaches } from './invariants.ts';
import { Launch } from './launch.ts';
import { AMPLE_SECONDS, type Fault, type Scene } from './plan.ts';
import { strike, supervisorsOf, workerTree } from './processes.ts';
import { recover } from './recovery.ts';
import { isOver, peek, Stage } from './stage.ts';
import { SCRIPT } from './story.ts';

/** Beyond the wall budget: what a supervisor may take to end a run that it is ending. */
const END_MS = 90_000;
const LEAVE_MS = 30_000;
const LOOK_EVERY_MS = 20;

export type Played = {
  scene: Scene;
  injected: Injected[];
  missed: number;
  state: string;
  /** How much there was to lose. */
  counts: { lines: number; modelCalls: number; instructions: number };
  breaches: Breach[];
  /** Where everything about it is kept; only of a scene that went wrong. */
  folder: string | undefined;
  /** What the harness itself could not do. */
  error: string | undefined;
};

/** Plays one scene to its end and judges it. */
export async function playScene(scene: Scene): Promise<Played> {
  const stage = await Stage.open(scene);
  const played: Played = {
    scene,
    injected: [],
    missed: 0,
    state: 'none',
    counts: { lines: 0, modelCalls: 0, instructions: 0 },
    breaches: [],
    folder: undefined,
    error: undefined,
  };
  try {
    await play(stage, scene, played);
  } catch (error) {
    played.error = error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
  const keep = played.breaches.length > 0 || played.error !== undefined;
  if (keep) played.folder = stage.lab.dir;
  await stage.close({ keep });
  return played;
}

async function play(stage: Stage, scene: Scene, played: Played): Promise<void> {
  const launch = new Launch(stage, scene.launcher, scene.wallSeconds);
  const atLauncher = scene.faults.filter((fault) => isAtLauncher(fault));
  for (const fault of atLauncher) {
    const injected = await launch.hit(fault);
    if (injected === undefined) played.missed += 1;
    else played.injected.push(injected);
  }
  const run = await launch.recorded();
  stage.keep(run);
  const followers = scene.followers.map((kind) => new Follower(stage.lab, run.record.run_id, kind));
  const instructor = new Instructor(stage, run, scene.instructions);
  const injector = new Injector(stage, run, launch, followers);
  try {
    for (const fault of scene.faults.filter((one) => !isAtLauncher(one))) {
      if (!(await injector.inject(fault))) played.missed += 1;
    }
    await Promise.all([launch.finished, instructor.finished]);
    await injector.settle();
  } finally {
    await Promise.all(followers.map((follower) => follower.close()));
    played.injected.push(...injector.done);
  }
  // From here on nobody looks at the run but the one recovery.
  await recover(stage, run, scene.recovery);
  await waitUntil(() => isOver(run), scene.wallSeconds * 1000 + END_MS);
  const sceneMs = performance.now() - stage.openedAt;
  const { run_id } = run.record;
  const worker = workerTree(run_id);
  await waitUntil(() => supervisorsOf(run_id).length === 0, LEAVE_MS);
  const supervisors = supervisorsOf(run_id);
  const record = peek(run) ?? run.record;
  played.state = record.state;
  const events = existsSync(run.paths.events) ? stage.lab.events(run) : [];
  const streams = stage.rawStreams;
  const recorded = await stage.recordedRuns();
  const told = instructor.told(events);
  played.counts = {
    lines: streams.reduce((sum, { lines }) => sum + lines.length, 0),
    modelCalls: stage.lab.model.requestsFor(SCRIPT).length,
    instructions: told.length,
  };
  played.breaches = breaches({
    record,
    events,
    told,
    streams,
    missing: stage.story.missing(),
    conversations: conversationsOf(stage),
    runs: [...new Set([...launch.told, ...recorded.map(({ record: { run_id } }) => run_id)])],
    left: { worker, supervisors },
    rawLeft: stage.rawLeft(run),
    ledger: await ledgerOf(stage, run),
    unharmed: !injector.stopAsked && isUnharmed(scene, played.injected, record),
    sceneMs,
  });
  for (const supervisor of supervisors) strike(supervisor, 'SIGKILL');
}

async function ledgerOf(stage: Stage, { workspace, record }: FoundRun) {
  const { problems } = await verifyLedger(stage.lab.host(), workspace);
  const filter = { subject: record.run_id, kind: 'end' };
  return {
    problems: problems.map(({ line, text }) => `line ${line}: ${text}`),
    ends: latestEntries(workspace, filter, { limit: 10 }).entries.length,
  };
}

function isAtLauncher(fault: Fault): boolean {
  return 'target' in fault && fault.target === 'launcher';
}

/** Three workers that were given up before they took up the task end a run honestly, too. */
function isUnharmed(scene: Scene, injected: readonly Injected[], record: RunRecord): boolean {
  // Its time is tight for a worker that stays frozen; a busy machine may need it for the task alone.
  if (scene.wallSeconds < AMPLE_SECONDS && record.state === 'timed_out') return false;
  if (record.outcome?.failure.evidence.some((text) => /workers in a row/.test(text))) return false;
  return !injected.some(({ what }) => / worker$|^disk/.test(what));
}

function conversationsOf(stage: Stage): Record<string, number[]> {
  const conversations: Record<string, number[]> = {};
  for (const { conversation = '', step = -1 } of stage.lab.model.requestsFor(SCRIPT)) {
    conversations[conversation] = [...(conversations[conversation] ?? []), step];
  }
  return conversations;
}

async function waitUntil(holds: () => boolean, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!holds() && performance.now() < deadline) await sleep(LOOK_EVERY_MS);
}
