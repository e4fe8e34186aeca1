import { parseArgs } from 'node:util';
import { processHost } from '../bin/process-host.ts';
import { CcError, ERROR_CODES, EXIT, toErrorFacts } from '../core/errors.ts';
import { nearest } from '../core/suggestion.ts';
import { VERSION } from '../core/version.ts';
import type { Tool } from '../tools/define.ts';
import { LISTING } from '../tools/listing.ts';
import { findTool } from '../tools/surface.ts';
import { commandName, generalHelp, ownHelp } from './help.ts';
import { untilInterrupted } from './interrupt.ts';
import { OWN_COMMANDS, ownCommand } from './own-commands.ts';
import type { Screen } from './render.ts';

/**
 * `cc-orchestrator <command> …`: every tool as a command, and the few that are not tools.
 * Each loads what it needs, so that they all start fast.
 */
async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args;
  switch (name) {
    case undefined:
    case 'help':
    case '--help':
    case '-h':
      process.stdout.write(generalHelp(LISTING));
      return name === undefined ? EXIT.usage : EXIT.ok;
    case '--version':
    case '-v':
      process.stdout.write(`${VERSION}\n`);
      return EXIT.ok;
    default:
      return command(name, rest);
  }
}

async function command(name: string, args: readonly string[]): Promise<number> {
  const own = ownCommand(name);
  if (own?.usage !== undefined && (args.includes('--help') || args.includes('-h'))) {
    process.stdout.write(ownHelp(own));
    return EXIT.ok;
  }
  if (own?.name === 'demo') return demo(args);
  const host = processHost({ readOnly: false });
  if (own?.name === 'wait') {
    return (await import('./wait.ts')).wait(args, host, screen(process.stderr));
  }
  if (own?.name === 'setup' || own?.name === 'uninstall') {
    const commands = await import('./setup.ts');
    return commands[own.name](args, host, screen(process.stderr));
  }
  if (own?.name === 'plugin') return (await import('./plugin.ts')).plugin(args, host);
  if (own?.name === 'doctor') {
    const { doctor } = await import('./doctor.ts');
    return doctor(args, host, screen(process.stderr), await toolFor('test-profile'));
  }
  if (own?.name === 'watch') {
    return (await import('./watch.ts')).watch(args, host, screen(process.stdout));
  }
  const [tool, { runTool }] = await Promise.all([toolFor(name), import('./run-tool.ts')]);
  return runTool(tool, args, host, screen(process.stderr));
}

async function toolFor(name: string): Promise<Tool> {
  const wanted = `cc_${name.replaceAll('-', '_')}`;
  if (LISTING.some((item) => item.name === wanted || item.aliases?.includes(wanted))) {
    const { TOOLS } = await import('../tools/registry.ts');
    return findTool(TOOLS, wanted);
  }
  throw new CcError('BAD_INPUT', `There is no command ${JSON.stringify(name.slice(0, 60))}.`, {
    hint: `${meant(name)}cc-orchestrator help lists all commands.`,
  });
}

/** `Did you mean poll-run? `, also for a tool's name and for a first word; empty where nothing is near. */
function meant(name: string): string {
  const known = [...OWN_COMMANDS.map((own) => own.name), ...LISTING.map(commandName), 'help'];
  const wanted = name.replace(/^cc_/, '').replaceAll('_', '-');
  const near = nearest(wanted, known);
  const begun = known.filter((one) => one.startsWith(`${wanted}-`)).slice(0, 5);
  const found = near === undefined ? begun : [near];
  return found.length === 0 ? '' : `Did you mean ${found.join(' or ')}? `;
}

async function demo(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      keep: { type: 'boolean', default: false },
      replay: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  // Where nobody reads any more, too, what it started and created is to be removed first.
  const unread = new AbortController();
  process.stdout.removeAllListeners('error').on('error', () => unread.abort());
  const { isTTY, colour } = screen(process.stdout);
  const { ok, error } = await untilInterrupted(async (interrupted) => {
    const { runDemo } = await import('../demo/demo.ts');
    return runDemo({
      host: processHost({ readOnly: false }),
      ...values,
      out: process.stdout,
      isTTY,
      colour,
      signal: AbortSignal.any([interrupted, unread.signal]),
    });
  });
  if (error !== undefined) return ERROR_CODES[error.code];
  return ok ? EXIT.ok : EXIT.checkFailed;
}

function screen(stream: NodeJS.WriteStream): Screen {
  const isTTY = stream.isTTY === true;
  return { isTTY, colour: isTTY && !process.env.NO_COLOR && process.env.TERM !== 'dumb' };
}

// A reader that closes the pipe early (`| head`) is no error.
process.stdout.on('error', () => process.exit(EXIT.ok));

main(process.argv.slice(2)).then(
  (code) => {
    // Not process.exit: a pipe may still have to take the output.
    process.exitCode = code;
  },
  async (error: unknown) => {
    const { reportError } = await import('./run-tool.ts');
    const json = process.argv.includes('--json');
    process.exitCode = reportError(toErrorFacts(error), json, screen(process.stderr));
  },
);
