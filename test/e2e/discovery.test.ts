import { afterAll, beforeAll, expect, test } from 'vitest';
import { arrayAt, isObject, stringAt } from '../../src/core/json.ts';
import { claudeController, codexExec } from '../support/controllers.ts';
import { CLAUDE, Lab } from '../support/lab.ts';

/**
 * What a model would search for, and the tools one of which it has to see among the first three. The
 * search is Codex's own (BM25 over titles, descriptions, parameters and instructions, of its own
 * deferred tools too): the real program runs it and sends the loopback model what it found.
 */
const QUERIES: readonly (readonly [query: string, ...wanted: string[]])[] = [
  ['run a worker', 'cc_run_agent', 'cc_run_streaming_agent'],
  ['start a worker', 'cc_run_streaming_agent'],
  ['delegate a task', 'cc_run_agent', 'cc_run_streaming_agent'],
  ['delegate', 'cc_run_agent', 'cc_run_streaming_agent'],
  ['start an agent in the background', 'cc_run_streaming_agent'],
  ['check progress', 'cc_poll_run'],
  ['list running workers', 'cc_run_status'],
  ['stop', 'cc_stop_run'],
  ['stop a worker', 'cc_stop_run'],
  ['cancel the run', 'cc_stop_run'],
  ['wait until it is done', 'cc_wait_runs'],
  ['wait for the worker to finish', 'cc_wait_runs'],
  ['get the result', 'cc_last_run'],
  ['read the answer', 'cc_last_run'],
  ['verify the change', 'cc_verify_run'],
  ['run the tests', 'cc_verify_run'],
  ['show the diff', 'cc_git_diff'],
  ['what changed', 'cc_diff_summary', 'cc_git_diff'],
  ['did it stay in scope', 'cc_check_write_scope'],
  ['undo the changes', 'cc_rollback_run', 'cc_undo'],
  ['roll back', 'cc_rollback_run'],
  ['apply the changes', 'cc_apply_run'],
  ['what did it cost', 'cc_usage_summary'],
  ['spending', 'cc_usage_summary'],
  ['set a budget', 'cc_cost_guard'],
  ['which model', 'cc_pick_profile'],
  ['list providers', 'cc_list_profiles'],
  ['compare two models', 'cc_shadow_run', 'cc_benchmark_suite'],
  ['resume the run', 'cc_send_instruction'],
  ['send a message to the worker', 'cc_send_instruction'],
  ['answer the question', 'cc_answer_question'],
  ['what should I do next', 'cc_decide'],
  ['prompt templates', 'cc_prompt_pack'],
  ['run a workflow', 'cc_workflow_run'],
  ['workflow status', 'cc_workflow_status'],
  ['stop the workflow', 'cc_workflow_stop'],
  ['approve a node', 'cc_workflow_approve'],
  ['resume a workflow', 'cc_workflow_resume'],
  ['retry a node', 'cc_workflow_retry_node'],
  ['workflow report', 'cc_workflow_report'],
  ['plan a workflow', 'cc_workflow_plan'],
  ['health check', 'cc_healthcheck'],
];

/** Gets Codex's `tool_search`. */
const SEARCHES = 'gpt-5.5';
/** Gets a list of names and descriptions, without titles but with the instructions in each of them. */
const WRITES_CODE = 'gpt-6-astra';
/** Words it would look through the list for. */
const CODE_QUERIES: readonly (readonly [word: string, wanted: string])[] = [
  ['progress', 'cc_poll_run'],
  ['stop', 'cc_stop_run'],
  ['evidence', 'cc_verify_run'],
  ['cost', 'cc_usage_summary'],
  ['patch', 'cc_git_diff'],
  ['budget', 'cc_run_streaming_agent'],
  ['undo', 'cc_undo'],
  ['roll back', 'cc_rollback_run'],
];
/** That such a word leaves over; with it in the instructions it would leave all. */
const FEW = 12;

/**
 * Claude Code has a search of its own, by words of names and descriptions. Its model sees all names
 * at once, so it asks with their words.
 */
const CLAUDE_QUERIES: readonly (readonly [query: string, wanted: string])[] = [
  ['run agent', 'cc_run_agent'],
  ['verify the change', 'cc_verify_run'],
  ['show the diff', 'cc_git_diff'],
  ['undo the changes', 'cc_undo'],
  ['usage cost', 'cc_usage_summary'],
  ['validate workflow', 'cc_workflow_validate'],
  ['answer question', 'cc_answer_question'],
  ['cost limit', 'cc_cost_guard'],
];

/** What it needs for nearly every task is there without a search. */
const LOADED = [
  'cc_run_streaming_agent',
  'cc_wait_runs',
  'cc_poll_run',
  'cc_last_run',
  'cc_stop_run',
];

let lab: Lab;
const found = new Map<string, string[]>();

beforeAll(async () => {
  lab = await Lab.open([]);
  lab.model.addScript({
    name: 'codex',
    match: 'DELEGATE',
    api: 'responses',
    steps: [
      { tools: QUERIES.map(([query]) => ({ name: 'tool_search', input: { query } })) },
      { text: 'Found.' },
    ],
  });
  await codexExec(lab, 'DELEGATE this', { slug: SEARCHES });
  const items = arrayAt(lab.model.requestsFor('codex').at(-1)?.body, 'input');
  for (const [callId, query] of items.flatMap(asked)) {
    found.set(query, items.filter((item) => answers(item, callId)).flatMap(toolsIn));
  }
});
afterAll(async () => {
  expect(await lab.close()).toEqual([]);
});

test.each(QUERIES)('"%s" finds %s among the first three', (query, ...wanted) => {
  const first = (found.get(query) ?? []).slice(0, 3);
  expect(
    wanted.some((tool) => first.includes(tool)),
    first.join(' '),
  ).toBe(true);
});

test('code that looks through the list of Codex finds them, and not all of them', async () => {
  const words = JSON.stringify(CODE_QUERIES.map(([word]) => word));
  const code = `const having = (word) => ALL_TOOLS.filter(({ name, description }) =>
    name.includes('cc_') && description.toLowerCase().includes(word)).map(({ name }) => name);
  text(JSON.stringify(${words}.map(having)));`;
  let output = '';
  lab.model.addScript({
    name: 'code',
    match: 'LOOK',
    api: 'responses',
    steps: [
      { tools: [{ name: 'exec', input: code }] },
      (call) => {
        output = call.toolResults.at(-1)?.text ?? '';
        return { text: 'Seen.' };
      },
    ],
  });
  await codexExec(lab, 'LOOK for tools', { slug: WRITES_CODE });
  const lists = JSON.parse(output.slice(output.indexOf('[['))) as string[][];
  for (const [index, [word, wanted]] of CODE_QUERIES.entries()) {
    expect(lists[index], word).toContain(`mcp__cc_orchestrator__${wanted}`);
    expect(lists[index]?.length, word).toBeLessThanOrEqual(FEW);
  }
});

test('Claude Code has the core at once, and finds the rest', async () => {
  lab.model.addScript({
    name: 'claude',
    match: 'DELEGATE',
    api: 'messages',
    steps: [
      { tools: CLAUDE_QUERIES.map(([query]) => ({ name: 'ToolSearch', input: { query } })) },
      { text: 'Found.' },
    ],
  });
  await claudeController(lab, 'DELEGATE this', CLAUDE);
  const [first, second] = lab.model.requestsFor('claude');
  const names = arrayAt(first?.body, 'tools').map((tool) => stringAt(tool, 'name'));
  expect(names).toEqual(expect.arrayContaining(LOADED.map((tool) => `mcp__cc__${tool}`)));
  expect(names).not.toContain('mcp__cc__cc_verify_run');
  const [uses, results] = arrayAt(second?.body, 'messages')
    .slice(-2)
    .map((message) => arrayAt(message, 'content'));
  for (const [query, wanted] of CLAUDE_QUERIES) {
    const use = uses?.find((one) => isObject(one) && stringAt(one.input, 'query') === query);
    const result = results?.find((one) => stringAt(one, 'tool_use_id') === stringAt(use, 'id'));
    const ranked = arrayAt(result, 'content').map((one) => stringAt(one, 'tool_name'));
    expect(ranked.slice(0, 3), query).toContain(`mcp__cc__${wanted}`);
  }
});

function asked(item: unknown): [callId: string, query: string][] {
  if (stringAt(item, 'type') !== 'tool_search_call' || !isObject(item)) return [];
  const query = stringAt(item.arguments, 'query');
  return query === undefined ? [] : [[stringAt(item, 'call_id') ?? '', query]];
}

function answers(item: unknown, callId: string): boolean {
  return stringAt(item, 'type') === 'tool_search_output' && stringAt(item, 'call_id') === callId;
}

/** Names of tools in the order of their rank; a namespace holds several. */
function toolsIn(output: unknown): string[] {
  return arrayAt(output, 'tools').flatMap((entry) => {
    const members = arrayAt(entry, 'tools');
    return (members.length > 0 ? members : [entry]).flatMap((tool) => stringAt(tool, 'name') ?? []);
  });
}
