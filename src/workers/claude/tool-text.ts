import { isObject, type JsonObject, stringAt } from '../../core/json.ts';
import { neutralise, oneLine, truncate } from '../../core/text.ts';

const TARGET_CHARS = 300;
const INPUT_CHARS = 1000;

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
  return {
    ...(target === undefined ? {} : { target: oneLine(target, TARGET_CHARS) }),
    input: truncate(neutralise(JSON.stringify(shortened(input))), INPUT_CHARS),
  };
}

/** File contents inside an input are cut first, so that the other parameters stay readable. */
function shortened(input: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(input).map(([key, value]) => [
      key,
      typeof value === 'string' ? truncate(value, TARGET_CHARS) : value,
    ]),
  );
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
