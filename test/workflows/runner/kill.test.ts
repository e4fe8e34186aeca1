import { appendFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAlive } from '../../../src/proc/identity.ts';
import { submitRequest } from '../../../src/store/inbox.ts';
import type { Instance } from '../../../src/workflows/core/instance.ts';
import { newInstance } from '../../../src/workflows/core/new-instance.ts';
import { replay } from '../../../src/workflows/core/reduce.ts';
import { ensureWorkflowSupervised } from '../../../src/workflows/instances/ensure.ts';
import { recoverWorkflows } from '../../../src/workflows/instances/recover.ts';
import { startWorkflowSupervisor } from '../../../src/workflows/instances/start-supervisor.ts';
import { buildSupervisors, FlowLab } from '../../support/flow-lab.ts';
import { Random } from '../../support/random.ts';

const supervisor = await buildSupervisors();
/** On a busy machine a supervisor takes a second to come up. */
const KILLS = 8;
const signal = new AbortController().signal;

let lab: FlowLab;
beforeEach(() => {
  lab = new FlowLab(supervisor);
});
afterEach(async () => {
  expect(await lab.close()).toEqual([]);
});

/** Forty nodes: ten in a row, four wide, with a gate that goes back once, a retry and commands. */
function forty(): string {
  const lines = ['schema_version: 1', 'id: forty', 'max_concurrent: 6', 'nodes:'];
  for (let row = 0; row < 9; row += 1) {
    for (let column = 0; column < 4; column += 1) {
      const needs =
        row === 0 ? '' : `, needs: [n${row - 1}_${column}, n${row - 1}_${(column + 1) % 4}]`;
      const body =
        column === 3
          ? 'type: command, command: exit 0'
          : column === 0 && row === 4
            ? 'role: review, task: Look., mock_status_sequence: [fail, pass], on_failure: continue'
            : 'role: research, task: Look.';
      lines.push(`  n${row}_${column}: { ${body}${needs} }`);
    }
  }
  lines.push(
    '  gate: { type: gate, needs: [n4_0, n8_1], pass_when: n4_0.status == "pass", on_fail: { retry: n4_0, max_retries: 2 } }',
    '  a: { role: ops, task: A., needs: [gate, n8_0] }',
    '  b: { role: ops, task: B., needs: [gate, n8_2, n8_3] }',
    '  c: { role: supervisor, task: C., needs: [a, b] }',
  );
  return lines.join('\n');
}

/** What does not depend on when things happened, nor on which of several was first. */
function essence(instance: Instance) {
  const { state, round, spent, nodes } = instance;
  return {
    state,
    round,
    spent,
    nodes: nodes.map(({ id, state: own, round: turn, tasks, stale, gate_retries }) => ({
      id,
      state: own,
      turn,
      gate_retries,
      tries: tasks.map(({ tries }) => tries),
      handoffs: tasks.map(({ result }) => result?.handoff ?? result?.exit_code ?? null),
      stale: stale.length,
    })),
  };
}

/** Keys with how often something was said to have started, or to have ended, under each. */
async function counted(id: string, type: 'run_started' | 'run_ended' | 'command_ended') {
  const counts = new Map<string, number>();
  for (const { event } of await lab.lines(id)) {
    if (event?.type === type) counts.set(event.key, (counts.get(event.key) ?? 0) + 1);
  }
  return counts;
}

async function killOwner(id: string): Promise<boolean> {
  const owner = await lab.supervisor(id);
  if (owner === undefined) return false;
  process.kill(owner.pid, 'SIGKILL');
  await lab.until(async () => !isAlive(owner) || undefined, 'it to die');
  return true;
}

describe('a workflow of forty nodes', () => {
  it('comes to the same end however often its supervisor is killed', async () => {
    const quiet = await lab.launch(forty(), { mockMs: 5 });
    const expected = essence((await lab.over(quiet)).instance);
    expect(expected).toMatchObject({ state: 'succeeded', round: 2 });

    const random = new Random(42);
    const id = await lab.launch(forty(), { mockMs: 100 });
    let kills = 0;
    await lab.until(async () => {
      await new Promise((resolve) => setTimeout(resolve, 20 + random.between(0, 500)));
      const now = await lab.now(id);
      if (now.record.end !== undefined) return true;
      if (kills < KILLS && (await killOwner(id))) kills += 1;
      await ensureWorkflowSupervised(lab.host, await lab.now(id));
      return undefined;
    }, 'it to end between two kills');
    const { instance, plan, record, seq } = await lab.over(id);
    expect(kills).toBeGreaterThan(3);
    expect(essence(instance)).toEqual(expected);
    for (const type of ['run_started', 'run_ended', 'command_ended'] as const) {
      const twice = [...(await counted(id, type))].filter(([, count]) => count > 1);
      expect(twice, type).toEqual([]);
    }
    // What is cached is what the journal says.
    const lines = await lab.lines(id);
    expect(lines.map((line) => line.seq)).toEqual(lines.map((_, index) => index + 1));
    expect(seq).toBe(lines.length);
    const first = newInstance(plan, {
      workflow_id: id,
      task: record.task,
      time: record.created,
    });
    expect(
      replay(
        plan,
        first,
        lines.flatMap(({ event }) => event ?? []),
      ),
    ).toEqual(instance);
  });

  it('runs each command once, however often its supervisor is killed', async () => {
    const script = `require('fs').appendFileSync('ran.txt', process.env.CC_WORKFLOW_NODE + '\\n')`;
    const nodes = Array.from(
      { length: 12 },
      (_, n) =>
        `  c${n}: { type: command, command: [${JSON.stringify(process.execPath)}, -e, ${JSON.stringify(script)}]${n < 3 ? '' : `, needs: c${n - 3}`} }`,
    );
    const text = ['schema_version: 1', 'id: cmds', 'max_concurrent: 3', 'nodes:', ...nodes].join(
      '\n',
    );
    const id = await lab.launch(text, { mock: false });
    const random = new Random(7);
    let kills = 0;
    await lab.until(async () => {
      await new Promise((resolve) => setTimeout(resolve, 50 + random.between(0, 900)));
      if ((await lab.now(id)).record.end !== undefined) return true;
      // Without an end of it a machine on which one takes long to come up would get nowhere.
      if (kills < 3 * KILLS && (await killOwner(id))) kills += 1;
      await ensureWorkflowSupervised(lab.host, await lab.now(id));
      return undefined;
    }, 'it to end between two kills');
    const { instance } = await lab.over(id);
    expect(kills).toBeGreaterThan(1);
    expect(instance.state).toBe('succeeded');
    const ran = readFileSync(`${lab.project}/ran.txt`, 'utf8').trim().split('\n').sort();
    expect(ran).toEqual(Array.from({ length: 12 }, (_, n) => `c${n}`).sort());
  });
});

describe('a supervisor that takes over', () => {
  const SLOW = 'nodes: { a: { role: research, task: A. }, b: { role: ops, task: B., needs: a } }';
  /** Nothing ends by itself while a test does something to it, however slow the machine. */
  const mockMs = 600_000;

  it('is one of several that were started at once', async () => {
    const id = await lab.launch(SLOW, { mockMs: 300 });
    const { record } = await lab.find(id);
    const starts = Array.from({ length: 4 }, () => startWorkflowSupervisor(lab.host, record));
    await Promise.all(starts);
    await lab.until(async () => (await lab.supervisor(id)) && true, 'an owner');
    expect((await lab.over(id)).instance.state).toBe('succeeded');
    const epochs = new Set((await lab.lines(id)).map(({ epoch }) => epoch));
    expect(epochs.size).toBe(1);
  });

  it('replaces one that is frozen, and ends it', async () => {
    const id = await lab.launch(SLOW, { mockMs });
    const owner = await lab.until(() => lab.supervisor(id), 'an owner');
    process.kill(owner.pid, 'SIGSTOP');
    await lab.hurry(id);
    await lab.until(async () => {
      await ensureWorkflowSupervised(lab.host, await lab.now(id));
      return (await lab.supervisor(id))?.pid !== owner.pid || undefined;
    }, 'another owner');
    expect((await lab.over(id)).instance.state).toBe('succeeded');
    expect(isAlive(owner)).toBe(false);
  });

  it.each([
    ['a torn last line', (path: string) => appendFileSync(path, '{"seq":99,"ti')],
    ['zeros at the end', (path: string) => appendFileSync(path, Buffer.alloc(300))],
    [
      'a lost last line',
      (path: string) => {
        const text = readFileSync(path, 'utf8');
        truncateSync(path, text.lastIndexOf('\n', text.length - 2) + 1);
      },
    ],
  ])('goes on behind %s', async (_, damage) => {
    const id = await lab.launch(SLOW, { mockMs });
    await lab.until(
      async () => ((await counted(id, 'run_started')).size > 0 ? true : undefined),
      'a to run',
    );
    expect(await killOwner(id)).toBe(true);
    await lab.hurry(id);
    const { paths } = await lab.find(id);
    damage(paths.journal);
    await ensureWorkflowSupervised(lab.host, await lab.now(id));
    const { instance } = await lab.over(id);
    expect(instance.state).toBe('succeeded');
    const lines = await lab.lines(id);
    expect(lines.map((line) => line.seq)).toEqual(lines.map((_line, index) => index + 1));
  });

  it('needs no cache, and replaces one that is damaged', async () => {
    const id = await lab.launch(SLOW, { mockMs });
    const { paths } = await lab.find(id);
    await lab.until(async () => ((await lab.now(id)).seq > 1 ? true : undefined), 'it to begin');
    expect(await killOwner(id)).toBe(true);
    await lab.hurry(id);
    for (const text of [
      '{"schema_version":1,"seq":',
      '{"schema_version":1,"seq":1,"instance":{}}',
    ]) {
      writeFileSync(paths.state, text);
      expect((await lab.now(id)).instance.nodes).toHaveLength(2);
    }
    await ensureWorkflowSupervised(lab.host, await lab.now(id));
    const { instance, seq } = await lab.over(id);
    expect(instance.state).toBe('succeeded');
    expect(JSON.parse(lab.read(paths.state))).toMatchObject({ seq });
  });

  it('carries out a request once that was answered and is still there', async () => {
    const id = await lab.launch(
      'nodes: { ok: { type: approval, question: Now? }, a: { role: ops, task: A., needs: ok } }',
      { mockMs },
    );
    const found = await lab.find(id);
    await lab.until(async () => {
      const { instance } = await lab.now(id);
      return instance.state === 'waiting_approval' && lab.supervisors(id).length === 0
        ? true
        : undefined;
    }, 'it to rest');
    const payload = { decision: 'approved' };
    const request = { kind: 'approve', from: 'me', payload, ttlMs: 60_000 };
    const req = await submitRequest(found.paths.inbox, request, lab.host.clock);
    const file = `${found.paths.inbox}/${req}.json`;
    const text = readFileSync(file, 'utf8');
    await ensureWorkflowSupervised(lab.host, await lab.now(id));
    await lab.until(
      async () => (await lab.lines(id)).some((line) => line.request?.id === req) || undefined,
      'an answer',
    );
    expect(await killOwner(id)).toBe(true);
    await lab.hurry(id);
    // As it is where the kill came before it was removed.
    writeFileSync(file, text);
    await ensureWorkflowSupervised(lab.host, await lab.now(id));
    const { instance } = await lab.over(id);
    expect(instance.state).toBe('succeeded');
    const answers = (await lab.lines(id)).filter((line) => line.request?.id === req);
    expect(answers).toHaveLength(1);
  });

  it('comes with a recovery, also where nobody looks at the workflow', async () => {
    const id = await lab.launch(SLOW, { mockMs });
    await lab.until(() => lab.supervisor(id), 'an owner');
    expect(await recoverWorkflows(lab.host, { signal })).toMatchObject({
      healthy: 1,
      workflows: [],
    });
    expect(await killOwner(id)).toBe(true);
    const report = await recoverWorkflows(lab.host, { signal });
    expect(report).toMatchObject({ workflows: [{ workflow_id: id, did: 'supervised' }] });
    expect(await lab.supervisor(id)).toBeDefined();
    expect(await killOwner(id)).toBe(true);
    await lab.hurry(id);
    expect((await lab.over(id)).instance.state).toBe('succeeded');
    expect(await recoverWorkflows(lab.host, { signal })).toMatchObject({
      healthy: 0,
      workflows: [],
    });
  });

  it('says so where nobody can carry it on any more', async () => {
    const id = await lab.launch(SLOW, { mockMs });
    await lab.until(() => lab.supervisor(id), 'an owner');
    expect(await killOwner(id)).toBe(true);
    const { paths } = await lab.find(id);
    writeFileSync(paths.journal, 'not ours\n'.repeat(300));
    const report = await recoverWorkflows(lab.host, { signal });
    expect(report.workflows).toMatchObject([{ workflow_id: id, did: 'broken' }]);
    const { record } = await lab.find(id);
    expect(record.broken).toMatch(/No header/);
  });
});
