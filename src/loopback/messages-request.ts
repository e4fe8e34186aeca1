import * as z from 'zod';
import { inherited } from './compaction.ts';
import type { ModelCall, ToolResult } from './script.ts';

const block = z.looseObject({ type: z.string() });
const content = z.union([z.string().transform((text) => [{ type: 'text', text }]), z.array(block)]);

/** The part of a Messages API request that the loopback model understands. */
export const messagesRequest = z.looseObject({
  model: z.string(),
  max_tokens: z.number().optional(),
  stream: z.boolean().optional(),
  system: content.optional(),
  messages: z.array(z.looseObject({ role: z.string(), content })).min(1),
  tools: z.array(z.looseObject({ name: z.string().optional() })).optional(),
  metadata: z.looseObject({ user_id: z.string().optional() }).optional(),
  output_config: z.looseObject({ format: z.unknown().optional() }).optional(),
});
export type MessagesRequest = z.output<typeof messagesRequest>;

export type Headers = Readonly<Record<string, string | string[] | undefined>>;
type Block = z.output<typeof block>;
type Message = MessagesRequest['messages'][number];

export function readMessagesCall(
  request: MessagesRequest,
  body: Readonly<Record<string, unknown>>,
  headers: Headers,
): ModelCall {
  const first = request.messages.findIndex(isAnswer);
  const before = first === -1 ? request.messages : request.messages.slice(0, first);
  const opening = before.flatMap(saidByUser).join('\n');
  return {
    api: 'messages',
    model: request.model,
    streaming: request.stream ?? false,
    conversation: conversationOf(request, headers, opening),
    step: stepsBefore(request.messages) + (inherited(opening)?.step ?? 0),
    opening,
    latest: request.messages.flatMap(saidByUser).at(-1) ?? '',
    system: (request.system ?? []).map(textOfBlock).join('\n'),
    tools: (request.tools ?? []).flatMap((tool) => tool.name ?? []),
    toolResults: toolResultsOf(request.messages),
    body,
  };
}

/**
 * Model turns so far. Claude Code leaves a user text, and no assistant message, for a call that was
 * interrupted before its first delta; that call counts too, or a stalled step could not be left.
 * (An interrupted tool leaves a longer text, and its call was counted by its assistant message.)
 */
function stepsBefore(messages: readonly Message[]): number {
  let steps = 0;
  let previous = '';
  for (const message of messages) {
    if (isAnswer(message) && previous !== 'assistant') steps += 1;
    for (const piece of message.content) {
      if (message.role === 'user' && textOfBlock(piece).trim() === INTERRUPTED) {
        if (previous !== 'assistant') steps += 1;
      }
      previous = message.role;
    }
  }
  return steps;
}

/**
 * Claude Code 2.1.329 puts words of its own into the assistant's mouth when it resumes a session that
 * was killed. No model said them, so the killed call is asked again.
 */
function isAnswer(message: Message): boolean {
  if (message.role !== 'assistant') return false;
  return message.content.map(textOfBlock).join('').trim() !== 'No response requested.';
}

const INTERRUPTED = '[Request interrupted by user]';

function conversationOf(request: MessagesRequest, headers: Headers, opening: string): string {
  const session = headers['x-claude-code-session-id'] ?? request.metadata?.user_id ?? opening;
  const agent = headers['x-claude-code-agent-id'];
  return agent === undefined ? String(session) : `${session}/${agent}`;
}

/** The user's own texts of a message; whole blocks of reminders are the client's. */
function saidByUser(message: Message): string[] {
  if (message.role !== 'user') return [];
  return message.content
    .filter((piece) => piece.type === 'text')
    .map(textOfBlock)
    .filter((text) => !REMINDER.test(text) && !text.startsWith('[Request interrupted by user'));
}

const REMINDER = /^\s*<system-reminder>(?:(?!<\/system-reminder>)[\s\S])*<\/system-reminder>\s*$/;

function textOfBlock(piece: Block): string {
  return typeof piece.text === 'string' ? piece.text : '';
}

function toolResultsOf(messages: readonly Message[]): ToolResult[] {
  const names = new Map<unknown, string>();
  const results: ToolResult[] = [];
  for (const piece of messages.flatMap((message) => message.content)) {
    if (piece.type === 'tool_use') names.set(piece.id, String(piece.name));
    if (piece.type !== 'tool_result') continue;
    results.push({
      id: String(piece.tool_use_id),
      tool: names.get(piece.tool_use_id) ?? '',
      text: textOfResult(piece.content),
      isError: piece.is_error === true,
    });
  }
  return results;
}

function textOfResult(value: unknown): string {
  const pieces = content.safeParse(value);
  return pieces.success ? pieces.data.map(textOfBlock).join('\n') : '';
}
