import { isStorageFull, toErrorFacts } from '../core/errors.ts';
import { isId } from '../core/ids.ts';
import { compact } from '../core/json.ts';
import { oneLine } from '../core/text.ts';
import { isFinal } from '../core/vocabulary.ts';
import { appendEntry } from '../ledger/append.ts';
import type { Actor } from '../ledger/entry.ts';
import { openDispatches } from '../ledger/open.ts';
import { writeReceipt } from '../ledger/receipt.ts';
import { actualModels } from '../ledger/statement.ts';
import { isAlive } from '../proc/identity.ts';
import type { Host } from '../workspace/host.ts';
import { runPaths, type Workspace, workspaceAt } from '../workspace/layout.ts';
import { hasRecord, type RunRecord, readRecord, writeRecord } from './record.ts';
import { takenSlots } from './slots.ts';

/** Of the ledger: about 2000 lines, read at every start of a server. */
const RECENT_BYTES = 1 << 20;
/** A launch that has its line in the ledger has its record a moment later. */
const LAUNCH_MS = 60_000;

/** Where the end of a run stands in the ledger, or why it does not. */
export type Sealed = NonNullable<RunRecord['ledger']>;

export const NO_ROOM: Sealed = { missing: 'The disk was full.' };

/**
 * Records that a run is about to be started. It is the last thing before the run exists: where it
 * fails nothing starts, and a crash behind it leaves a line that recovery explains.
 */
export async function recordDispatch(
  host: Host,
  workspace: Workspace,
  record: RunRecord,
): Promise<void> {
  await appendEntry(host, workspace, {
    kind: 'dispatch',
    subject: record.run_id,
    actor: actorOf(record),
    facts: compact({
      title: record.title,
      role: record.role,
      profile: record.profile.id,
      model: record.model,
      scope: record.scope,
      cwd: record.cwd,
      task_sha256: record.task_sha256,
      budget: record.budget,
      continues: record.lineage?.parent,
      trial: record.trial,
    }),
  });
}

/**
 * Records that a run is over and writes its receipt, once, whoever comes to it. A full disk is thrown,
 * for there is a reserve; for any other reason the run ends all the same, and says that it is not in
 * the ledger: nobody could end it otherwise, and its worker is gone.
 */
export async function sealEnd(
  host: Host,
  record: RunRecord,
  eventBytes: number | undefined,
): Promise<Sealed> {
  try {
    return await appendEnd(host, record, { event_bytes: eventBytes });
  } catch (error) {
    if (isStorageFull(error)) throw error;
    return { missing: oneLine(toErrorFacts(error).message, 200) };
  }
}

async function appendEnd(
  host: Host,
  record: RunRecord,
  more: Readonly<Record<string, unknown>>,
): Promise<{ seq: number; hash: string }> {
  const workspace = workspaceAt(record.workspace);
  const { outcome } = record;
  const run = { workspace, paths: runPaths(workspace, record.run_id), record };
  const { seq, hash } = await writeReceipt(host, run, {
    kind: 'end',
    once: true,
    actor: { by: 'supervisor' },
    facts: compact({
      state: record.state,
      failure: outcome?.failure.class,
      profile: record.profile.id,
      model: record.model,
      actual_models: actualModels(record),
      tokens: outcome?.usage.tokens,
      usd: outcome?.usage.usd ?? 'unknown',
      usage_complete: outcome?.usage.complete ?? false,
      model_calls: outcome?.model_calls,
      elapsed_ms: record.elapsed_ms,
      changed_files: outcome?.changed_files,
      outside_scope: outcome?.outside_scope?.length,
      denials: outcome?.denials,
      ...more,
    }),
  });
  return { seq, hash };
}

/**
 * Brings to its end in the ledger what was dispatched and has none there: a run that ended when nothing
 * could be appended, and a launch that was never completed. Any recovery does it on its way.
 */
export async function completeLedger(
  host: Host,
  workspace: Workspace,
  { thorough }: { thorough: boolean },
): Promise<void> {
  if (host.readOnly) return;
  const open = openDispatches(workspace, thorough ? Infinity : RECENT_BYTES);
  if (open.length === 0) return;
  const launching = (await takenSlots(workspace)).flatMap(({ slot }) =>
    isAlive(slot.launcher) ? [slot.run_id] : [],
  );
  for (const { subject, time } of open) {
    if (!isId(subject, 'run')) continue;
    const paths = runPaths(workspace, subject);
    if (hasRecord(paths)) {
      const record = await readRecord(paths, subject);
      if (!isFinal(record.state)) continue;
      const ledger = await appendEnd(host, record, { late: true });
      await writeRecord(paths, { ...record, ledger });
    } else if (
      !launching.includes(subject) &&
      host.clock.now().getTime() - Date.parse(time) > LAUNCH_MS
    ) {
      await appendEntry(host, workspace, {
        kind: 'end',
        once: true,
        subject,
        actor: { by: 'supervisor' },
        facts: { state: 'no_run', why: 'The launch was not completed, or its run was removed.' },
      });
    }
  }
}

function actorOf({ client, thread_id }: RunRecord): Actor {
  const by = client === undefined ? 'unknown' : client === 'cli' ? 'cli' : 'controller';
  return { by, ...compact({ client, thread: thread_id }) };
}
