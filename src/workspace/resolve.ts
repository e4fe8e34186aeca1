import { realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { CcError } from '../core/errors.ts';
import type { Environment } from '../proc/env.ts';
import { PRODUCT_DIR, WORKSPACE_DIR, type Workspace, workspaceAt } from './layout.ts';

/** How the working directory was found; told to the user, because a wrong guess is expensive. */
export type CwdSource = 'argument' | 'call_metadata' | 'claude_project_dir' | 'roots' | 'process';

export type Place = {
  /** Where the worker will work: absolute, symbolic links resolved, a directory. */
  cwd: string;
  source: CwdSource;
  workspace: Workspace;
};

export type PlaceHints = {
  /** The tool's own `cwd` argument. */
  cwd?: string | undefined;
  /** What the client said about this call (Codex: `codex/sandbox-state-meta`, turn metadata). */
  callMetadata?: string | undefined;
  /** First file root of the client, where it has roots. */
  clientRoot?: string | undefined;
  env: Environment;
  processCwd: string;
};

/** Finds the project (order of DESIGN §5) and the workspace it belongs to. */
export function resolvePlace(hints: PlaceHints): Place {
  const [source, path] = chooseCwd(hints);
  const cwd = requireDirectory(resolve(hints.processCwd, path), source);
  return {
    cwd,
    source,
    workspace: workspaceAt(projectRoot(cwd, real(hints.env.HOME || homedir()))),
  };
}

function chooseCwd(hints: PlaceHints): [CwdSource, string] {
  if (hints.cwd) return ['argument', absolute(hints.cwd, hints)];
  if (hints.callMetadata) return ['call_metadata', hints.callMetadata];
  if (hints.env.CLAUDE_PROJECT_DIR) return ['claude_project_dir', hints.env.CLAUDE_PROJECT_DIR];
  if (hints.clientRoot) return ['roots', hints.clientRoot];
  if (!isPluginCache(hints.processCwd, hints.env)) return ['process', hints.processCwd];
  throw new CcError('NO_WORKSPACE', 'Which project? The server runs in a plugin directory.', {
    hint: 'Pass cwd: the absolute path of the project directory.',
  });
}

/** A relative path is meant from where the client works, which need not be where this process does. */
function absolute(path: string, hints: PlaceHints): string {
  if (isAbsolute(path)) return path;
  const [, base] = chooseCwd({ ...hints, cwd: undefined });
  return resolve(hints.processCwd, base, path);
}

/** Plugin servers are started in the plugin's own directory, which is never the user's project. */
function isPluginCache(path: string, env: Environment): boolean {
  const given = env.PLUGIN_ROOT || env.CLAUDE_PLUGIN_ROOT;
  const root = given && real(given);
  if (root && (real(path) + sep).startsWith(root.endsWith(sep) ? root : root + sep)) return true;
  return /[\\/]\.(?:codex|claude)[\\/]plugins[\\/]/.test(path + sep);
}

function requireDirectory(path: string, source: CwdSource): string {
  if (path.includes('\0')) {
    throw new CcError('BAD_INPUT', 'cwd holds a NUL character.', { hint: 'Pass a plain path.' });
  }
  let isDirectory = false;
  try {
    isDirectory = statSync(path).isDirectory();
  } catch {
    // reported below: missing, unreadable or too long are all "not a directory we can use"
  }
  if (isDirectory) return realpathSync(path);
  throw new CcError('NOT_A_DIRECTORY', `Not a directory: ${path.slice(0, 300)} (from ${source}).`, {
    hint: 'Pass cwd: the absolute path of an existing project directory.',
  });
}

/**
 * The directory that owns the workspace: the nearest one above `cwd` that already has one or is the
 * top of a git work tree, else `cwd` itself. The user's home is passed over, so that a dotfiles
 * repository there does not swallow every project.
 */
function projectRoot(cwd: string, home: string): string {
  for (let at = cwd; ; at = dirname(at)) {
    if (at === home && at !== cwd) return cwd;
    if (exists(join(at, WORKSPACE_DIR, PRODUCT_DIR)) || exists(join(at, '.git'))) return at;
    if (dirname(at) === at) return cwd;
  }
}

function exists(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return false; // a directory above the project that this user may not look into
  }
}

/** Symbolic links resolved, so that two names of one directory compare equal. */
function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}
