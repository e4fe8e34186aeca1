import { expect, test } from 'vitest';
import { isObject } from '../../src/core/json.ts';
import type { ModelCall, Step } from '../../src/loopback/index.ts';
import { claudeController, codexExec } from '../support/controllers.ts';
import { CLAUDE } from '../support/lab.ts';
import { handOver } from '../support/workflows/actor.ts';
import { inShop } from '../support/workflows/in-shop.ts';

/** What one workflow of ten nodes may cost its controller, from the start to its end. */
const MOST_BYTES = 3000;

const shop = inShop();

const WORKERS = ['a', 'b', 'c', 'd', 'e', 'f'];
/** Six side by side in two rows, a command, two gates and a last word. */
const TEN = `schema_version: 1
id: ten
nodes:
${WORKERS.map((name, at) => `  ${name}: { role: review, task: Do ${name} of ten., needs: [${at < 3 ? '' : WORKERS[at - 3]}] }`).join('\n')}
  tests: { type: command, command: [npm, test] }
  tested: { type: gate, needs: tests, pass_when: tests.exit_code == 0 }
  reviewed: { type: gate, needs: [d, e, f], pass_when: d.blocking_count == 0 }
  report: { role: documentation, task: Report on ten., needs: [tested, reviewed], outputs: { report: text } }
`;

const quick = () => [handOver('review', { findings: [], blocking_issues: [] })];
const PERSONAS = {
  ...Object.fromEntries(WORKERS.map((name) => [name, quick])),
  report: () => [
    handOver('documentation', { summary: 'Ten nodes.', report: 'All is well. '.repeat(50) }),
  ],
};

/** Runs it and waits, again with the same key as long as it goes on. */
function controller(namespace: string, mock: boolean): (call: ModelCall) => Step {
  const input = { file: 'ten.yaml', idempotency_key: 'once', mock };
  return (call) => {
    const last = call.toolResults.at(-1)?.text ?? '';
    if (/"state":\s*"succeeded"/.test(last)) return { text: 'DONE well' };
    if (call.step > 20) return { text: `DONE badly: ${last}` };
    return { tools: [{ namespace, name: 'cc_workflow_run', input }] };
  };
}

async function controlled(who: 'codex' | 'claude', mock: boolean) {
  const { lab, flows } = shop;
  lab.write('ten.yaml', TEN);
  await flows.cast(TEN, PERSONAS);
  const isCodex = who === 'codex';
  lab.model.addScript({
    name: who,
    match: 'ORCHESTRATE',
    api: isCodex ? 'responses' : 'messages',
    steps: [],
    after: controller(isCodex ? 'mcp__cc_orchestrator' : 'mcp__cc', mock),
  });
  const ended = isCodex
    ? await codexExec(lab, 'ORCHESTRATE this')
    : await claudeController(lab, 'ORCHESTRATE this', CLAUDE);
  expect(ended.stdout + ended.stderr).toContain('DONE well');
  const body = JSON.stringify(lab.model.requestsFor(who).at(-1)?.body);
  const id = /wf_\d{8}t\d{9}z_[a-z2-7]{8}/.exec(body)?.[0] ?? '';
  flows.ids.push(id);
  await flows.atRest(id);
  return lab.model.requestsFor(who);
}

/** Everything our tool answered, as the model of the controller saw it. */
function answersOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(answersOf);
  if (!isObject(value)) return [];
  const { type, output, content } = value;
  if (type === 'function_call_output') return [textOf(output)];
  if (type === 'tool_result') return [textOf(content)];
  return Object.values(value).flatMap(answersOf);
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));

test.each([
  ['codex', true],
  ['codex', false],
  ['claude', true],
  ['claude', false],
] as const)('real %s as a controller runs a workflow and waits (mock: %s)', async (who, mock) => {
  const { flows } = shop;
  const calls = await controlled(who, mock);
  const answers = answersOf(calls.at(-1)?.body);
  const bytes = answers.reduce((sum, answer) => sum + Buffer.byteLength(answer), 0);
  console.log(`${who}, mock ${mock}: ${answers.length} answers, ${bytes} bytes`);
  expect(bytes).toBeLessThanOrEqual(MOST_BYTES);
  expect(answers.join('\n').includes('mock')).toBe(mock);
  const wanted = mock ? {} : { ...Object.fromEntries(WORKERS.map((name) => [name, 1])), report: 1 };
  expect(flows.conversations('ten')).toEqual(wanted);
});
