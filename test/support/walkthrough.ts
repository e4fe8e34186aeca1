import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Finished, runProgram } from './controllers.ts';
import { REPOSITORY } from './lab.ts';
import { readMarkdown } from './markdown.ts';
import { shellCommands } from './markdown-commands.ts';

/** How the commands of a document are run as they stand, but for what is listed here. */
export type Walk = {
  /** Commands that cannot be run in a test, and why. */
  skipped: Readonly<Record<string, string>>;
  /** Commands that are run in another form: what a person would type or answer there. */
  instead: Readonly<Record<string, string>>;
  /** What a reader fills in, by the word between `<` and `>`; `<run id>` is the first one that the latest command showed. */
  values: Readonly<Record<string, string>>;
  /** Exit codes other than 0, in the order in which the command occurs. */
  codes?: Readonly<Record<string, readonly number[]>>;
  /** Before the first command, in the words of a shell. */
  before?: string;
};

export type Step = {
  command: string;
  code: number;
  expected: number;
  stdout: string;
  stderr: string;
};

const RUN_ID = 'run_[0-9]{8}t[0-9]{9}z_[a-z2-7]{8}';

/**
 * Runs every command of a document's shell blocks in one shell, so that directories, variables and
 * aliases last, until one ends with an unexpected exit code. Throws where an entry of `walk` is of no
 * use any more or a placeholder has no value: a new command is never left out silently.
 */
export async function walkThrough(
  document: string,
  walk: Walk,
  place: { dir: string; cwd: string; env: Record<string, string> },
): Promise<Step[]> {
  const commands = commandsOf(document, walk);
  const out = join(place.dir, 'walk');
  mkdirSync(out, { recursive: true });
  const script = join(out, 'script.sh');
  writeFileSync(script, scriptOf(commands, walk.before ?? '', out));
  const finished = await runProgram('bash', [script], { ...place, timeoutMs: 300_000 });
  return stepsOf(commands, out, finished);
}

/** Lines of the document's `text` blocks that no command has printed; `…` stands for anything. */
export function unprinted(document: string, steps: readonly Step[]): string[] {
  const printed = steps.flatMap(({ stdout }) => stdout.split('\n'));
  return readMarkdown(document)
    .blocks.filter(({ language }) => language === 'text')
    .flatMap(({ text }) => text.split('\n'))
    .filter((line) => !printed.some((other) => patternOf(line).test(other)));
}

function patternOf(line: string): RegExp {
  return new RegExp(`^${line.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('…', '.*')}$`);
}

type Command = { text: string; run: string; expected: number };

function commandsOf(document: string, walk: Walk): Command[] {
  const texts = shellCommands(readMarkdown(document).blocks).map(({ text }) => text);
  const { skipped, instead, codes = {} } = walk;
  for (const entry of [skipped, instead, codes].flatMap(Object.keys)) {
    if (!texts.includes(entry)) throw new Error(`the document has no command: ${entry}`);
  }
  const used = new Map<string, number>();
  return texts
    .filter((text) => !(text in skipped))
    .map((text) => {
      const count = used.get(text) ?? 0;
      used.set(text, count + 1);
      return {
        text,
        run: filled(instead[text] ?? text, walk),
        expected: codes[text]?.[count] ?? 0,
      };
    });
}

function filled(command: string, { values }: Walk): string {
  return command.replace(/<([a-z][a-z ]*)>/g, (all, name: string) => {
    if (name === 'run id') return '"$RUN"';
    const value = values[name];
    if (value === undefined) throw new Error(`nothing is known to put for ${all} in: ${command}`);
    return value;
  });
}

function scriptOf(commands: readonly Command[], before: string, out: string): string {
  const steps = commands.map(({ run, expected }, index) =>
    [
      '{',
      run,
      `} >'${out}/${index}.out' 2>'${out}/${index}.err' </dev/null`,
      'code=$?',
      `echo "$code" >'${out}/${index}.code'`,
      `[ "$code" = ${expected} ] || exit 1`,
      `shown=$(grep -aoE '${RUN_ID}' '${out}/${index}.out' | head -n 1)`,
      '[ -z "$shown" ] || RUN=$shown',
    ].join('\n'),
  );
  const head = [
    'shopt -s expand_aliases',
    "RUN='no run yet'",
    `REPOSITORY='${REPOSITORY}'`,
    before,
  ];
  return `${[...head, ...steps].join('\n')}\n`;
}

function stepsOf(commands: readonly Command[], out: string, finished: Finished): Step[] {
  const done = readdirSync(out).filter((name) => name.endsWith('.code')).length;
  if (done === 0) throw new Error(`the shell did nothing: ${finished.stderr}`);
  const read = (index: number, kind: string) => readFileSync(join(out, `${index}.${kind}`), 'utf8');
  return commands.slice(0, done).map(({ text, expected }, index) => ({
    command: text,
    expected,
    code: Number(read(index, 'code')),
    stdout: read(index, 'out'),
    stderr: read(index, 'err'),
  }));
}
