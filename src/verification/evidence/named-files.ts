import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { objectAt, parseJson } from '../../core/json.ts';
import { simpleCommands } from '../../workers/claude/shell-commands.ts';

/** `npm test`, `pnpm run test:unit`, …: a script of the manifest. */
const SCRIPT = /\b(?:npm|pnpm|yarn|bun)(?: run(?:-script)?)? (?<name>[\w:.-]+)/g;
const MAX_DEPTH = 3;

/**
 * Words of test commands that may name files (relative to the directory), those of the manifest's scripts
 * that they run included: whatever a command names is part of the test, whatever it is called.
 */
export function namedFiles(commands: readonly string[], cwd: string, depth = 0): string[] {
  const words = commands
    .flatMap((line) => simpleCommands(line))
    .flatMap((command) => command.words)
    .filter((word) => /[./]/.test(word) && !word.startsWith('-'));
  const scripts = commands
    .flatMap((line) => [...line.matchAll(SCRIPT)])
    .flatMap(({ groups }) => scriptsNamed(groups?.name ?? '', cwd));
  const further =
    depth < MAX_DEPTH && scripts.length > 0 ? namedFiles(scripts, cwd, depth + 1) : [];
  return [...words, ...further];
}

function scriptsNamed(name: string, cwd: string): string[] {
  let text: string;
  try {
    text = readFileSync(join(cwd, 'package.json'), 'utf8');
  } catch {
    return [];
  }
  const scripts = objectAt(parseJson(text), 'scripts') ?? {};
  return [`pre${name}`, name, `post${name}`]
    .map((key) => scripts[key])
    .filter((script) => typeof script === 'string');
}
