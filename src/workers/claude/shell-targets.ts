import { isAbsolute, relative, resolve, sep } from 'node:path';
import { isProtectedPath } from './protected-paths.ts';
import { nameOf, type SimpleCommand } from './shell-commands.ts';
import { commandsWithin } from './shell-facts.ts';

/** Programs whose arguments are what they change. */
const CHANGERS = new Set(
  'cp mv rm tee ln install touch mkdir rmdir chmod chown truncate dd rsync unlink shred patch'.split(
    ' ',
  ),
);
/** Programs that change their arguments only when they are told to. */
const IN_PLACE: Readonly<Record<string, RegExp>> = {
  sed: /^-[a-zA-Z]*i|^--in-place/,
  perl: /^-[a-zA-Z]*i/,
};

type Place = { cwd: string; root: string; protectedPaths?: readonly string[] | undefined };

/** What a shell command would change that is protected, as far as its text tells. */
export function protectedTarget(command: string, context: Place): string | undefined {
  return commandsWithin(command)
    .flatMap(targetsOf)
    .find((target) => {
      const path = relative(context.root, resolve(context.cwd, target)).split(sep).join('/');
      if (path === '' || path.startsWith('../') || isAbsolute(path)) return false;
      return isProtectedPath(path, context.protectedPaths);
    });
}

function targetsOf({ words, writesTo }: SimpleCommand): string[] {
  const name = nameOf(words);
  const args = words.slice(1);
  const pattern = Object.hasOwn(IN_PLACE, name) ? IN_PLACE[name] : undefined;
  const changes = CHANGERS.has(name) || args.some((arg) => pattern?.test(arg) === true);
  const named = changes ? args.map((arg) => arg.replace(/^of=/, '')) : [];
  return [...writesTo, ...named.filter((arg) => !arg.startsWith('-'))];
}
