import { isAbsolute } from 'node:path';
import { sleep } from '../core/clock.ts';
import { CcError, toErrorFacts } from '../core/errors.ts';
import { compact } from '../core/json.ts';
import { redact } from '../core/redact.ts';
import { oneLine, truncate } from '../core/text.ts';
import { runCommand } from '../proc/command.ts';
import { allowedEnvironment, type Environment } from '../proc/env.ts';
import type { Host } from '../workspace/host.ts';
import { markWoken, type Note, notesAbout, type WakeTarget } from './outbox.ts';
import type { RunRequest } from './plan.ts';
import type { RunRecord } from './record.ts';

/** A controller that is waiting gets its answer first; only an idle one has to be woken. */
export const GRACE_MS = 2000;
/** Measured: 0.1 s for a thread at rest, 10 s for one in an app server (codex-cli.md §A7). */
const QUEUE_MS = 30_000;

/** Why a controller is woken. */
export type WakeReason = 'ended' | 'question';
/** What came of it, for `cc.controller.woken`. */
export type WakeFacts = {
  thread: string;
  reason: WakeReason;
  outcome: 'queued' | 'already_told' | 'failed';
  detail?: string;
};

/** How to wake the Codex thread that launches a run, where it (or the policy) asks for that. */
export function wakeTarget(
  env: Environment,
  {
    wake,
    client,
    threadId,
    codexPath,
  }: Pick<RunRequest, 'wake' | 'client' | 'threadId' | 'codexPath'>,
  byPolicy: boolean,
): WakeTarget | undefined {
  if (!(wake ?? byPolicy)) return undefined;
  if (threadId === undefined || !client?.startsWith('codex')) {
    if (wake !== true) return undefined;
    throw new CcError('BAD_INPUT', 'Only a Codex thread can be woken.', {
      hint: 'Leave wake out; wait with cc_wait_runs, or with `cc-orchestrator wait` in a shell.',
    });
  }
  return {
    thread: threadId,
    codex: codexPath !== undefined && isAbsolute(codexPath) ? codexPath : 'codex',
    ...compact({ codex_home: codexHome(env) }),
  };
}

/** Codex does not hand CODEX_HOME on, but a directory below it leads its PATH (codex-cli.md §A2). */
function codexHome(env: Environment): string | undefined {
  if (env.CODEX_HOME) return env.CODEX_HOME;
  return /(?:^|:)(\/[^:]+)\/tmp\/arg0[^:/]*\/[^:/]+(?=:|$)/.exec(env.PATH ?? '')?.[1];
}

/**
 * Wakes whoever asked for it at launch and has not been told yet: the message becomes the next turn of
 * an idle thread. Never throws, and whatever goes wrong is in the facts. A kill before the note is
 * marked means that it is done again: at least once.
 */
export async function wakeControllers(
  host: Host,
  record: RunRecord,
  reason: WakeReason,
  journal: (facts: WakeFacts) => void,
): Promise<void> {
  try {
    if ((await pending(host, record.run_id)).length === 0) return;
    await sleep(GRACE_MS);
    for (const { note, wake } of await pending(host, record.run_id)) {
      const facts = await wakeOne(host, record, reason, note, wake);
      journal(facts);
      if (reason === 'ended') await markWoken(note);
    }
  } catch {
    // The run has ended and is told of by everything else; this is a courtesy.
  }
}

/** True when an ended run still has somebody to wake. */
export async function hasToWake(host: Host, runId: string): Promise<boolean> {
  return (await pending(host, runId)).length > 0;
}

async function pending(host: Host, runId: string): Promise<{ note: Note; wake: WakeTarget }[]> {
  const notes = await notesAbout(host, runId);
  return notes.flatMap((note) => (note.wake && !note.woken ? [{ note, wake: note.wake }] : []));
}

async function wakeOne(
  host: Host,
  record: RunRecord,
  reason: WakeReason,
  note: Note,
  target: WakeTarget,
): Promise<WakeFacts> {
  const { thread } = target;
  if (reason === 'ended' && note.told_by !== undefined)
    return { thread, reason, outcome: 'already_told' };
  return { thread, reason, ...(await queueMessage(host, target, wakeMessage(record, reason))) };
}

/** Makes a message the next turn of a Codex thread. Never throws. */
export async function queueMessage(
  host: Host,
  { thread, codex, codex_home }: WakeTarget,
  message: string,
): Promise<{ outcome: 'queued' | 'failed'; detail?: string }> {
  try {
    const result = await runCommand(codex, ['queue', '--thread', thread, '--message', message], {
      cwd: host.home.root,
      env: {
        ...allowedEnvironment(host.env),
        ...(codex_home === undefined ? {} : { CODEX_HOME: codex_home }),
      },
      timeoutMs: QUEUE_MS,
    });
    if (result.exitCode === 0) return { outcome: 'queued' };
    const said = result.timedOut ? `no answer in ${QUEUE_MS / 1000} s` : result.stderr;
    return { outcome: 'failed', detail: detailOf(said) };
  } catch (error) {
    return { outcome: 'failed', detail: detailOf(toErrorFacts(error).message) };
  }
}

function detailOf(text: string): string {
  return redact(oneLine(text, 300));
}

/** What the controller reads; nothing of it is a worker's words. */
function wakeMessage(record: RunRecord, reason: WakeReason): string {
  const { run_id, state } = record;
  const what = reason === 'ended' ? `has ended: ${state}` : 'needs an answer';
  return `cc-orchestrator: your worker run ${run_id} (${truncate(record.title, 60)}) ${what}. cc_wait_runs tells what happened; cc_last_run with this run_id reads the result.`;
}
