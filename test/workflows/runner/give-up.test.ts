import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { digestOf } from '../../../src/core/ids.ts';
import { isAlive } from '../../../src/proc/identity.ts';
import { killProcess } from '../../../src/proc/terminate.ts';
import { findByCookie } from '../../../src/proc/tree.ts';
import { Lease, topLease } from '../../../src/store/lease.ts';
import { COMMAND_COOKIE } from '../../../src/verification/running/command.ts';
import { endCommand } from '../../../src/workflows/commands/end.ts';
import { commandPaths } from '../../../src/workflows/commands/job.ts';
import { privateWorkflowPaths } from '../../../src/workflows/instances/paths.ts';
import { writeWorkflowRecord } from '../../../src/workflows/instances/record.ts';
import { recoverWorkflows } from '../../../src/workflows/instances/recover.ts';
import { waitWorkflow } from '../../../src/workflows/instances/wait.ts';
import { buildSupervisors, FlowLab } from '../../support/flow-lab.ts';

const supervisor = await buildSupervisors();

let lab: FlowLab;
/** By them everything that the commands of a test run is found. */
let cookies: string[];
beforeEach(() => {
  lab = new FlowLab(supervisor);
  cookies = [];
});
afterEach(async () => {
  const left = running();
  for (const identity of left) await killProcess(identity);
  expect(left).toEqual([]);
  expect(await lab.close()).toEqual([]);
});

const LONG = `command: [${JSON.stringify(process.execPath)}, -e, "setTimeout(() => {}, 300000)"]`;
const COMMANDS = `nodes: { one: { type: command, ${LONG} }, two: { type: command, ${LONG} } }`;
const PARTS = 'nodes: { part: { type: workflow, uses: inner.yaml, task: T. } }';
const inner = async (path: string) => (path === 'inner.yaml' ? COMMANDS : undefined);

const signal = () => AbortSignal.timeout(60_000);
const running = () => cookies.flatMap((value) => findByCookie(COMMAND_COOKIE, value));

/** Once both commands of it run. */
async function started(id: string): Promise<void> {
  await lab.until(async () => {
    const { instance } = await lab.now(id);
    const keys = instance.nodes.flatMap(({ attempts }) => attempts.map(({ key }) => key));
    cookies = keys.map(digestOf);
    const each = cookies.map((value) => findByCookie(COMMAND_COOKIE, value).length);
    return (each.length === 2 && each.every((count) => count > 0)) || undefined;
  }, 'its commands to run');
}

async function killOwner(id: string): Promise<void> {
  const owner = await lab.until(() => lab.supervisor(id), 'an owner');
  process.kill(owner.pid, 'SIGKILL');
  await lab.until(async () => !isAlive(owner) || undefined, 'it to die');
}

/** Nobody carries it on, and nobody can. */
async function damaged(id: string): Promise<void> {
  await killOwner(id);
  const { paths } = await lab.find(id);
  const lines = readFileSync(paths.journal, 'utf8').split('\n');
  writeFileSync(paths.journal, ['x'.repeat(40), ...lines.slice(1)].join('\n'));
}

async function commandsOfDamaged(): Promise<string> {
  const id = await lab.launch(COMMANDS, { mock: false });
  await started(id);
  await damaged(id);
  return id;
}

const NOTHING_LEFT = /What it had launched: .*nothing of it runs any more\.$/;
const ENDED = /ended command one, command two; nothing of it runs any more\.$/;

it('is ended by a recovery that finds the workflow damaged', async () => {
  const id = await commandsOfDamaged();
  expect(running().length).toBeGreaterThan(0);
  const { workflows } = await recoverWorkflows(lab.host, { signal: signal() });
  expect(workflows).toMatchObject([{ workflow_id: id, did: 'broken' }]);
  expect(workflows[0]?.error).toMatch(ENDED);
  expect(running()).toEqual([]);
  const { record, paths } = await lab.find(id);
  expect(record.broken).toMatch(ENDED);
  expect(existsSync(paths.active)).toBe(false);
  const again = await recoverWorkflows(lab.host, { signal: signal() });
  expect(again).toMatchObject({ workflows: [] });
});

it('is ended by the next one where that was killed in between', async () => {
  const id = await commandsOfDamaged();
  const { paths, record } = await lab.find(id);
  // As a supervisor leaves it that is killed when it has found out and has done nothing yet.
  await writeWorkflowRecord(paths, { ...record, broken: 'journal.ndjson is damaged.' });
  const { workflows } = await recoverWorkflows(lab.host, { signal: signal() });
  expect(workflows).toMatchObject([{ workflow_id: id, did: 'broken' }]);
  expect(running()).toEqual([]);
  expect((await lab.find(id)).record.broken).toMatch(ENDED);
});

it('is ended where the one that carried out a command is gone as well', async () => {
  const id = await commandsOfDamaged();
  const { commands } = privateWorkflowPaths(lab.host.home, id);
  for (const name of cookies) {
    const top = topLease(commandPaths(join(commands, name)).lease);
    if (top !== undefined) await killProcess(top.holder);
  }
  expect(running().length).toBeGreaterThan(0);
  await recoverWorkflows(lab.host, { signal: signal() });
  expect(running()).toEqual([]);
  expect((await lab.find(id)).record.broken).toMatch(ENDED);
});

it.each(['lives', 'is gone as well'])(
  'is ended though the jobs of its commands are damaged and what carries them out %s',
  async (how) => {
    const id = await commandsOfDamaged();
    const { commands } = privateWorkflowPaths(lab.host.home, id);
    for (const name of cookies) {
      const { job, lease } = commandPaths(join(commands, name));
      const top = topLease(lease);
      if (how !== 'lives' && top !== undefined) await killProcess(top.holder);
      writeFileSync(job, '{"schema_version":1,');
    }
    expect(running().length).toBeGreaterThan(0);
    await recoverWorkflows(lab.host, { signal: signal() });
    expect(running()).toEqual([]);
    const named = [...cookies].sort().map((cookie) => `command ${cookie}`);
    const { record, paths } = await lab.find(id);
    expect(record.broken).toContain(`ended ${named.join(', ')}; nothing of it runs any more.`);
    expect(existsSync(paths.active)).toBe(false);
  },
);

it('a command that somebody else carries on with is not called ended, without a job none was started', async () => {
  const paths = commandPaths(join(lab.dir, 'command'));
  mkdirSync(paths.dir);
  expect(await endCommand(lab.host, paths.dir, signal())).toBeUndefined();
  writeFileSync(paths.job, 'x');
  const lease = Lease.tryAcquire(paths.lease) as Lease;
  const ended = await endCommand(lab.host, paths.dir, AbortSignal.timeout(300));
  expect(ended).toEqual({ name: 'command command', isEnded: false });
  expect(existsSync(paths.stop)).toBe(true);
  lease.release();
  expect(await endCommand(lab.host, paths.dir, signal())).toMatchObject({ isEnded: true });
});

it('is ended by whoever reads it', async () => {
  const id = await commandsOfDamaged();
  const found = await lab.find(id);
  const wait = { timeoutMs: 0, signal: signal() };
  await expect(waitWorkflow(lab.host, found, wait)).rejects.toThrow(/damaged|header/i);
  await lab.until(
    async () => NOTHING_LEFT.test((await lab.find(id)).record.broken ?? '') || undefined,
    'it to be given up',
  );
  expect(running()).toEqual([]);
  const { record } = await waitWorkflow(lab.host, await lab.find(id), wait);
  expect(record.broken).toMatch(ENDED);
});

it.each(['whole', 'damaged'])('a part of it that is %s is ended with it', async (how) => {
  const id = await lab.launch(PARTS, { mock: false }, inner);
  const part = await lab.until(async () => {
    const { instance } = await lab.now(id);
    return instance.nodes[0]?.attempts[0]?.run_id ?? undefined;
  }, 'its part to run');
  await started(part);
  await damaged(id);
  if (how === 'damaged') await damaged(part);
  const { workflows } = await recoverWorkflows(lab.host, { signal: signal() });
  expect(workflows).toContainEqual(expect.objectContaining({ workflow_id: id, did: 'broken' }));
  expect(running()).toEqual([]);
  expect((await lab.find(id)).record.broken).toMatch(NOTHING_LEFT);
  const { record } = await lab.find(part);
  if (how === 'whole') expect(record.end).toMatchObject({ state: 'stopped' });
  else expect(record.broken).toMatch(NOTHING_LEFT);
  await lab.until(async () => lab.supervisors(part).length === 0 || undefined, 'it to leave');
});

it('is ended by a recovery also where its record is damaged', async () => {
  const id = await lab.launch(COMMANDS, { mock: false });
  await started(id);
  await killOwner(id);
  const { paths } = await lab.find(id);
  writeFileSync(paths.metadata, '{"schema_version":1}');
  const { workflows } = await recoverWorkflows(lab.host, { signal: signal() });
  expect(workflows).toMatchObject([{ workflow_id: id, did: 'failed' }]);
  expect(workflows[0]?.error).toMatch(/is not the record .* Nothing that it had launched runs/);
  expect(running()).toEqual([]);
  expect(await recoverWorkflows(lab.host, { signal: signal() })).toMatchObject({ workflows: [] });
});
