import type * as z from 'zod';
import { CcError, type ErrorFacts, toErrorFacts } from '../core/errors.ts';
import { redactJson } from '../core/redact.ts';
import { oneLine } from '../core/text.ts';
import { seenRedactor } from '../profiles/seen-secrets.ts';
import type { Tool, ToolContext } from './define.ts';
import { boundResult } from './result.ts';

export type CallOutcome =
  | { ok: true; result: Record<string, unknown> }
  | { ok: false; error: ErrorFacts };

/**
 * The one way to call a tool: checks the input, runs the handler, bounds the result, and turns
 * whatever is thrown into error facts without secrets. Never throws.
 */
export async function callTool(
  tool: Tool,
  input: unknown,
  context: ToolContext,
): Promise<CallOutcome> {
  try {
    const parsed = parseInput(tool, input);
    const result = await tool.handler(parsed, context);
    return { ok: true, result: await boundResult(tool, result, context.host.home) };
  } catch (error) {
    return failure(error);
  }
}

/** Any thrown value as an outcome: no secrets, no control characters, one line. */
export function failure(error: unknown): CallOutcome & { ok: false } {
  const facts = toErrorFacts(error);
  const redact = seenRedactor();
  return {
    ok: false,
    error: { ...redactJson(facts, redact), message: redact(oneLine(redact(facts.message), 500)) },
  };
}

function parseInput(tool: Tool, input: unknown): unknown {
  const parsed = tool.input.safeParse(input ?? {});
  if (parsed.success) return parsed.data;
  const valid = Object.keys(tool.input.shape);
  const unknown = parsed.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' && issue.path.length === 0 ? issue.keys : [],
  );
  const list =
    valid.length === 0 ? 'It takes no arguments.' : `Valid arguments: ${valid.join(', ')}.`;
  if (unknown.length > 0) {
    const names = unknown.slice(0, 5).map((key) => oneLine(key, 40));
    throw new CcError('UNKNOWN_ARGUMENT', `${tool.name} has no argument ${names.join(', ')}.`, {
      hint: list,
    });
  }
  throw new CcError('BAD_INPUT', `${tool.name}: ${oneLine(problems(parsed.error), 400)}`, {
    hint: list,
  });
}

/** One clause per problem. Values are not repeated: they may be long or secret. */
function problems(error: z.ZodError): string {
  return error.issues
    .slice(0, 5)
    .map((issue) => `${issue.path.map(String).join('.') || 'input'}: ${issue.message}`)
    .join('; ');
}
