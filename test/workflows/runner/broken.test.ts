import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { runTool } from '../../../src/cli/run-tool.ts';
import { waitForWorkflow } from '../../../src/cli/wait-workflow.ts';
import { EXIT } from '../../../src/core/errors.ts';
import { isAlive } from '../../../src/proc/identity.ts';
import type { Tool } from '../../../src/tools/define.ts';
import workflowResume from '../../../src/tools/workflows/workflow-resume.ts';
import workflowStatus from '../../../src/tools/workflows/workflow-status.ts';
import { recoverWorkflows } from '../../../src/workflows/instances/recover.ts';
import { buildSupervisors, FlowLab } from '../../support/flow-lab.ts';

const supervisor = await buildSupervisors();

let lab: FlowLab;
beforeEach(() => {
  lab = new FlowLab(supervisor);
});
afterEach(async () => {
  vi.restoreAllMocks();
  expect(await lab.close()).toEqual([]);
});

const FLOW = `nodes:
  a: { role: research, task: A. }
  b: { role: research, task: B., needs: a }
  ask: { type: approval, question: Go on? }
`;
const FOR_EVER_MS = 600_000;
/** Longer than a test may take: whoever waits that long never comes back. */
const LONG_SECONDS = 240;
const signal = () => AbortSignal.timeout(60_000);

/** One whose journal was damaged in the middle of its work, so that nobody can carry it on. */
async function broken(): Promise<string> {
  const id = await lab.launch(FLOW, { mockMs: FOR_EVER_MS });
  await lab.until(async () => {
    const { instance } = await lab.now(id);
    return instance.nodes[0]?.attempts[0]?.phase === 'running' || undefined;
  }, 'its first node to run');
  const owner = await lab.until(() => lab.supervisor(id), 'an owner');
  process.kill(owner.pid, 'SIGKILL');
  await lab.until(async () => !isAlive(owner) || undefined, 'it to die');
  const { paths } = await lab.find(id);
  const lines = readFileSync(paths.journal, 'utf8').split('\n');
  writeFileSync(paths.journal, ['x'.repeat(40), ...lines.slice(1)].join('\n'));
  await recoverWorkflows(lab.host, { signal: signal() });
  expect((await lab.find(id)).record.broken).toMatch(/No header/);
  return id;
}

/** What a shell gets. */
async function shell(run: () => Promise<number>) {
  const out = vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
  const err = vi.spyOn(process.stderr, 'write').mockImplementation(() => true);
  const code = await run();
  const text = [...out.mock.calls, ...err.mock.calls].map(([piece]) => piece).join('');
  vi.restoreAllMocks();
  return { code, answer: JSON.parse(text) };
}

const call = (tool: Tool, args: string[]) =>
  shell(() =>
    runTool(tool, [...args, '--cwd', lab.project, '--json'], lab.host, {
      isTTY: false,
      colour: false,
    }),
  );

it('says that it is broken and what to do, never to wait for it', async () => {
  const id = await broken();
  const told = {
    state: 'broken',
    reason: expect.stringMatching(/No header/),
    next: { tool: 'cc_diff_summary', input: { cwd: lab.project } },
  };
  for (const since of [[], ['--since', '1']]) {
    const wait = ['--workflow-id', id, '--wait-seconds', String(LONG_SECONDS), ...since];
    const { code, answer } = await call(workflowStatus, wait);
    expect(code).toBe(EXIT.checkFailed);
    expect(answer).toMatchObject({ ...told, broken: expect.stringMatching(/No header/) });
    expect(answer).not.toHaveProperty('running');
    expect(answer).not.toHaveProperty('waits');
  }
  const waiting = { near: lab.place, timeoutMs: LONG_SECONDS * 1000, json: true, timeUp: 9 };
  const waited = await shell(() => waitForWorkflow(lab.host, id, waiting, signal()));
  expect(waited).toMatchObject({ code: EXIT.checkFailed, answer: told });
  const { code, answer } = await call(workflowResume, ['--workflow-id', id]);
  expect(code).not.toBe(EXIT.ok);
  expect(answer.error.hint).toContain('cc_diff_summary');
});
