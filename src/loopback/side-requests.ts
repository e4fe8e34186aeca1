import { summaryFor } from './compaction.ts';
import type { ModelCall, Step } from './script.ts';

/** A request a client makes for itself. It is answered at once and uses up no step. */
export type SideKind = 'probe' | 'compaction' | 'title' | 'side_question' | 'other';

/** Recognised by structure where there is some, else by the client's fixed wording. */
export function sideKindOf(
  call: ModelCall,
  headers: Readonly<Record<string, string | string[] | undefined>>,
): SideKind | undefined {
  return call.api === 'messages' ? claudeKind(call) : codexKind(call, headers);
}

function claudeKind(call: ModelCall): SideKind | undefined {
  if (call.body.max_tokens === 1) return 'probe';
  if (call.latest.includes('Your task is to create a detailed summary of')) return 'compaction';
  if (call.tools.length === 0 && schemaOf(call) !== undefined) return 'title';
  if (lastContentText(call).includes('<system-reminder>This is a side question')) {
    return 'side_question';
  }
  return undefined;
}

function codexKind(
  call: ModelCall,
  headers: Readonly<Record<string, string | string[] | undefined>>,
): SideKind | undefined {
  const kind = /"request_kind":"(\w+)"/.exec(String(headers['x-codex-turn-metadata'] ?? ''))?.[1];
  if (kind === 'compaction') return 'compaction';
  if (call.latest.includes('CONTEXT CHECKPOINT COMPACTION')) return 'compaction';
  return kind === undefined || kind === 'turn' ? undefined : 'other';
}

/** `script` is the one that answers the conversation, so that a summary can name it. */
export function sideAnswer(kind: SideKind, call: ModelCall, script: string | undefined): Step {
  const usage = { input: 10, output: 5 };
  switch (kind) {
    case 'compaction':
      return { text: summaryFor(script ?? 'none', call.step, call.opening), usage };
    case 'title':
      return { text: JSON.stringify(sample(schemaOf(call))), usage };
    default:
      return { text: 'ok', usage };
  }
}

function schemaOf(call: ModelCall): unknown {
  return field(field(field(call.body, 'output_config'), 'format'), 'schema');
}

/** The smallest value of an object schema of strings, which is all that clients ask for on the side. */
function sample(schema: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.keys(field(schema, 'properties') ?? {}).map((key) => [key, 'Loopback']),
  );
}

function lastContentText(call: ModelCall): string {
  const messages = call.body.messages;
  return JSON.stringify(Array.isArray(messages) ? messages.at(-1) : '');
}

function field(value: unknown, key: string): object | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const inner: unknown = Reflect.get(value, key);
  return typeof inner === 'object' && inner !== null ? inner : undefined;
}
