import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { askWorkflow } from '../../../src/workflows/instances/ask.ts';
import { buildSupervisors, FlowLab } from '../../support/flow-lab.ts';

const supervisor = await buildSupervisors();

let lab: FlowLab;
beforeEach(() => {
  lab = new FlowLab(supervisor);
});
afterEach(async () => {
  expect(await lab.close()).toEqual([]);
});

const NODE = JSON.stringify(process.execPath);

describe('a workflow of commands', () => {
  it('runs them in order, and a gate reads how they ended', async () => {
    const id = await lab.launch(
      `
schema_version: 1
id: c
nodes:
  a: { type: command, command: [${NODE}, -e, "console.log('hello')"] }
  b: { type: command, command: [${NODE}, -e, "process.exit(3)"], needs: a, on_failure: continue }
  g: { type: gate, needs: [a, b], pass_when: ["a.exit_code == 0", "b.exit_code == 3"] }
`,
      { mock: false },
    );
    const { instance } = await lab.over(id);
    expect(instance.nodes.map(({ state }) => state)).toEqual(['succeeded', 'failed', 'succeeded']);
    expect(instance.nodes[0]?.tasks[0]?.result?.output_tail).toContain('hello');
    expect(instance.state).toBe('succeeded');
  });

  it('is stopped, and the command with it', async () => {
    const id = await lab.launch(
      `
schema_version: 1
id: c
nodes:
  a: { type: command, command: [${NODE}, -e, "setTimeout(() => {}, 60000)"] }
  b: { type: command, command: [${NODE}, -e, "0"], needs: a }
`,
      { mock: false },
    );
    await lab.until(async () => (await lab.now(id)).instance.live === 1 || undefined, 'a to run');
    const found = await lab.find(id);
    const answer = await askWorkflow(
      lab.host,
      found,
      { kind: 'stop', text: 'enough' },
      { from: 'me' },
    );
    expect(answer).toMatchObject({ ok: true });
    const { instance } = await lab.over(id);
    expect(instance).toMatchObject({ state: 'stopped', reason: 'stopped by me: enough' });
    expect(instance.nodes.map(({ state }) => state)).toEqual(['cancelled', 'cancelled']);
  });
});

describe('a workflow in a workflow', () => {
  const INNER = `
schema_version: 1
id: inner
nodes:
  look: { role: research, task: Look. }
`;
  const OUTER = `
schema_version: 1
id: outer
nodes:
  first: { role: research, task: First. }
  part: { type: workflow, uses: inner.yaml, task: Do the part., needs: first }
  last: { role: review, task: Last., needs: part }
`;
  const files = async (path: string) => (path === 'inner.yaml' ? INNER : undefined);

  it('is run once, and hands on what its nodes had', async () => {
    const id = await lab.launch(OUTER, {}, files);
    const { instance } = await lab.over(id);
    expect(instance.state).toBe('succeeded');
    const result = instance.nodes[1]?.tasks[0]?.result;
    expect(result).toMatchObject({ handoff: { look: { status: 'pass' } } });
    const child = await lab.over(result?.workflow_id ?? '');
    expect(child.record.parent).toMatchObject({ workflow_id: id });
    // Without an id it is the whole that is meant.
    expect((await lab.find(undefined)).record.workflow_id).toBe(id);
  });

  it('ends when the whole is stopped', async () => {
    const outer = 'nodes: { part: { type: workflow, uses: inner.yaml, task: Do the part. } }';
    // Neither ends by itself.
    const id = await lab.launch(outer, { mockMs: 600_000 }, files);
    const childId = await lab.until(async () => {
      const { instance } = await lab.now(id);
      return instance.nodes[0]?.attempts[0]?.run_id ?? undefined;
    }, 'the inner one to run');
    await askWorkflow(lab.host, await lab.find(id), { kind: 'stop' }, { from: 'me' });
    expect((await lab.over(id)).instance.state).toBe('stopped');
    expect((await lab.over(childId)).instance.state).toBe('stopped');
  });
});
