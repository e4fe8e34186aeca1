import { existsSync } from 'node:fs';
import * as z from 'zod';
import { toErrorFacts } from '../core/errors.ts';
import { isId } from '../core/ids.ts';
import { isFinal } from '../core/vocabulary.ts';
import { livingCookies } from '../proc/tree.ts';
import { RUN_COOKIE } from '../workers/claude/environment.ts';
import { knownWorkspaces, privateRunPaths } from '../workspace/home.ts';
import type { Host } from '../workspace/host.ts';
import { runPaths, type Workspace, workspaceAt } from '../workspace/layout.ts';
import { lookAtMove, storedMove } from './fallback/look.ts';
import type { FoundRun } from './find.ts';
import { completeLedger } from './ledger.ts';
import { allNotes, forget, isStale, type Note } from './outbox.ts';
import { hasRecord, type RunRecord, readRecord } from './record.ts';
import { mayRecover, startSuccessor } from './recover.ts';
import { asOwner, endLeftovers, endProcesses, recoverRun } from './recover-run.ts';
import { runIds } from './run-ids.ts';
import { activeSlots, freeSlot, restoreSlot } from './slots.ts';
import { SUPERVISOR_COOKIE } from './start-supervisor.ts';

export const recoveryReport = z.object({
  /** Runs something was done about; a run that goes on as it should is not among them. */
  runs: z.array(
    z.object({
      run_id: z.string(),
      /** `cleaned`: processes of a run that was over. `unreadable`: its record is lost. */
      did: z.enum([
        'supervised',
        'ended',
        'still_starting',
        'cleaned',
        'moved',
        'unreadable',
        'failed',
      ]),
      moved_to: z.string().optional(),
      processes_ended: z.number().optional(),
      error: z.string().optional(),
    }),
  ),
  /** Runs that go on and that nothing had to be done about. */
  healthy: z.number(),
  /** Runs and workers of another user home; they are not ours to touch. */
  left_alone: z.number(),
});
export type RecoveryReport = z.infer<typeof recoveryReport>;
type Step = RecoveryReport['runs'][number];

/** Several supervisors starting at once are slower than one after the other. */
const AT_ONCE = 4;

/**
 * One pass over everything of this user that may have lost its supervisor: each run gets a new one or
 * is ended, and processes of runs that are over are ended. It finds runs by the index of active ones,
 * by what is still to be told, and by the cookies of living processes; in `thorough` also by a look
 * into every run of that workspace. Safe at any time and from several places at once.
 */
export async function recoverAll(
  host: Host,
  options: { thorough?: Workspace | undefined; signal: AbortSignal },
): Promise<RecoveryReport> {
  const pass = new Pass(host, options.signal);
  const workspaces = (await knownWorkspaces(host.home)).map(workspaceAt);
  const cookies = new Set([...livingCookies(RUN_COOKIE), ...livingCookies(SUPERVISOR_COOKIE)]);
  for (const workspace of workspaces) {
    // One that cannot be read at the moment must not keep the others from it.
    const slots = await activeSlots(workspace).catch(() => []);
    for (const slot of slots) pass.add(workspace, slot.run_id);
    for (const runId of cookies) {
      if (isId(runId, 'run') && hasRecord(runPaths(workspace, runId))) pass.add(workspace, runId);
    }
  }
  for (const note of await allNotes(host)) pass.addNote(note);
  for (const runId of await unfinished(options.thorough)) pass.add(options.thorough, runId);
  await pass.run(cookies);
  for (const workspace of workspaces) {
    const thorough = workspace.root === options.thorough?.root;
    await completeLedger(host, workspace, { thorough }).catch(() => undefined);
  }
  return pass.report;
}

class Pass {
  readonly report: RecoveryReport = { runs: [], healthy: 0, left_alone: 0 };
  readonly #host: Host;
  readonly #signal: AbortSignal;
  readonly #candidates = new Map<string, Workspace>();
  readonly #notes = new Map<string, Note[]>();

  constructor(host: Host, signal: AbortSignal) {
    this.#host = host;
    this.#signal = signal;
  }

  add(workspace: Workspace | undefined, runId: string): void {
    if (workspace !== undefined) this.#candidates.set(runId, workspace);
  }

  addNote(note: Note): void {
    this.add(workspaceAt(note.workspace), note.run_id);
    this.#notes.set(note.run_id, [...(this.#notes.get(note.run_id) ?? []), note]);
  }

  async run(cookies: ReadonlySet<string>): Promise<void> {
    const queue = [...this.#candidates];
    const workOff = async () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const [runId, workspace] = next;
        await this.#look(runId, workspace, cookies.has(runId));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, workOff));
    // Where no known workspace has its record, nothing tells who is in charge of a worker.
    this.report.left_alone += [...cookies].filter((id) => !this.#candidates.has(id)).length;
  }

  async #look(runId: string, workspace: Workspace, hasProcesses: boolean): Promise<void> {
    const paths = runPaths(workspace, runId);
    try {
      const record = await readRecord(paths, runId);
      const run = { workspace, paths, record };
      if (isFinal(record.state)) {
        await this.#forgetOldNotes(run);
        if (hasProcesses) await this.#clean(run);
        if (this.#hasToWake(runId)) await startSuccessor(this.#host, record);
        await this.#move(run);
      } else if (!this.#isOurs(record)) this.report.left_alone += 1;
      else await this.#recover(run);
    } catch (error) {
      const { code, message } = toErrorFacts(error);
      if (code === 'STORAGE_CORRUPT') await this.#unreadable(runId, workspace);
      else if (code !== 'RUN_NOT_FOUND') this.#did(runId, { did: 'failed', error: message });
    }
  }

  #hasToWake(runId: string): boolean {
    const notes = this.#notes.get(runId) ?? [];
    return notes.some((note) => note.wake !== undefined && !note.woken);
  }

  /** Of a controller that never asks again. */
  async #forgetOldNotes({ record }: FoundRun): Promise<void> {
    if (!isStale(this.#host, record.ended ?? record.created)) return;
    for (const note of this.#notes.get(record.run_id) ?? []) await forget(note);
  }

  async #recover(run: FoundRun): Promise<void> {
    const { run_id } = run.record;
    await restoreSlot(run.workspace, run.record);
    const did = await recoverRun(this.#host, run, this.#signal);
    if (did === 'fine') this.report.healthy += 1;
    else this.#did(run_id, { did });
  }

  /** Its provider failed, and nobody has looked at it since. */
  async #move(run: FoundRun): Promise<void> {
    if ((await storedMove(run)) !== undefined) return;
    const move = await lookAtMove(this.#host, run);
    if (move?.did !== 'moved') return;
    this.#did(run.record.run_id, { did: 'moved', moved_to: move.to.run_id });
  }

  async #clean(run: FoundRun): Promise<void> {
    const processes_ended = await endLeftovers(run);
    if (processes_ended > 0) this.#did(run.record.run_id, { did: 'cleaned', processes_ended });
  }

  /** Neither record nor copy: nobody can carry it on, so nothing of it may go on. */
  async #unreadable(runId: string, workspace: Workspace): Promise<void> {
    if (!this.#hasPrivateFiles(runId)) return;
    const paths = runPaths(workspace, runId);
    // A living supervisor has the record in memory and will write it again.
    await asOwner({ paths }, async () => {
      const processes_ended = await endProcesses(runId);
      await freeSlot(workspace, runId);
      this.#did(runId, { did: 'unreadable', processes_ended });
    });
  }

  #isOurs(record: RunRecord): boolean {
    if (record.home === undefined) return this.#hasPrivateFiles(record.run_id);
    return mayRecover(this.#host, record);
  }

  /** What another user home started has its private files there. */
  #hasPrivateFiles(runId: string): boolean {
    return existsSync(privateRunPaths(this.#host.home, runId).dir);
  }

  #did(runId: string, step: Omit<Step, 'run_id'>): void {
    this.report.runs.push({ run_id: runId, ...step });
  }
}

/** Runs of a workspace that are not over, whatever the index says: only they have a second copy. */
async function unfinished(workspace: Workspace | undefined): Promise<string[]> {
  if (workspace === undefined) return [];
  const all = await runIds(workspace);
  return all.filter((runId) => existsSync(runPaths(workspace, runId).spareMetadata));
}
