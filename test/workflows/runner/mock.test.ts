import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { askWorkflow } from '../../../src/workflows/instances/ask.ts';
import { launchWorkflow } from '../../../src/workflows/instances/launch.ts';
import { waitWorkflow } from '../../../src/workflows/instances/wait.ts';
import { loadWorkflow } from '../../../src/workflows/load.ts';
import { buildSupervisors, FlowLab } from '../../support/flow-lab.ts';

const supervisor = await buildSupervisors();
const signal = new AbortController().signal;

let lab: FlowLab;
beforeEach(() => {
  lab = new FlowLab(supervisor);
});
afterEach(async () => {
  expect(await lab.close()).toEqual([]);
});

const TWO = `
schema_version: 1
id: two
nodes:
  look: { role: research, task: Look. }
  make: { role: implementation, task: Make it., needs: look, allow_write: true, write_scope: { allow: [src/] } }
`;

describe('a workflow with mock workers', () => {
  it('runs to its end, tells why, and leaves nobody behind', async () => {
    const id = await lab.launch(TWO);
    const { instance, record, seq } = await lab.over(id);
    expect(instance).toMatchObject({ state: 'succeeded', spent: { usd: 0, tokens: 0, runs: 2 } });
    expect(record.end).toMatchObject({ state: 'succeeded' });
    const lines = await lab.lines(id);
    expect(lines.map((line) => line.seq)).toEqual(lines.map((_, index) => index + 1));
    expect(seq).toBe(lines.length);
    const { paths } = await lab.find(id);
    expect(existsSync(paths.active)).toBe(false);
    expect(JSON.parse(lab.read(paths.state))).toMatchObject({ schema_version: 1, seq });
    expect(lab.read(paths.source)).toBe(TWO);
  });

  it('starts once for an idempotency key, and refuses it for another task', async () => {
    const first = await lab.launch(TWO, { idempotencyKey: 'k' });
    expect(await lab.launch(TWO, { idempotencyKey: 'k' })).toBe(first);
    await expect(lab.launch(TWO, { idempotencyKey: 'k', task: 'other' })).rejects.toThrow(
      /belongs to another workflow or task/,
    );
    await lab.over(first);
  });

  it('leaves nothing behind when no supervisor can be started', async () => {
    const { plan } = await loadWorkflow('flow.yaml', TWO);
    if (plan === undefined) throw new Error('no plan');
    const host = { ...lab.host, supervisor: { file: '/nowhere/node', args: ['x.js'] } };
    const request = { plan, sources: [TWO], task: 't', mock: true, idempotencyKey: 'k' };
    await expect(launchWorkflow(host, lab.place, request)).rejects.toThrow(/Cannot start/);
    await expect(lab.find('')).rejects.toThrow();
    const id = await lab.launch(TWO, { idempotencyKey: 'k' });
    expect((await lab.over(id)).instance.state).toBe('succeeded');
  });
});

describe('an approval', () => {
  const ASKS = `
schema_version: 1
id: asks
nodes:
  look: { role: research, task: Look. }
  ok: { type: approval, question: May it go out?, needs: look }
  out: { role: ops, task: Publish., needs: ok }
`;
  const atRest = (id: string) =>
    lab.until(async () => {
      const { instance } = await lab.now(id);
      const isWaiting = instance.state === 'waiting_approval';
      return (isWaiting && lab.supervisors(id).length === 0) || undefined;
    }, 'nobody to be there any more');

  it('is waited for by nobody, and whoever decides brings the workflow on', async () => {
    const id = await lab.launch(ASKS);
    await atRest(id);
    const found = await lab.find(id);
    const waited = await waitWorkflow(lab.host, found, { timeoutMs: 60_000, signal });
    expect(waited).toMatchObject({ isNews: true, isSupervised: true });
    expect(lab.supervisors(id)).toEqual([]);
    const wrong = await askWorkflow(lab.host, found, {
      kind: 'approve',
      node: 'look',
      decision: 'approved',
    });
    expect(wrong).toMatchObject({ ok: false, text: 'what waits for a decision: ok' });
    const answer = await askWorkflow(
      lab.host,
      found,
      { kind: 'approve', decision: 'approved', comment: 'fine' },
      { from: 'me' },
    );
    expect(answer).toMatchObject({ ok: true, text: 'ok is approved' });
    const { instance } = await lab.over(id);
    expect(instance.state).toBe('succeeded');
    expect(instance.nodes[1]?.reason?.text).toBe('approved by me: fine');
  });

  it('that is refused ends the workflow; a retry and a resume ask once more', async () => {
    const id = await lab.launch(ASKS);
    await atRest(id);
    const found = await lab.find(id);
    const ask = (request: Parameters<typeof askWorkflow>[2]) =>
      askWorkflow(lab.host, found, request, { from: 'me' });
    expect(await ask({ kind: 'approve', decision: 'rejected' })).toMatchObject({ ok: true });
    expect((await lab.over(id)).instance.state).toBe('failed');
    expect(await ask({ kind: 'stop' })).toMatchObject({ ok: false, text: 'it is over: failed' });
    expect(await ask({ kind: 'retry_node', node: 'nope' })).toMatchObject({ ok: false });
    expect(await ask({ kind: 'retry_node', node: 'look', text: 'again' })).toMatchObject({
      ok: true,
      instance: { state: 'needs_rerun' },
    });
    expect(await ask({ kind: 'resume' })).toMatchObject({ ok: true });
    expect(await ask({ kind: 'resume' })).toMatchObject({ ok: false });
    await atRest(id);
    expect(await ask({ kind: 'approve', decision: 'approved' })).toMatchObject({ ok: true });
    const { instance, record } = await lab.over(id);
    expect(instance.state).toBe('succeeded');
    expect(record.end?.state).toBe('succeeded');
    expect(await ask({ kind: 'resume' })).toMatchObject({ ok: false });
    await lab.over(id);
  });

  it('with a limit is ended by a supervisor that waits for it', async () => {
    const id = await lab.launch(ASKS.replace('needs: look }', 'needs: look, timeout_seconds: 1 }'));
    const { instance } = await lab.over(id);
    expect(instance.nodes[1]?.reason?.code).toBe('approval_timeout');
  });
});
