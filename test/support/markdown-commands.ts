import { parseCommand } from '../../src/cli/flags.ts';
import { commandName } from '../../src/cli/help.ts';
import { OWN_COMMANDS, type OwnCommand } from '../../src/cli/own-commands.ts';
import { TOOLS } from '../../src/tools/registry.ts';
import type { Block, Markdown, Piece } from './markdown.ts';

const SHELL = new Set(['sh', 'bash']);
/** How a command of ours begins: installed, or in a clone. */
const OURS =
  /^(?:cc-orchestrator|node \S*dist\/cc-orchestrator\.js|install\/install\.sh)(?: +|$)(.*)$/s;

/** The commands of the shell blocks, continued lines joined, comments taken off, one per `&&` and `;`. */
export function shellCommands(blocks: readonly Block[]): Piece[] {
  return blocks
    .filter(({ language }) => SHELL.has(language))
    .flatMap(({ text, line }) => linesOf(text).map((item) => ({ ...item, line: line + item.line })))
    .flatMap(({ text, line }) => splitCommands(text).map((part) => ({ text: part, line })));
}

/** The lines of a block as a shell reads them: continued ones are one, without comments. */
export function linesOf(block: string): Piece[] {
  const lines: Piece[] = [];
  let begun: Piece | undefined;
  for (const [index, line] of block.split('\n').entries()) {
    const text = (begun?.text ?? '') + line.replace(/\\$/, ' ');
    const piece: Piece = { text, line: begun?.line ?? index + 1 };
    begun = line.endsWith('\\') ? piece : undefined;
    const bare = withoutComment(text).trim().replace(/ +/g, ' ');
    if (begun === undefined && bare !== '') lines.push({ text: bare, line: piece.line });
  }
  return lines;
}

/**
 * Every command, flag and choice of ours that a document names and that does not exist, as
 * `line 12: …`. Looks at the shell blocks, and at code spans that begin with the program's name or
 * are the name of a command with a flag.
 */
export function commandProblems(document: Markdown): string[] {
  const spans = document.spans.flatMap(({ text, line }) =>
    splitCommands(text).map((part) => ({ text: part, line })),
  );
  const bare = spans.filter(({ text }) => / --/.test(text) && isCommand(firstWord(text)));
  return [
    ...[...shellCommands(document.blocks), ...spans].flatMap(({ text, line }) => {
      const rest = OURS.exec(text)?.[1];
      const isInstaller = text.startsWith('install/');
      if (rest === undefined) return [];
      return problem(isInstaller && !isOwn(firstWord(rest)) ? `setup ${rest}` : rest, line);
    }),
    ...bare.flatMap(({ text, line }) => problem(text, line)),
  ];
}

/** As Codex names our tools in scripts. */
const CLIENT_PREFIX = 'mcp__cc_orchestrator__';

/** Every `cc_…` in code that is no tool. `also` are names that may stand there all the same. */
export function toolProblems(document: Markdown, also: readonly string[] = []): string[] {
  const known = new Set([
    ...TOOLS.flatMap(({ name, aliases = [] }) => [name, ...aliases]),
    ...also,
  ]);
  return [...document.spans, ...document.blocks].flatMap(({ text, line }) =>
    [...text.replaceAll(CLIENT_PREFIX, '').matchAll(/(?<![A-Za-z0-9])cc_[a-z_]*[a-z]\b(?!_)/g)]
      .filter(([name]) => !known.has(name))
      .map(([name]) => `line ${line}: there is no tool ${name}`),
  );
}

function problem(command: string, line: number): string[] {
  const found = problemOf(words(command));
  return found === undefined ? [] : [`line ${line}: ${command}: ${found}`];
}

function problemOf([name = '', ...args]: readonly string[]): string | undefined {
  if (name === '' || name === PLACEHOLDER || name === '--version' || name === '--help')
    return undefined;
  const own = OWN_COMMANDS.find((command) => command.name === name);
  if (own !== undefined && own.usage !== undefined) return unknownFlag(own, args);
  const wanted = `cc_${(name === 'selftest' ? 'mock-stream-test' : name).replaceAll('-', '_')}`;
  const tool = TOOLS.find((item) => item.name === wanted || item.aliases?.includes(wanted));
  if (tool === undefined) return own === undefined ? 'no such command' : unknownFlag(own, args);
  try {
    const { input } = parseCommand(tool, args, () => '');
    const { issues = [] } = tool.input.safeParse(input).error ?? {};
    const wrong = issues.find(
      ({ code, input: value }) => code === 'invalid_value' && value !== PLACEHOLDER,
    );
    return wrong === undefined ? undefined : `${wrong.path.join('.')}: ${wrong.message}`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The flags of a command that is no tool are those that its own help names. */
function unknownFlag(own: OwnCommand, args: readonly string[]): string | undefined {
  const told = JSON.stringify(own).match(/--[a-z-]+/g) ?? [];
  const known = new Set(['--json', '--help', ...told]);
  const wrong = args.find((arg) => arg.startsWith('--') && !known.has(arg.replace(/=.*/, '')));
  return wrong === undefined ? undefined : `no such flag: ${wrong}`;
}

function isCommand(name: string): boolean {
  return isOwn(name) || TOOLS.some((tool) => commandName(tool) === name);
}

function isOwn(name: string): boolean {
  return OWN_COMMANDS.some((own) => own.name === name);
}

function firstWord(text: string): string {
  return text.split(/\s/, 1)[0] ?? '';
}

/** Stands for what a reader fills in. It is a valid id of a run. */
const PLACEHOLDER = 'run_20261121t110900123z_k3v7qa2m';

/** The words of a command: quotes and `[--…]` taken off, `<…>` and `…` filled in, nothing behind a pipe. */
function words(command: string): string[] {
  const filled = command
    .replace(/\[(--[^\]]*)\]/g, '$1')
    .replace(/<[^<>]*>/g, PLACEHOLDER)
    .replace(/run_…/g, PLACEHOLDER)
    .replace(/\s…/g, ` ${PLACEHOLDER}`);
  const [before = ''] = filled.split(/\s[|>]/, 1);
  return [...before.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) =>
    word.replaceAll(/'([^']*)'|"([^"]*)"/g, '$1$2'),
  );
}

/** Splits at `&&` and `;` outside of quotes. */
function splitCommands(line: string): string[] {
  return line.split(/\s*(?:&&|;)\s*(?=(?:[^'"]|'[^']*'|"[^"]*")*$)/);
}

/** A `#` after white space begins a comment, unless it stands in quotes. */
function withoutComment(line: string): string {
  return /^(?:'[^']*'|"[^"]*"|(?<!\s)#|[^#'"]|['"])*/.exec(line.replace(/^#.*/, ''))?.[0] ?? line;
}
