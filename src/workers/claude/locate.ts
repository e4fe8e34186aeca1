import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { CcError } from '../../core/errors.ts';
import { runCommand } from '../../proc/command.ts';
import { allowedEnvironment, type Environment } from '../../proc/env.ts';
import { makePrivateDir, readJson, writeJsonAtomic } from '../../store/atomic.ts';

/** First version whose hooks can be told to block on failure (claude-code-cli.md §5). */
export const MINIMUM_CLAUDE = '2.1.295';
/** The version every fact in this code was measured with. */
export const MEASURED_CLAUDE = '2.1.329';

export type ClaudeBinary = {
  path: string;
  source: 'policy' | 'CC_CLAUDE_PATH' | 'PATH' | 'installed package' | 'home';
};

/** Where Claude Code is, or undefined. The real binary is returned, never a shell wrapper. */
export function locateClaude(env: Environment, policyPath?: string): ClaudeBinary | undefined {
  if (policyPath) return candidate(policyPath, 'policy');
  if (env.CC_CLAUDE_PATH) return candidate(env.CC_CLAUDE_PATH, 'CC_CLAUDE_PATH');
  return onPath(env) ?? inPackage() ?? inHome(env);
}

/** Locates and checks Claude Code, or says how to get it. */
export async function requireClaude(
  env: Environment,
  cacheDir: string,
  policyPath?: string,
): Promise<ClaudeBinary & { version: string }> {
  const binary = locateClaude(env, policyPath);
  if (binary === undefined) {
    throw new CcError('WORKER_NOT_FOUND', 'Claude Code is not installed (no `claude` found).', {
      hint: 'Install it: npm install -g @anthropic-ai/claude-code  (or set CC_CLAUDE_PATH to the binary).',
    });
  }
  const version = await claudeVersion(binary.path, env, cacheDir);
  if (compareVersions(version, MINIMUM_CLAUDE) < 0) {
    throw new CcError(
      'WORKER_UNSUPPORTED',
      `Claude Code ${version} at ${binary.path} is too old; ${MINIMUM_CLAUDE} or newer is needed.`,
      {
        hint: 'Update it: npm install -g @anthropic-ai/claude-code@latest  (older versions let a write through when a permission hook fails).',
      },
    );
  }
  return { ...binary, version };
}

/** The version, asked once per binary and remembered by its identity (asking costs a process start). */
async function claudeVersion(path: string, env: Environment, cacheDir: string): Promise<string> {
  const stat = statSync(path);
  const identity = `${path}|${stat.ino}|${stat.size}|${stat.mtimeMs}`;
  const cacheFile = join(cacheDir, 'claude-version.json');
  const cached = await readJson(cacheFile).catch(() => undefined);
  if (isCached(cached) && cached.identity === identity) return cached.version;
  const result = await runCommand(path, ['--version'], {
    cwd: '/',
    env: { ...allowedEnvironment(env), DISABLE_AUTOUPDATER: '1' },
    timeoutMs: 15_000,
  });
  const version = /^(\d+\.\d+\.\d+)/.exec(result.stdout.trim())?.[1];
  if (result.exitCode !== 0 || version === undefined) {
    throw new CcError('WORKER_UNSUPPORTED', `${path} --version gave no version.`, {
      hint: 'Is this Claude Code? Check it by hand, or set CC_CLAUDE_PATH to the right binary.',
      details: { exit_code: result.exitCode, stderr: result.stderr.slice(-300) },
    });
  }
  await makePrivateDir(cacheDir);
  await writeJsonAtomic(cacheFile, { schema_version: 1, identity, version });
  return version;
}

/** Negative, zero or positive, like a comparator. Missing parts count as 0. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  for (let index = 0; index < 3; index += 1) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function isCached(value: unknown): value is { identity: string; version: string } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'identity' in value &&
    'version' in value &&
    typeof value.version === 'string'
  );
}

const STUB_BYTES = 100_000;

function onPath(env: Environment): ClaudeBinary | undefined {
  const names = process.platform === 'win32' ? ['claude.exe'] : ['claude'];
  for (const directory of (env.PATH ?? '').split(delimiter)) {
    for (const name of names) {
      const found = directory === '' ? undefined : candidate(join(directory, name), 'PATH');
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** Installed beside us. npm's wrappers cannot be started on Windows, the binary in the package can. */
function inPackage(): ClaudeBinary | undefined {
  const require = createRequire(import.meta.url);
  const platform = `${process.platform}-${process.arch}`;
  const specifiers: [string, string[]][] = [
    ['@anthropic-ai/claude-code/package.json', ['bin/claude.exe']],
    // Where install scripts are not run, the binary stays in the platform's own package.
    [`@anthropic-ai/claude-code-${platform}/package.json`, ['claude', 'claude.exe']],
  ];
  for (const [specifier, names] of specifiers) {
    let directory: string;
    try {
      directory = dirname(require.resolve(specifier));
    } catch {
      continue;
    }
    for (const name of names) {
      const found = candidate(join(directory, name), 'installed package');
      // A stub of some hundred bytes stands here where npm was not allowed to run install scripts.
      if (found !== undefined && statSync(found.path).size > STUB_BYTES) return found;
    }
  }
  return undefined;
}

function inHome(env: Environment): ClaudeBinary | undefined {
  const home = env.HOME ?? env.USERPROFILE;
  if (home === undefined) return undefined;
  const name = process.platform === 'win32' ? 'claude.exe' : 'claude';
  return (
    candidate(join(home, '.local', 'bin', name), 'home') ??
    candidate(join(home, '.claude', 'local', name), 'home')
  );
}

function candidate(path: string, source: ClaudeBinary['source']): ClaudeBinary | undefined {
  try {
    accessSync(path, constants.X_OK);
    if (!statSync(path).isFile()) return undefined;
    return { path: realpathSync(path), source };
  } catch {
    return undefined;
  }
}
