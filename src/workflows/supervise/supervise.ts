import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { CcError, toErrorFacts } from '../../core/errors.ts';
import { ifThere } from '../../core/if-there.ts';
import { createRedactor } from '../../core/redact.ts';
import { profileHostOf } from '../../profiles/host-of.ts';
import { knownSecrets } from '../../profiles/resolve-credentials.ts';
import { becomeOwner, endFrozenRivals } from '../../runs/supervise/ownership.ts';
import { listRequests } from '../../store/inbox.ts';
import type { Lease } from '../../store/lease.ts';
import { requireWritableVersion } from '../../store/versions.ts';
import type { Host } from '../../workspace/host.ts';
import { type Workspace, workspaceAt } from '../../workspace/layout.ts';
import { newInstance } from '../core/new-instance.ts';
import { replay } from '../core/reduce.ts';
import { forgetActive } from '../instances/active.ts';
import { endLaunched } from '../instances/end-launched.ts';
import { WorkflowJournal } from '../instances/journal.ts';
import { privateWorkflowPaths, workflowPaths } from '../instances/paths.ts';
import { readPlan } from '../instances/plan-file.ts';
import { readState } from '../instances/read.ts';
import {
  type FoundWorkflow,
  readWorkflowRecord,
  type WorkflowRecord,
} from '../instances/record.ts';
import { WORKFLOW_COOKIE } from '../instances/start-supervisor.ts';
import { giveUpWorkflow } from './give-up.ts';
import { Runner } from './runner.ts';

/** Nothing but a person can mend it. */
const HOPELESS: ReadonlySet<string> = new Set(['STORAGE_CORRUPT', 'FORMAT_TOO_NEW']);

/**
 * The whole life of a supervisor of a workflow: become its owner, carry it on from where its journal
 * ends, leave when it is over or waits for nothing but people. Returns at once when somebody else is it.
 */
export async function superviseWorkflow(host: Host, root: string, id: string): Promise<void> {
  const workspace = workspaceAt(root);
  const paths = workflowPaths(workspace, id);
  do {
    const lease = await becomeOwner(paths);
    if (lease === undefined) return;
    try {
      const record = await readOrGiveUp(host, workspace, id);
      requireWritableVersion(record, paths.metadata);
      const found = { workspace, paths, record };
      if (record.broken === undefined) await own(host, found, lease);
      else {
        // Whoever asks for something reads that in its record; no request is ever answered.
        if (existsSync(paths.active)) await giveUpWorkflow(host, found, record.broken);
        return;
      }
    } catch (error) {
      // Whoever took over goes on from the files; nothing of ours may be written any more.
      if (error instanceof CcError && error.code === 'LEASE_LOST') return;
      throw error;
    } finally {
      lease.release();
    }
    // Whoever asked for something in the last moment saw that somebody was here.
  } while ((await listRequests(paths.inbox)).length > 0);
}

/** Without its record nobody can carry it on, nor say so in it: what it had launched is ended. */
async function readOrGiveUp(host: Host, workspace: Workspace, id: string): Promise<WorkflowRecord> {
  try {
    return await readWorkflowRecord(workspace, id);
  } catch (error) {
    if (error instanceof CcError && error.code === 'STORAGE_CORRUPT') {
      const { left } = await endLaunched(host, workspace, id);
      if (left.length === 0) await forgetActive(workflowPaths(workspace, id));
    }
    throw error;
  }
}

async function own(host: Host, found: FoundWorkflow, lease: Lease): Promise<void> {
  const { workflow_id } = found.record;
  await endFrozenRivals(workflow_id, WORKFLOW_COOKIE);
  const secrets = await knownSecrets(profileHostOf(host)).catch(() => []);
  const redact = createRedactor(secrets);
  let opened: Awaited<ReturnType<typeof open>>;
  try {
    opened = await open(host, found, { lease, clock: host.clock, redact });
  } catch (error) {
    const { code, message } = toErrorFacts(error);
    if (!HOPELESS.has(code)) throw error;
    return giveUpWorkflow(host, found, message);
  }
  const { journal, ...rest } = opened;
  try {
    await new Runner({ host, found, journal, redact, ...rest }).run();
  } finally {
    journal.close();
  }
}

/** What its files say: the plan it was started with, and all that has happened. */
async function open(
  host: Host,
  { paths, record }: FoundWorkflow,
  options: Omit<Parameters<typeof WorkflowJournal.open>[1], 'known'>,
) {
  const { workflow_id, created: time } = record;
  const own = privateWorkflowPaths(host.home, workflow_id);
  const plan = await readPlan(own.plan);
  const task = await readTask(own.task);
  // While it goes on, what the last lines said is done once more and finds what was started. After its
  // end nothing may begin again.
  const known = record.end === undefined ? 0 : ((await readState(paths))?.seq ?? 1);
  const { journal, lines } = WorkflowJournal.open(paths.journal, { ...options, known });
  const events = lines.flatMap(({ event }) => event ?? []);
  const instance = replay(plan, newInstance(plan, { workflow_id, task, time }), events);
  const answered = new Set(lines.flatMap(({ request }) => request?.id ?? []));
  return { plan, journal, instance, answered };
}

async function readTask(path: string): Promise<string> {
  const text = await ifThere(readFile(path, 'utf8'));
  if (text !== undefined) return text;
  throw new CcError('STORAGE_CORRUPT', `${path} is not there.`, {
    hint: 'Without its task the workflow cannot go on. Start it again.',
  });
}
