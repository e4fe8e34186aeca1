import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { sleep } from '../../../src/core/clock.ts';
import { killProcess } from '../../../src/proc/terminate.ts';
import { GRACE_MS } from '../../../src/runs/wake.ts';
import { askWorkflow } from '../../../src/workflows/instances/ask.ts';
import { ensureWorkflowSupervised } from '../../../src/workflows/instances/ensure.ts';
import { waitsInParts } from '../../../src/workflows/instances/part-waits.ts';
import { waitUntilOver, waitWorkflow } from '../../../src/workflows/instances/wait.ts';
import { readTold } from '../../../src/workflows/instances/wake-file.ts';
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

/** A Codex that only writes down what it is told to queue. */
function codex(): { client: string; threadId: string; wake: true; codexPath: string } {
  const codexPath = join(lab.dir, 'codex');
  writeFileSync(codexPath, `#!/bin/sh\nprintf '%s\\n' "$*" >> '${lab.dir}/queued.txt'\n`);
  chmodSync(codexPath, 0o755);
  return { client: 'codex-mcp-client', threadId: 'thread-1', wake: true, codexPath };
}

function queued(): string[] {
  const path = join(lab.dir, 'queued.txt');
  // The shell creates the file before it has anything to write.
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];
}

it('wakes its controller once for a decision and once at the end', async () => {
  const id = await lab.launch(
    'nodes: { ok: { type: approval, question: Now? }, a: { role: ops, task: A., needs: ok } }',
    codex(),
  );
  await lab.until(async () => queued().length > 0 || undefined, 'the controller to be woken');
  expect(queued()[0]).toMatch(/^queue --thread thread-1 --message .*waits for a decision/);
  await lab.until(async () => lab.supervisors(id).length === 0 || undefined, 'nobody to be there');
  const found = await lab.find(id);
  await askWorkflow(lab.host, found, { kind: 'approve', decision: 'approved' }, { from: 'me' });
  await lab.over(id);
  expect(queued()).toHaveLength(2);
  expect(queued()[1]).toContain(`your workflow ${id}`);
  expect(queued()[1]).toContain('has ended: succeeded');
});

it('wakes nobody who has waited for it', async () => {
  for (;;) {
    const before = queued().length;
    const one = 'nodes: { a: { role: ops, task: A. } }';
    const id = await lab.launch(one, { ...codex(), mockMs: 300 });
    const waited = await waitUntilOver(lab.host, await lab.find(id), signal);
    const lateMs = Date.now() - Date.parse(waited.instance.ended ?? '');
    expect(waited.instance.state).toBe('succeeded');
    await lab.over(id);
    // On a busy machine the answer may come after the controller is woken, and that proves nothing.
    if (lateMs > GRACE_MS / 2) continue;
    expect(queued().length).toBe(before);
    return;
  }
});

const OUTER = 'nodes: { part: { type: workflow, uses: inner.yaml, task: T. } }';
const inner = async () => 'nodes: { deep: { type: workflow, uses: deep.yaml, task: T. } }';
const deep = async () => 'nodes: { ok: { type: approval, question: Now? } }';
const files = (path: string) => (path === 'inner.yaml' ? inner() : deep());

/** The part that asks, once it does. */
const asked = (id: string) =>
  lab.until(async () => {
    const { workspace, instance } = await lab.now(id);
    return (await waitsInParts(workspace, instance))[0]?.workflow_id;
  }, 'a part to ask');

it('wakes it once for a decision in a part of a part, also where its supervisor is killed', async () => {
  const id = await lab.launch(OUTER, codex(), files);
  const part = await asked(id);
  await lab.until(async () => queued().length > 0 || undefined, 'the controller to be woken');
  expect(queued()[0]).toContain(`your workflow ${id}`);
  expect(queued()[0]).toContain('waits for a decision');
  await lab.until(
    async () => (await readTold(lab.host, id)).size > 0 || undefined,
    'that to be noted',
  );
  const owner = await lab.until(() => lab.supervisor(id), 'an owner');
  await killProcess(owner);
  await ensureWorkflowSupervised(lab.host, await lab.now(id));
  await lab.until(async () => (await lab.supervisor(id)) && true, 'another owner');
  // Longer than a controller that waits is given.
  await sleep(GRACE_MS + 2000);
  expect(queued()).toHaveLength(1);
  const found = await lab.find(part);
  await askWorkflow(lab.host, found, { kind: 'approve', decision: 'approved' }, { from: 'me' });
  await lab.over(id);
  expect(queued()).toHaveLength(2);
  expect(queued()[1]).toContain('has ended: succeeded');
});

it('wakes nobody who is told of a decision in a part because he waits', async () => {
  const id = await lab.launch(OUTER, codex(), files);
  const { parts } = await waitWorkflow(lab.host, await lab.find(id), { timeoutMs: 20_000, signal });
  expect(parts).toMatchObject([{ node: 'ok', round: 1 }]);
  await sleep(GRACE_MS + 2000);
  expect(queued()).toEqual([]);
  const found = await lab.find(parts[0]?.workflow_id);
  await askWorkflow(lab.host, found, { kind: 'approve', decision: 'approved' }, { from: 'me' });
  await waitUntilOver(lab.host, await lab.find(id), signal);
  await lab.over(id);
});
