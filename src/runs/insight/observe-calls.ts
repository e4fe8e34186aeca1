import { stringAt } from '../../core/json.ts';
import { oneLine, truncate } from '../../core/text.ts';
import { isArtifact } from '../../git/artifact.ts';
import { isWriteTool } from '../../workers/claude/guard.ts';
import type { Todo } from '../../workers/claude/tool-facts.ts';
import type { RunEvent } from '../events.ts';
import { inProject } from '../in-project.ts';
import { digest } from './digest.ts';
import type { Insight, OpenCall } from './insight.ts';
import { advance, find, raise } from './notes.ts';

/** Search calls in a row, with nothing new read and nothing changed between them, that are too many. */
const SEARCHES_IN_VAIN = 8;
/** Failures of the same call that are too many. */
const SAME_FAILURES = 3;
/** Calls under way at once; more are possible, and then the oldest are forgotten. */
const CALLS_KEPT = 32;
const FILES_READ_KEPT = 200;
const FAILING_KEPT = 32;
const CHANGED_KEPT = 100;
const PATH_CHARS = 240;
const SHOWN_CHARS = 120;

const SEARCH_TOOLS: ReadonlySet<string> = new Set(['Grep', 'Glob', 'LS']);

/** The model wants a tool call. Whether it may have it, and how it went, comes later. */
export function toolCalled(insight: Insight, event: RunEvent): void {
  const tool = stringAt(event, 'tool') ?? 'unknown';
  const target = stringAt(event, 'target');
  const runs = event.runs === 'tests' || event.runs === 'search' ? event.runs : undefined;
  const risk = stringAt(event, 'risk');
  const call: OpenCall = {
    id: stringAt(event, 'id') ?? '',
    tool,
    digest: digest(tool, target ?? '', stringAt(event, 'input') ?? ''),
    ...(target === undefined ? {} : { target }),
    ...(runs === undefined ? {} : { runs }),
    ...(risk === undefined ? {} : { risk }),
    ...(Array.isArray(event.todos) ? { todos: event.todos as Todo[] } : {}),
  };
  insight.calls.push(call);
  if (insight.calls.length > CALLS_KEPT) insight.calls.shift();
  if (SEARCH_TOOLS.has(tool) || runs === 'search') searched(insight, event);
  else if (tool === 'Read') read(insight, target ?? '');
}

/** Seen again is not new: a worker that goes in circles reads what it has read. */
function read(insight: Insight, target: string): void {
  const file = digest(target);
  if (insight.files_read.includes(file)) return;
  insight.files_read.push(file);
  if (insight.files_read.length > FILES_READ_KEPT) insight.files_read.shift();
  insight.searches = 0;
}

function searched(insight: Insight, event: RunEvent): void {
  insight.searches += 1;
  if (insight.searches < SEARCHES_IN_VAIN) return;
  const evidence = `${SEARCHES_IN_VAIN} searches in a row without a change or a new file, last: ${shown(insight, event)}`;
  raise(insight, 'repeated_search', 'medium', event, evidence);
}

export function callEnded(insight: Insight, event: RunEvent): void {
  insight.calls_ended += 1;
  const id = stringAt(event, 'id');
  const at = insight.calls.findIndex((call) => call.id === id);
  const [call] = at === -1 ? [] : insight.calls.splice(at, 1);
  if (call === undefined) return;
  const isOk = event.ok === true;
  const isDenied = event.denied === true;
  if (call.risk !== undefined) destructive(insight, event, call, isDenied ? 'refused' : 'ran');
  countFailure(insight, event, call, isOk);
  if (isDenied) {
    refusedByCli(insight, event, call);
    return;
  }
  moveOn(insight, call, isOk);
  if (isOk && call.todos !== undefined) insight.todos = call.todos;
  if (call.runs === 'tests') tested(insight, event, call, isOk);
  if (isOk && isWriteTool(call.tool) && call.target !== undefined) {
    changed(insight, event, call.target);
  }
  advance(insight);
}

/** They did not end, and nobody knows how far they came. */
export function callsCut(insight: Insight, event: RunEvent): void {
  for (const call of insight.calls) {
    if (call.risk !== undefined) destructive(insight, event, call, 'cut');
  }
  insight.calls = [];
}

/** By its own rules; of what our hook refused, the answer has told. */
function refusedByCli(insight: Insight, event: RunEvent, call: OpenCall): void {
  if (event.denied_by === 'hook' || !isWriteTool(call.tool)) return;
  const what = `attempted: ${call.tool} ${oneLine(call.target ?? '', SHOWN_CHARS)}`;
  raise(insight, 'scope_violation', 'low', event, what);
}

export function callRefused(insight: Insight, event: RunEvent): void {
  const tool = stringAt(event, 'tool') ?? 'unknown';
  find(insight, event, 'refusal', `refused: ${tool} ${shown(insight, event)}`.trim());
  if (!isWriteTool(tool)) return;
  raise(insight, 'scope_violation', 'low', event, `attempted: ${tool} ${shown(insight, event)}`);
}

/** What was cut off may or may not have happened. */
const DESTRUCTION = { refused: 'low', cut: 'medium', ran: 'high' } as const;

function destructive(
  insight: Insight,
  event: RunEvent,
  call: OpenCall,
  how: keyof typeof DESTRUCTION,
): void {
  const evidence = `${how}: ${oneLine(call.target ?? '', SHOWN_CHARS)} (${call.risk})`;
  raise(insight, 'destructive_command', DESTRUCTION[how], event, evidence);
}

function countFailure(insight: Insight, event: RunEvent, call: OpenCall, isOk: boolean): void {
  const at = insight.failing.findIndex((one) => one.digest === call.digest);
  const [before] = at === -1 ? [] : insight.failing.splice(at, 1);
  if (isOk) return;
  const count = (before?.count ?? 0) + 1;
  insight.failing.push({ digest: call.digest, count });
  if (insight.failing.length > FAILING_KEPT) insight.failing.shift();
  if (count < SAME_FAILURES) return;
  const what = `${call.tool} ${oneLine(call.target ?? '', SHOWN_CHARS)}`.trim();
  raise(insight, 'repeated_failure', 'medium', event, `failed ${SAME_FAILURES} times: ${what}`);
}

function moveOn(insight: Insight, call: OpenCall, isOk: boolean): void {
  if (call.runs === 'tests') insight.phase = 'testing';
  else if (isWriteTool(call.tool)) {
    insight.phase = 'changing';
    if (isOk) insight.searches = 0;
  } else if (insight.phase === 'starting' || insight.phase === 'finished') {
    insight.phase = 'exploring';
  }
}

function tested(insight: Insight, event: RunEvent, call: OpenCall, isOk: boolean): void {
  const before = insight.last_test;
  const command = oneLine(call.target ?? '', SHOWN_CHARS);
  insight.last_test = { command, ok: isOk, seq: event.seq };
  if (before?.ok === isOk && before.command === command) return;
  find(insight, event, 'test', `tests ${isOk ? 'pass' : 'fail'}: ${command}`);
}

function changed(insight: Insight, event: RunEvent, target: string): void {
  const path = truncate(inProject(insight.root, target), PATH_CHARS);
  insight.changed_rev += 1;
  // What failed before may work now.
  insight.failing = [];
  const known = insight.changed.find((file) => file.path === path);
  if (known !== undefined) {
    known.edits += 1;
    known.last_seq = event.seq;
    return;
  }
  find(insight, event, 'change', `changed ${path}`);
  if (insight.changed.length === CHANGED_KEPT) {
    insight.changed_more += 1;
    return;
  }
  insight.changed.push({ path, edits: 1, last_seq: event.seq, artifact: isArtifact(path) });
}

function shown(insight: Insight, event: RunEvent): string {
  return oneLine(inProject(insight.root, stringAt(event, 'target') ?? ''), SHOWN_CHARS);
}
