import { onTestFinished } from 'vitest';
import { sleep } from '../../src/core/clock.ts';
import { findByCookie } from '../../src/proc/tree.ts';
import { findWorkflow } from '../../src/workflows/instances/find.ts';
import { launchWorkflow } from '../../src/workflows/instances/launch.ts';
import { WORKFLOW_COOKIE } from '../../src/workflows/instances/start-supervisor.ts';
import { waitUntilOver } from '../../src/workflows/instances/wait.ts';
import { loadWorkflow } from '../../src/workflows/load.ts';
import { resolvePlace } from '../../src/workspace/resolve.ts';
import { LEAVING_MS } from '../support/patience.ts';
import type { Machine } from './face.ts';

/** A workflow that has run to its end with a mock worker, and from now on real supervisors; its id. */
export async function storeWorkflow(
  { host, project, env }: Machine,
  supervisors: string,
  { status = 'pass' } = {},
): Promise<string> {
  Object.assign(host, { supervisor: { file: process.execPath, args: [supervisors] } });
  const text = `nodes: { a: { role: review, task: Look., mock_status: ${status} } }`;
  const { plan } = await loadWorkflow('flow.yaml', text);
  if (plan === undefined) throw new Error('no plan');
  const place = resolvePlace({ cwd: project, env, processCwd: '/' });
  const request = { plan, sources: [text], task: 'the task', mock: true };
  const { record } = await launchWorkflow(host, place, request);
  const found = await findWorkflow(host, place, record.workflow_id);
  await waitUntilOver(host, found, new AbortController().signal);
  // A supervisor has last words after the end, and what a test asks for may bring another.
  onTestFinished(() => supervisorsGone(record.workflow_id));
  return record.workflow_id;
}

async function supervisorsGone(id: string): Promise<void> {
  for (const until = Date.now() + LEAVING_MS; Date.now() < until; await sleep(20)) {
    if (findByCookie(WORKFLOW_COOKIE, id).length === 0) return;
  }
}
