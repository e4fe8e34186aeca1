import { join } from 'node:path';

/** Variables that lead to where a sandboxed worker can write what it writes beside its work. */
export function sandboxVariables(tmpDir: string): Record<string, string> {
  const caches = join(tmpDir, 'cache');
  return {
    TMPDIR: tmpDir,
    XDG_CACHE_HOME: caches,
    npm_config_cache: join(caches, 'npm'),
    // `git status` wants to refresh the index, which it cannot.
    GIT_OPTIONAL_LOCKS: '0',
  };
}
