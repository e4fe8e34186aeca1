import { isObject, type JsonObject, stringAt } from '../../core/json.ts';
import { neutralise, oneLine, truncate } from '../../core/text.ts';

const TARGET_CHARS = 300;
const INPUT_CHARS = 1000;
/** A model can nest a thousand lists in one another, which would overflow the stack. */
const INPUT_DEPTH = 4;
const INPUT_ITEMS = 20;

/** Parameters that say what a tool call is about, most telling first. */
const TARGET_KEYS = [
  'file_path',
  'notebook_path',
  'command',
  'pattern',
  'path',
  'url',
  'query',
  'description',
] as const;

/** What a tool call is about in one line, and its input, bounded. */
export function describeToolUse(input: JsonObject): { target?: string; input: string } {
  const target = TARGET_KEYS.map((key) => stringAt(input, key)).find(
    (value) => value !== undefined,
  );
  const json = JSON.stringify(shortened(input, 0));
  return {
    ...(target === undefined
      ? {}
      : { target: wellFormed(oneLine(target.slice(0, 4 * TARGET_CHARS), TARGET_CHARS)) }),
    input: truncate(json, INPUT_CHARS),
  };
}

/** File contents inside an input are cut first, so that the other parameters stay readable. */
function shortened(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return short(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth === INPUT_DEPTH) return '…';
  if (Array.isArray(value)) {
    return value.slice(0, INPUT_ITEMS).map((item) => shortened(item, depth + 1));
  }
  return Object.fromEntries(
    Object.entries(value)
      .slice(0, INPUT_ITEMS)
      .map(([key, item]) => [short(key), shortened(item, depth + 1)]),
  );
}

function short(text: string): string {
  return wellFormed(truncate(neutralise(text.slice(0, 2 * TARGET_CHARS)), TARGET_CHARS));
}

/** JSON may hold half of a surrogate pair, which many readers of our files would refuse. */
export function wellFormed(text: string): string {
  return text.replace(/[\ud800-\udfff]/gu, '\ufffd');
}

/** The text of a tool result or message content, which is a string or a list of blocks. */
export function resultText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((block) =>
      isObject(block) ? (stringAt(block, 'text') ?? `[${stringAt(block, 'type')}]`) : '',
    )
    .join('\n');
}
