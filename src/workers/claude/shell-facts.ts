import { nameOf, type SimpleCommand, simpleCommands } from './shell-commands.ts';
import { destructionOf } from './shell-risk.ts';

export type ShellFacts = {
  /** What it is for, where that is known: running tests or looking for something. */
  runs?: 'tests' | 'search';
  /** What it destroys, in a few words. */
  risk?: string;
};

const MAX_NESTING = 3;

/** What a shell command does that a controller should know of, told from its structure alone. */
export function shellFacts(command: string, nesting = 0): ShellFacts {
  const commands = simpleCommands(command).map(unwrapped);
  const inner = nesting < MAX_NESTING ? commands.flatMap((one) => scriptsIn(one)) : [];
  const nested = inner.map((script) => shellFacts(script, nesting + 1));
  const risk =
    commands.map(destructionOf).find((one) => one !== undefined) ??
    nested.find((one) => one.risk !== undefined)?.risk;
  const isTest = commands.some(runsTests) || nested.some(({ runs }) => runs === 'tests');
  const isSearch = commands[0] !== undefined && searches(commands[0]);
  const runs = isTest ? 'tests' : isSearch ? 'search' : undefined;
  return { ...(runs === undefined ? {} : { runs }), ...(risk === undefined ? {} : { risk }) };
}

/** Every simple command that a line would run, also those inside of `sh -c` and `eval`, unwrapped. */
export function commandsWithin(command: string, nesting = 0): SimpleCommand[] {
  const commands = simpleCommands(command).map(unwrapped);
  if (nesting === MAX_NESTING) return commands;
  const inner = commands.flatMap(scriptsIn);
  return [...commands, ...inner.flatMap((script) => commandsWithin(script, nesting + 1))];
}

const KEYWORDS = new Set(['do', 'then', 'else', 'elif', 'if', 'while', 'until', '!', '{', 'time']);
const WRAPPERS = new Set(
  'sudo doas env nohup nice ionice timeout xargs exec command builtin stdbuf setsid'.split(' '),
);
/** Options of wrappers that take a value of their own. */
const WITH_VALUE = new Set(['-u', '-n', '-I', '-P', '-g', '-k', '-s', '-L', '-d']);
const ASSIGNMENT = /^[A-Za-z_]\w*=/;

/** The command itself, without what only says how to run it: `sudo -u x env A=1 timeout 5 rm`. */
function unwrapped(command: SimpleCommand): SimpleCommand {
  let words: readonly string[] = command.words;
  for (;;) {
    const name = nameOf(words);
    if (KEYWORDS.has(name) || ASSIGNMENT.test(words[0] ?? '')) words = words.slice(1);
    else if (WRAPPERS.has(name)) words = withoutOptions(words.slice(1), name);
    else return { ...command, words: [...words] };
  }
}

function withoutOptions(words: readonly string[], wrapper: string): readonly string[] {
  let at = 0;
  while (words[at]?.startsWith('-')) at += WITH_VALUE.has(words[at] ?? '') ? 2 : 1;
  return words.slice(wrapper === 'timeout' ? at + 1 : at);
}

const SHELLS = new Set(['sh', 'bash', 'zsh', 'dash', 'ksh', 'fish', 'powershell', 'pwsh', 'cmd']);

/** Shell text that a command runs: `bash -c '…'`, `eval …`, a here-document. */
function scriptsIn({ words, input }: SimpleCommand): string[] {
  const name = nameOf(words);
  if (name === 'eval') return [words.slice(1).join(' ')];
  if (!SHELLS.has(name)) return [];
  const flag = words.findIndex((word) => /^-[a-z]*c$|^-command$|^\/c$/i.test(word));
  const script = flag === -1 ? undefined : words.slice(flag + 1).join(' ');
  return [script, input].filter((text): text is string => text !== undefined && text !== '');
}

const SEARCHERS = new Set(
  'grep egrep fgrep rg ag ack find fd locate ls tree findstr dir get-childitem select-string'.split(
    ' ',
  ),
);

function searches({ words }: SimpleCommand): boolean {
  const name = nameOf(words);
  return SEARCHERS.has(name) || (name === 'git' && words[1] === 'grep');
}

const TEST_RUNNERS = new Set(
  'vitest jest mocha ava tap pytest tox nox nosetests phpunit rspec ctest behave cucumber'.split(
    ' ',
  ),
);
/** Tools that run tests when their first arguments say so. */
const TEST_COMMANDS: Readonly<Record<string, RegExp>> = {
  npm: /^(?:run |run-script )?(?:t|tst|test\S*)\b/,
  pnpm: /^(?:run )?(?:t|test\S*)\b/,
  yarn: /^(?:run )?test\S*/,
  bun: /^(?:run )?test\S*/,
  deno: /^test\b/,
  npx: /^(?:-\S+ )*(?:vitest|jest|mocha|ava|tap|playwright test|cypress run)\b/,
  node: /^(?:\S+ )*--test\b/,
  python: /^-m (?:pytest|unittest|nose2?)\b/,
  python3: /^-m (?:pytest|unittest|nose2?)\b/,
  uv: /^run (?:-\S+ )*(?:pytest|python3? -m (?:pytest|unittest))\b/,
  poetry: /^run (?:pytest|python3? -m (?:pytest|unittest))\b/,
  playwright: /^test\b/,
  cypress: /^run\b/,
  go: /^test\b/,
  cargo: /^(?:\+\S+ )?(?:test|nextest)\b/,
  dotnet: /^test\b/,
  swift: /^test\b/,
  mix: /^test\b/,
  rails: /^test\b/,
  rake: /^(?:test|spec)\b/,
  bundle: /^exec (?:rspec|rake (?:test|spec)|rails test)\b/,
  mvn: /\b(?:test|verify)\b/,
  mvnw: /\b(?:test|verify)\b/,
  gradle: /\b(?:\S*[tT]est|check)\b/,
  gradlew: /\b(?:\S*[tT]est|check)\b/,
  make: /^(?:-\S+ )*(?:test\S*|check)\b/,
  just: /^test\b/,
  bazel: /^test\b/,
};

function runsTests({ words }: SimpleCommand): boolean {
  const name = nameOf(words);
  if (TEST_RUNNERS.has(name)) return true;
  const pattern = Object.hasOwn(TEST_COMMANDS, name) ? TEST_COMMANDS[name] : undefined;
  return pattern?.test(words.slice(1).join(' ')) === true;
}
