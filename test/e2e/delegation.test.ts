import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sleep, systemClock } from '../../src/core/clock.ts';
import { killProcess } from '../../src/proc/terminate.ts';
import type { FoundRun } from '../../src/runs/find.ts';
import { lookAt } from '../../src/runs/view.ts';
import { type InboxRequest, listRequests, submitRequest } from '../../src/store/inbox.ts';
import { Lab, rawCoverage } from '../support/lab.ts';
import { PATIENCE_MS } from '../support/patience.ts';

let lab: Lab;
let inbox: string;
beforeEach(() => {
  inbox = mkdtempSync(join(tmpdir(), 'cc-inbox-'));
});
afterEach(async () => {
  expect(await lab.close()).toEqual([]);
  rmSync(inbox, { recursive: true });
});

const CALL = { role: 'research', task: 'Count the files of this project.' };
const delegation = () => ({
  inbox,
  key: 'wf_1/plan/1.1',
  helpers: [{ name: 'research', text: 'reads' }],
});

/** What whoever decides gets; a call may come more than once. */
async function asked(count = 1): Promise<InboxRequest[]> {
  for (const until = Date.now() + PATIENCE_MS; Date.now() < until; await sleep(20)) {
    const requests = await listRequests(inbox);
    if (requests.length >= count) return requests;
  }
  throw new Error('nothing was asked');
}

const answer = (run: FoundRun, payload: Record<string, unknown>) =>
  submitRequest(
    run.paths.inbox,
    { kind: 'delegation', from: 'wf_1', payload, ttlMs: 60_000 },
    systemClock,
  );

async function open(input: object = CALL) {
  lab = await Lab.open([]);
  lab.model.addScript({
    name: 's',
    steps: [
      { tools: [{ name: 'mcp__cc__delegate', input: { ...input } }] },
      { text: 'there are three' },
    ],
  });
}

const lastSaid = () => JSON.stringify(lab.model.requestsFor('s').at(-1)?.body);

test('a worker has another one launched, waits for it, and gets its handoff', async () => {
  await open();
  const run = await lab.launch({ task: 'Plan.', delegation: delegation() });
  const [request] = await asked();
  expect(request).toMatchObject({
    kind: 'delegate',
    from: run.record.run_id,
    payload: { parent: 'wf_1/plan/1.1', ...CALL },
  });
  const first = JSON.stringify(lab.model.requestsFor('s')[0]?.body);
  expect(first).toContain('mcp__cc__delegate');
  expect(first).toContain('research: reads');
  await answer(run, { request: request?.payload.request, ok: true, text: 'THREE files' });
  const ended = await lab.ended(run);
  expect(ended.record.state).toBe('succeeded');
  expect(lastSaid()).toContain('THREE files');
  const types = lab.events(run).map(({ type }) => type);
  expect(types.filter((type) => type === 'cc.delegation.asked')).toHaveLength(1);
  expect(rawCoverage(lab.events(run))).toEqual([]);
  expect(ended.record.outcome?.denials).toBe(0);
});

test('the wait outlives the supervisor; the call is handed on again with the same name', async () => {
  await open();
  const run = await lab.launch({ task: 'Plan.', delegation: delegation() });
  const [request] = await asked();
  await killProcess(lab.supervisor(run));
  await lookAt(lab.host(), await lab.find(run.record.run_id));
  const [, again] = await asked(2);
  expect(again?.payload).toEqual(request?.payload);
  await answer(run, { request: request?.payload.request, ok: false, text: 'nothing is left' });
  const ended = await lab.ended(run);
  expect(ended.record.state).toBe('succeeded');
  expect(lastSaid()).toContain('nothing is left');
  expect(lastSaid()).toContain('is_error');
});

test('without leave there is no such tool, and a call of it is refused', async () => {
  await open();
  const run = await lab.launch({ task: 'Plan.' });
  const ended = await lab.ended(run);
  expect(JSON.stringify(lab.model.requestsFor('s')[0]?.body)).not.toContain('mcp__cc');
  expect(await listRequests(inbox)).toEqual([]);
  expect(ended.record.state).toBe('succeeded');
});

test('a call without a task is answered at once', async () => {
  await open({ role: 'research', task: ' ' });
  const run = await lab.launch({ task: 'Plan.', delegation: delegation() });
  await lab.ended(run);
  expect(lastSaid()).toContain('Pass a role of the list and a task.');
  expect(await listRequests(inbox)).toEqual([]);
});
