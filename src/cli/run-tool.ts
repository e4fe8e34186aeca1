import { readFileSync } from 'node:fs';
import { ERROR_CODES, type ErrorFacts, EXIT, toErrorFacts } from '../core/errors.ts';
import { callTool } from '../tools/call.ts';
import type { Tool, ToolContext } from '../tools/define.ts';
import type { Host } from '../workspace/host.ts';
import { resolvePlace } from '../workspace/resolve.ts';
import { commandHelp } from './command-help.ts';
import { type ParsedCommand, parseCommand } from './flags.ts';
import { INTERRUPTED, untilInterrupted } from './interrupt.ts';
import { renderError, renderProgress, renderResult, type Screen } from './render.ts';

/** A person at a shell waits until it is done, or presses Ctrl-C. */
const WAIT_SECONDS = 86_400;

/** Runs one tool from the command line; answers the exit code. */
export async function runTool(
  tool: Tool,
  args: readonly string[],
  host: Host,
  screen: Screen,
): Promise<number> {
  let command: ParsedCommand;
  try {
    command = parseCommand(tool, args, () => readFileSync(0, 'utf8'));
  } catch (error) {
    return reportError(toErrorFacts(error), args.includes('--json'), screen);
  }
  if (command.help) {
    process.stdout.write(commandHelp(tool));
    return EXIT.ok;
  }
  const { outcome, interrupted } = await untilInterrupted(async (signal) => ({
    outcome: await callTool(tool, command.input, context(host, screen, signal)),
    interrupted: signal.aborted,
  }));
  if (!outcome.ok) return reportError(outcome.error, command.json, screen);
  const { result } = outcome;
  process.stdout.write(command.json ? `${JSON.stringify(result)}\n` : renderResult(tool, result));
  if (interrupted) return INTERRUPTED;
  return tool.failed?.(result) ? EXIT.checkFailed : EXIT.ok;
}

/** For a program on stdout, for a person on stderr; answers the exit code. */
export function reportError(error: ErrorFacts, json: boolean, screen: Screen): number {
  if (json) process.stdout.write(`${JSON.stringify({ ok: false, error })}\n`);
  else process.stderr.write(renderError(error, screen));
  return ERROR_CODES[error.code];
}

function context(host: Host, screen: Screen, signal: AbortSignal): ToolContext {
  return {
    host,
    place: async (cwd) => resolvePlace({ cwd, env: host.env, processCwd: process.cwd() }),
    client: { name: 'cli', threadId: undefined, isShell: true, waitSeconds: WAIT_SECONDS },
    signal,
    progress: (message) => {
      if (screen.isTTY) process.stderr.write(renderProgress(message, screen));
    },
  };
}
