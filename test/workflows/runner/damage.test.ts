import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { askWorkflow } from '../../../src/workflows/instances/ask.ts';
import { privateWorkflowPaths } from '../../../src/workflows/instances/paths.ts';
import { recoverWorkflows } from '../../../src/workflows/instances/recover.ts';
import { buildSupervisors, FlowLab } from '../../support/flow-lab.ts';

const supervisor = await buildSupervisors();

let lab: FlowLab;
beforeEach(() => {
  lab = new FlowLab(supervisor);
});
afterEach(async () => {
  expect(await lab.close()).toEqual([]);
});

const FLOW = `nodes:
  a: { role: research, task: A., mock_status_sequence: [fail, pass] }
  b: { role: research, task: B., needs: a }
`;
const signal = () => AbortSignal.timeout(150_000);

async function ended() {
  const id = await lab.launch(FLOW);
  const { paths, instance } = await lab.over(id);
  expect(instance.state).toBe('failed');
  return { id, paths };
}

const garble = (path: string, at: number) => {
  const lines = readFileSync(path, 'utf8').split('\n');
  lines[at] = 'x'.repeat(40);
  writeFileSync(path, lines.join('\n'));
};

const lines = (path: string) => readFileSync(path, 'utf8').split('\n');

/** Ended and left, so that nobody writes any more. */
const gone = (id: string) =>
  lab.until(
    async () => (lab.supervisors(id).length === 0 ? true : undefined),
    'it to be left alone',
  );

async function resumed(id: string) {
  const found = await lab.find(id);
  const said = await askWorkflow(lab.host, found, { kind: 'resume' })
    .then(({ ok, text }) => (ok ? 'it goes on' : text))
    .catch((error: Error) => error.message);
  await recoverWorkflows(lab.host, { thorough: lab.place.workspace, signal: signal() });
  await gone(id);
  return { said, now: await lab.now(id) };
}

it.each([
  ['is lost', (path: string) => rmSync(path)],
  ['is empty', (path: string) => truncateSync(path, 0)],
  ['is garbled in the middle', (path: string) => garble(path, 3)],
  ['lacks a line', (path: string) => writeFileSync(path, lines(path).toSpliced(3, 1).join('\n'))],
  [
    'was cut short',
    (path: string) => writeFileSync(path, `${lines(path).slice(0, 3).join('\n')}\n`),
  ],
])('a workflow whose journal %s does not begin again, and says so', async (_what, damage) => {
  const { id, paths } = await ended();
  damage(paths.journal);
  const { said, now } = await resumed(id);
  expect(said).toMatch(/journal.ndjson is damaged: /);
  expect(now.record.broken).toMatch(/journal.ndjson is damaged: /);
  expect(now.instance.state).toBe('failed');
});

it('a torn last line is none: it was never acted upon', async () => {
  const { id, paths } = await ended();
  writeFileSync(paths.journal, '{"seq":99,"time":"2026', { flag: 'a' });
  const found = await lab.find(id);
  expect(await askWorkflow(lab.host, found, { kind: 'resume' })).toMatchObject({ ok: true });
  expect((await lab.over(id)).instance.state).toBe('succeeded');
});

it.each([
  ['task', 'task.txt is not there'],
  ['plan', 'plan.json is no plan'],
] as const)(
  'a workflow without its %s says so, and nothing is left running',
  async (file, text) => {
    const { id } = await ended();
    rmSync(privateWorkflowPaths(lab.host.home, id)[file]);
    const { said, now } = await resumed(id);
    expect(said).toContain(text);
    expect(now.record.broken).toContain(text);
  },
);

it('a key whose workflow cannot be read starts no other one', async () => {
  const id = await lab.launch(FLOW, { idempotencyKey: 'k' });
  const { paths } = await lab.over(id);
  const text = readFileSync(paths.metadata, 'utf8');
  writeFileSync(paths.metadata, '{"schema_version":1}');
  await expect(lab.launch(FLOW, { idempotencyKey: 'k' })).rejects.toThrow(/is not the record/);
  writeFileSync(paths.metadata, text);
  expect(await lab.launch(FLOW, { idempotencyKey: 'k' })).toBe(id);
});
