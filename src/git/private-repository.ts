import { mkdir, readFile, realpath, stat, writeFile } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { CcError } from '../core/errors.ts';
import { ifThere } from '../core/if-there.ts';
import { AGENT_WORKSPACE, isArtifact } from './artifact.ts';
import { quoteObjectDirectory, type SourceEnvironment } from './environment.ts';
import type { Git } from './git.ts';
import { FILE_SYSTEM_KEYS, ownConfig } from './own-config.ts';
import type { WorkTree } from './repository.ts';
import { FILLED_BY_TOOLS } from './whole/names.ts';

/**
 * A git directory of our own beside a user's repository: own index, own objects, own configuration,
 * reading the user's objects as alternates. Git run with it as GIT_DIR never reads the repository's
 * configuration, hooks, replace refs or `info/` files, nor the user's own configuration: what counts of
 * that (ignore rules, the file system) is taken over when it is made. All it does there is to renew the
 * time stamp of objects it relies on, which keeps `git gc` from pruning them.
 */
export async function preparePrivateRepository(
  git: Git | undefined,
  repository: WorkTree,
  directory: string,
  {
    exclude = [],
    env = process.env,
  }: { exclude?: readonly string[]; env?: SourceEnvironment } = {},
): Promise<void> {
  await mkdir(join(directory, 'objects', 'info'), { recursive: true, mode: 0o700 });
  const { root, commonDir } = repository;
  await refuseInside(root, directory, exclude);
  await bindTo(root, directory);
  if (commonDir !== undefined) {
    await addAlternate(join(directory, 'objects'), join(commonDir, 'objects'));
  }
  // Written once: what a worker later does to the repository's own settings has no effect here.
  if (await exists(join(directory, 'HEAD'))) return;
  await mkdir(join(directory, 'refs'), { recursive: true, mode: 0o700 });
  await mkdir(join(directory, 'info'), { recursive: true, mode: 0o700 });
  const theirs =
    commonDir === undefined
      ? FILLED_BY_TOOLS.map((name) => `${name}/`).join('\n')
      : await readOrEmpty(join(commonDir, 'info', 'exclude'));
  const usual = await globalIgnores(git, root, env);
  const ours = [AGENT_WORKSPACE, ...pathsInside(root, exclude)].map((path) => `/${path}/\n`);
  await Promise.all([
    writeFile(join(directory, 'config'), await configFor(git, repository)),
    writeFile(join(directory, 'info', 'attributes'), `* ${EXACT}\n`),
    writeFile(join(directory, 'info', 'exclude'), `${usual}\n${theirs}\n${ours.join('')}`),
  ]);
  // Last: it is what says that the rest is complete.
  await writeFile(join(directory, 'HEAD'), 'ref: refs/heads/none\n');
}

// The strongest place for attributes. Unsetting them here gives exact content (no line end, keyword or
// encoding conversion, no filter) and stops a `-diff` in .gitattributes from hiding a change.
const EXACT = [
  'text',
  'eol',
  'crlf',
  'ident',
  'working-tree-encoding',
  'filter',
  'diff',
  'merge',
  'whitespace',
  'delta',
]
  .map((name) => `!${name}`)
  .join(' ');

/** What git found out about the file system when the repository was made. */
async function configFor(git: Git | undefined, { objectFormat }: WorkTree): Promise<string> {
  const keys = `^core\\.(${FILE_SYSTEM_KEYS.join('|')})$`;
  const known = await git?.run(['config', '--type=bool', '--null', '--get-regexp', keys], {
    okCodes: [0, 1],
  });
  const found = (known?.stdout.toString('utf8') ?? '')
    .split('\0')
    .map((entry) => /^core\.(\w+)\n(true|false)$/.exec(entry))
    .flatMap((match) => (match === null ? [] : [[match[1] ?? '', match[2] ?? ''] as const]));
  return ownConfig(objectFormat, found);
}

/** The user's rules for all their projects. A repository's own setting of that name is not theirs. */
async function globalIgnores(
  git: Git | undefined,
  root: string,
  env: SourceEnvironment,
): Promise<string> {
  const args = [
    'config',
    '--null',
    '--show-scope',
    '--type=path',
    '--get-all',
    'core.excludesFile',
  ];
  // 128: a path that leads nowhere. Rules nobody can find or read hide nothing.
  const known = await git?.run(args, { okCodes: [0, 1, 128] });
  const fields = (known?.stdout.toString('utf8') ?? '').split('\0');
  const own = fields.flatMap((scope, index) => {
    const path = fields[index + 1];
    return index % 2 === 0 && USER_SCOPES.has(scope) && path !== undefined ? [path] : [];
  });
  const path = own.at(-1) ?? usualIgnores(env);
  if (path === undefined || path === '') return '';
  return readFile(resolve(root, path), 'utf8').catch(() => '');
}

const USER_SCOPES: ReadonlySet<string> = new Set(['system', 'global']);

/** Where git looks where nothing is configured. */
function usualIgnores(env: SourceEnvironment): string | undefined {
  if (env.XDG_CONFIG_HOME) return join(env.XDG_CONFIG_HOME, 'git', 'ignore');
  const home = env.HOME || env.USERPROFILE;
  return home ? join(home, '.config', 'git', 'ignore') : undefined;
}

// Inside the working tree the snapshot would contain itself.
async function refuseInside(
  root: string,
  directory: string,
  exclude: readonly string[],
): Promise<void> {
  const [path] = pathsInside(root, [await realpath(directory)]);
  if (path === undefined || isArtifact(path) || path.startsWith('.git/')) return;
  if (pathsInside(root, exclude).some((left) => path.startsWith(`${left}/`))) return;
  throw new CcError('BAD_INPUT', 'The snapshot directory lies inside the working tree.', {
    hint: 'Use a directory outside the repository.',
  });
}

/** Those of the directories that lie below `root`, from there and with `/`. */
function pathsInside(root: string, directories: readonly string[]): string[] {
  const below = root.endsWith(sep) ? root : root + sep;
  return directories
    .filter((directory) => directory.startsWith(below))
    .map((directory) => directory.slice(below.length).split(sep).join('/'));
}

async function bindTo(root: string, directory: string): Promise<void> {
  const file = join(directory, 'cc-root');
  const bound = await readOrEmpty(file);
  if (bound === '') return writeFile(file, root);
  if (bound === root) return;
  throw new CcError('BAD_INPUT', 'The snapshot directory belongs to another working tree.', {
    hint: 'Use one snapshot directory per working tree.',
    details: { directory, root: bound },
  });
}

async function addAlternate(objects: string, other: string): Promise<void> {
  const file = join(objects, 'info', 'alternates');
  const line = quoteObjectDirectory(other);
  const known = await readOrEmpty(file);
  if (!known.split('\n').includes(line)) await writeFile(file, `${known}${line}\n`);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function readOrEmpty(path: string): Promise<string> {
  return (await ifThere(readFile(path, 'utf8'))) ?? '';
}
