import { type JsonObject, numberAt, objectAt, stringAt } from '../core/json.ts';
import { oneLine } from '../core/text.ts';
import { act, texts } from './apply-helpers.ts';
import type { RunEvent } from './events.ts';
import { inProject } from './in-project.ts';
import type { Progress } from './progress.ts';

const TIMELINE_LINES = 60;
const REFUSALS_KEPT = 40;
/** So that one kind of call, tried again and again, leaves room for the others. */
const REFUSALS_PER_TOOL = 8;
const REASON_CHARS = 500;
/** A model may call tools that do not exist. */
const TOOLS_KEPT = 40;
const DENIED_KEPT = 50;

export function toolUsed(state: Progress, event: RunEvent): Progress {
  const tool = stringAt(event, 'tool') ?? 'unknown';
  const told = stringAt(event, 'target');
  const target = told === undefined ? undefined : inProject(state.insight.root, told);
  countTool(state, tool);
  const last = state.timeline.at(-1);
  if (last !== undefined && last.tool === tool && last.target === target) {
    last.count += 1;
    Object.assign(last, texts(event, ['id']));
    delete last.ok;
  } else {
    state.timeline.push({
      time: event.time,
      ...texts(event, ['id']),
      ...(target === undefined ? {} : { target }),
      tool,
      count: 1,
    });
  }
  if (state.timeline.length > TIMELINE_LINES) state.timeline.shift();
  return act(state, event, target === undefined ? tool : `${tool} ${oneLine(target, 120)}`);
}

export function toolFinished(state: Progress, event: RunEvent): Progress {
  const id = stringAt(event, 'id');
  const line = state.timeline.findLast((item) => item.id !== undefined && item.id === id);
  if (line !== undefined) line.ok = event.ok === true;
  // Of its deny rules, unlike of its permission modes, it tells here only.
  return event.denied_by === 'config' ? deniedByCli(state, event) : state;
}

export function deniedByCli(state: Progress, event: RunEvent): Progress {
  const id = stringAt(event, 'id');
  if (id !== undefined && state.cli_denied.includes(id)) return state;
  if (id !== undefined) state.cli_denied = [...state.cli_denied, id].slice(-DENIED_KEPT);
  state.cli_denials += 1;
  return state;
}

function countTool(state: Progress, tool: string): void {
  // A tool may be called `constructor`, which every object seems to have.
  const isKnown = Object.hasOwn(state.tools, tool);
  const hasRoom = Object.keys(state.tools).length < TOOLS_KEPT;
  const name = isKnown || hasRoom ? tool : '(other tools)';
  const before = Object.hasOwn(state.tools, name) ? (state.tools[name] ?? 0) : 0;
  state.tools = { ...state.tools, [name]: before + 1 };
}

const KINDS: { [type: string]: Progress['unanswered'][string]['kind'] } = {
  'cc.hook.asked': 'hook',
  'cc.permission.asked': 'permission',
  'cc.mcp.asked': 'mcp',
};

export function asked(state: Progress, event: RunEvent): Progress {
  const id = stringAt(event, 'request_id');
  if (id === undefined || event.raw === undefined) return state;
  const kind = KINDS[event.type];
  if (kind === undefined) return state;
  const tool = stringAt(event, 'tool') ?? 'unknown';
  state.unanswered[id] = { kind, tool, raw: event.raw, attempt: state.attempt, seq: event.seq };
  return state;
}

export function answered(state: Progress, event: RunEvent): Progress {
  settle(state, stringAt(event, 'request_id') ?? '');
  const touched = objectAt(event, 'touched');
  if (touched !== undefined) touch(state, touched);
  if (event.allow !== false) return state;
  const tool = stringAt(event, 'tool') ?? 'unknown';
  const reason = oneLine(stringAt(event, 'reason') ?? 'not allowed', REASON_CHARS);
  refuse(state, { tool, ...texts(event, ['target']), reason });
  return act(state, event, `was refused ${tool}`);
}

function touch({ touched }: Progress, size: JsonObject): void {
  const path = stringAt(size, 'path') ?? '';
  touched.lines += numberAt(size, 'lines') ?? 0;
  if (!touched.files.includes(path)) touched.files.push(path);
}

/** The CLI waits no longer, and to it no answer is a refusal. It says so nowhere else. */
export function withdrawn(state: Progress, event: RunEvent): Progress {
  const id = stringAt(event, 'request_id') ?? '';
  const question = state.unanswered[id];
  settle(state, id);
  if (question === undefined || state.stop !== undefined) return state;
  refuse(state, { tool: question.tool, reason: 'nobody answered in time' });
  return act(state, event, `waited in vain for leave to use ${question.tool}`);
}

/** Nobody waits for this answer any more, neither the worker nor, where it was asked, the controller. */
function settle(state: Progress, requestId: string): void {
  delete state.unanswered[requestId];
  for (const [number, question] of Object.entries(state.questions)) {
    if (question.request_id === requestId) delete state.questions[number];
  }
}

function refuse(state: Progress, call: Progress['refused'][number]): void {
  state.refusals += 1;
  const alike = state.refused.filter(({ tool }) => tool === call.tool).length;
  if (state.refused.length < REFUSALS_KEPT && alike < REFUSALS_PER_TOOL) state.refused.push(call);
}

export function questionAsked(state: Progress, event: RunEvent): Progress {
  state.questions_asked = numberAt(event, 'question') ?? state.questions_asked + 1;
  state.questions[state.questions_asked] = {
    request_id: stringAt(event, 'request_id') ?? '',
    kind: event.kind === 'question' ? 'question' : 'permission',
    tool: stringAt(event, 'tool') ?? 'unknown',
    text: stringAt(event, 'text') ?? '',
    ...(Array.isArray(event.options) ? { options: event.options as string[][] } : {}),
    asked: event.time,
    until_ms: numberAt(event, 'until_ms') ?? 0,
  };
  return act(state, event, `asks: ${oneLine(stringAt(event, 'text') ?? '', 120)}`);
}
