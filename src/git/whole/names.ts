/**
 * Directories that tools fill by the thousand. Their files are listed, not kept, and looked at last,
 * so that they cannot push anything else out.
 */
export const FILLED_BY_TOOLS: readonly string[] = [
  'node_modules',
  'bower_components',
  '.venv',
  'venv',
  '__pycache__',
  '.tox',
  '.nox',
  '.mypy_cache',
  '.pytest_cache',
  '.ruff_cache',
  'target',
  '.gradle',
  '.next',
  '.nuxt',
  '.turbo',
  '.parcel-cache',
  '.terraform',
  '.yarn',
  'Pods',
  'DerivedData',
];

const FILLED: ReadonlySet<string> = new Set(FILLED_BY_TOOLS);

export function isFilledByTools(name: string): boolean {
  return FILLED.has(name);
}

/** What a package manager notes of what it has installed there; everything else is somebody else's. */
const INSTALL_NOTES =
  /(?:^|\/)(?:\.?package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|\.yarn-(?:integrity|state\.yml)|(?:pnpm-)?lock\.ya?ml|\.modules\.ya?ml|bun\.lockb?|Manifest\.lock)$/;

/** A file of a package that was installed, in a directory that tools fill. */
export function isInstalled(path: string): boolean {
  const isThere = path.split('/').some(isFilledByTools);
  return isThere && !INSTALL_NOTES.test(path) && !isPrecious(path);
}

/** Small files that people ignore because they matter: their content is always kept. */
const PRECIOUS =
  /(?:^|\/)(?:\.env(?:\.[^/]*)?|\.envrc|\.npmrc|\.pypirc|\.netrc|\.git-credentials|id_[a-z0-9]+|[^/]*\.(?:pem|key|p12|pfx|keystore|jks|kdbx|tfvars|tfstate)|credentials(?:\.[^/]*)?|secrets?(?:\.[^/]*)?|\.mcp\.json|settings\.local\.json)$/i;

export function isPrecious(path: string): boolean {
  return PRECIOUS.test(path);
}

/** In a git directory: what decides where git stands and what it runs. */
const GIT_CORE =
  /(?:^|\/)(?:\.git|config(?:\.worktree)?|HEAD|[A-Z_]+_HEAD|packed-refs|shallow|index|commondir|gitdir)$|(?:^|\/)(?:hooks|info|refs|worktrees|rebase-merge|rebase-apply|sequencer)\//;

export function isGitCore(inGitDir: string): boolean {
  return GIT_CORE.test(inGitDir);
}

/** Git writes these by itself, with ordinary commands and in the background; nothing is run from them. */
const GIT_QUIET =
  /(?:^|\/)(?:index(?:\.lock)?|sharedindex\.[0-9a-f]+|COMMIT_EDITMSG|ORIG_HEAD|FETCH_HEAD|AUTO_MERGE|gc\.(?:log|pid)|fsmonitor--daemon(?:\.ipc|\/.+))$/;
const GIT_BOOKS =
  /(?:^|\/)(?:logs\/(?:HEAD|refs\/.+)|objects\/info\/(?:packs|commit-graphs?(?:\/.+)?))$/;
/** Where a file of such a name would be a branch or a hook. */
const GIT_NAMED_BY_USER = /(?:^|\/)(?:refs|hooks|info)\//;

export function isGitQuiet(inGitDir: string): boolean {
  if (GIT_BOOKS.test(inGitDir)) return true;
  return GIT_QUIET.test(inGitDir) && !GIT_NAMED_BY_USER.test(inGitDir);
}

/** Where a repository moved: a commit, a branch, a merge under way. Not what git runs. */
const GIT_POSITION =
  /(?:^|\/)(?:HEAD|[A-Z_]+_HEAD|packed-refs|shallow|MERGE_(?:MSG|MODE)|refs\/.+|rebase-(?:merge|apply)\/.+|sequencer\/.+)$/;

export function isGitPosition(inGitDir: string): boolean {
  return GIT_POSITION.test(inGitDir);
}

/** What the last fetch has seen of other repositories; editors fetch in the background. */
export function isRemoteRef(inGitDir: string): boolean {
  return /(?:^|\/)refs\/remotes\/.+$/.test(inGitDir);
}

/** Named by their content, so that a change of one would be found by git itself. */
export function holdsObjects(inGitDir: string): boolean {
  return /(?:^|\/)objects\/(?:[0-9a-f]{2}|pack)$/.test(inGitDir);
}
