import { setImmediate } from 'node:timers/promises';
import { arrayAt, isObject, parseJson, stringAt } from '../core/json.ts';
import { LineReader } from '../store/lines.ts';
import { isWriteTool } from '../workers/claude/guard.ts';
import type { RunEvent } from './events.ts';

/** A call of a file tool that writes, or of the shell. Times in ms since 1970. */
export type ToolCall = {
  seq: number;
  time: number;
  tool: string;
  /** Path or command, cut to one line. */
  target: string;
  /** It runs tests; only then is its output kept. */
  tests: boolean;
  /** The worker asked for it not to be waited for. */
  background: boolean;
  /** Undefined: cut off in the middle, or going on. */
  end?: { time: number; ok: boolean; denied: boolean; output: string };
};

export type Reading = {
  /** Lines behind the header. */
  events: number;
  unreadable: number;
  /** The last line has no end. */
  isCutOff: boolean;
};

const SLICE_BYTES = 4 << 20;

/**
 * Reads the calls in a journal, in order, into `calls`, and hands every event of `others` on as it comes.
 * Only lines of the few types that matter are parsed, and none is kept. It pauses between slices, so
 * that commands under way are served.
 */
export async function readToolCalls(
  path: string,
  calls: ToolCall[],
  others: Partial<Record<RunEvent['type'], (event: RunEvent) => void>>,
): Promise<Reading> {
  const open = new Map<string, ToolCall>();
  const reading: Reading = { events: 0, unreadable: 0, isCutOff: false };
  const reader = new LineReader(path);
  try {
    for (let isHeader = true; ; ) {
      const lines = reader.read(SLICE_BYTES);
      if (lines.length === 0) break;
      for (const { bytes } of lines) {
        if (isHeader) {
          isHeader = false;
          continue;
        }
        reading.events += 1;
        const type = bytes && textAfter(bytes, TYPE, TYPE_WITHIN);
        if (bytes === undefined || type === undefined) {
          reading.unreadable += 1;
          continue;
        }
        const other = Object.hasOwn(others, type) ? others[type as RunEvent['type']] : undefined;
        if (other === undefined && !isAboutCall(type, bytes, open)) continue;
        const event = parseJson(bytes.toString('utf8'));
        if (!isObject(event)) reading.unreadable += 1;
        else if (other !== undefined) other(event as RunEvent);
        else take(calls, open, event as RunEvent);
      }
      await setImmediate();
    }
    return { ...reading, isCutOff: reader.unfinishedBytes > 0 };
  } finally {
    reader.close();
  }
}

function take(calls: ToolCall[], open: Map<string, ToolCall>, event: RunEvent): void {
  const id = stringAt(event, 'id') ?? '';
  if (event.type === 'cc.tool.used') {
    const tool = stringAt(event, 'tool') ?? '';
    if (!isKept(tool)) return;
    const call: ToolCall = {
      seq: event.seq,
      time: Date.parse(event.time),
      tool,
      target: stringAt(event, 'target') ?? '',
      tests: event.runs === 'tests',
      background: stringAt(event, 'input')?.includes('"run_in_background":true') ?? false,
    };
    calls.push(call);
    open.set(id, call);
    return;
  }
  for (const one of [id, ...arrayAt(event, 'more')].map(String)) {
    const call = open.get(one);
    if (call === undefined) continue;
    call.end = {
      time: Date.parse(event.time),
      ok: event.ok === true,
      denied: event.denied === true,
      output: call.tests ? (stringAt(event, 'output') ?? '') : '',
    };
    open.delete(one);
  }
}

function isKept(tool: string): boolean {
  return tool === 'Bash' || isWriteTool(tool);
}

const TYPE = Buffer.from('"type":"');
const TOOL = Buffer.from('"tool":"');
const ID = Buffer.from('"id":"');
const MORE = Buffer.from('"more":[');
/** seq, epoch and time come first; a type further back is one inside of something else. */
const TYPE_WITHIN = 160;
/** What names tool and call stands before their input and output, which are long. */
const NAME_WITHIN = 1200;

/** Most calls read or search; of them, neither beginning nor end is worth parsing. */
function isAboutCall(type: string, bytes: Buffer, open: ReadonlyMap<string, unknown>): boolean {
  if (type === 'cc.tool.used') {
    const tool = textAfter(bytes, TOOL, NAME_WITHIN);
    return tool === undefined || isKept(tool);
  }
  if (type !== 'cc.tool.finished') return false;
  if (bytes.includes(MORE)) return true;
  const id = textAfter(bytes, ID, NAME_WITHIN);
  return id === undefined || open.has(id);
}

function textAfter(bytes: Buffer, key: Buffer, within: number): string | undefined {
  const at = bytes.subarray(0, within).indexOf(key);
  if (at === -1) return undefined;
  const from = at + key.length;
  const end = bytes.indexOf(0x22, from);
  return end === -1 ? undefined : bytes.toString('latin1', from, end);
}
