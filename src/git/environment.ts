import { delimiter, isAbsolute } from 'node:path';
import { WINDOWS_ESSENTIALS } from '../proc/env.ts';

/** The environment a caller offers to git; only the names below are taken from it. */
export type SourceEnvironment = Readonly<Record<string, string | undefined>>;

/**
 * The places of a repository when they are not to be discovered from the working directory. With an
 * explicit `gitDir` git reads that directory's configuration and not the one of the repository.
 */
export type ExplicitRepository = {
  gitDir: string;
  workTree: string;
  indexFile?: string;
  /** More object stores to read from. */
  alternates?: readonly string[];
};

// Nothing that starts with GIT_ is inherited: GIT_DIR, GIT_INDEX_FILE or GIT_EXTERNAL_DIFF of the
// shell around us would make every answer wrong or run a program.
const INHERITED = new Set<string>([
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'XDG_CONFIG_HOME',
  'TMPDIR',
  'TEMP',
  'TMP',
  ...WINDOWS_ESSENTIALS,
]);

const FIXED: Readonly<Record<string, string>> = {
  LC_ALL: 'C',
  GIT_TERMINAL_PROMPT: '0',
  // A read must not take the user's index lock, nor rewrite the index.
  GIT_OPTIONAL_LOCKS: '0',
  GIT_NO_LAZY_FETCH: '1',
  // Git before 2.45 does not know the line above; with no protocol allowed a lazy fetch, and any
  // other transport a repository could configure, fails before it starts a program.
  GIT_ALLOW_PROTOCOL: '',
  // refs/replace can show other content than the one that is stored.
  GIT_NO_REPLACE_OBJECTS: '1',
};

// Neither the system's configuration nor the user's: nothing can lie below a file.
const NO_USER_CONFIG: Readonly<Record<string, string>> = {
  GIT_CONFIG_NOSYSTEM: '1',
  HOME: '/dev/null',
};

/** `closed`: no configuration is read but that of the explicit repository. */
export function gitEnvironment(
  source: SourceEnvironment,
  settings: readonly (readonly [key: string, value: string])[],
  repository?: ExplicitRepository,
  { closed = false }: { closed?: boolean } = {},
): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(source)) {
    if (value !== undefined && INHERITED.has(name.toUpperCase())) environment[name] = value;
  }
  for (const name of Object.keys(environment)) {
    if (name.toUpperCase() === 'PATH') environment[name] = absoluteOnly(environment[name] ?? '');
  }
  Object.assign(environment, FIXED);
  if (closed) {
    delete environment.XDG_CONFIG_HOME;
    Object.assign(environment, NO_USER_CONFIG);
  }
  environment.GIT_CONFIG_COUNT = String(settings.length);
  settings.forEach(([key, value], index) => {
    environment[`GIT_CONFIG_KEY_${index}`] = key;
    environment[`GIT_CONFIG_VALUE_${index}`] = value;
  });
  if (repository !== undefined) {
    environment.GIT_DIR = repository.gitDir;
    environment.GIT_WORK_TREE = repository.workTree;
    if (repository.indexFile !== undefined) environment.GIT_INDEX_FILE = repository.indexFile;
    if (repository.alternates !== undefined && repository.alternates.length > 0) {
      environment.GIT_ALTERNATE_OBJECT_DIRECTORIES = repository.alternates
        .map(quoteObjectDirectory)
        .join(delimiter);
    }
  }
  return environment;
}

/** Git reads `"…"` in a list of object directories as a C string; anything unusual needs it. */
export function quoteObjectDirectory(path: string): string {
  if (!/["\n#:;\\]/.test(path) || process.platform === 'win32') return path;
  return `"${path.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`;
}

// A relative entry (`.`, an empty one) would be looked up inside the repository: its `./git` would run.
function absoluteOnly(path: string): string {
  return path
    .split(delimiter)
    .filter((entry) => isAbsolute(entry))
    .join(delimiter);
}
