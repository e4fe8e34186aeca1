import picomatch from 'picomatch';

/** Never changed by a worker, at whatever depth: git's own, our records, and what starts programs. */
export const PROTECTED_NAMES = ['.git', '.agent-workspace', '.claude', '.mcp.json'] as const;

/** Whether a path (relative to the project, with `/`) is one that nobody may change. */
export function isProtectedPath(path: string, globs: readonly string[] = []): boolean {
  return protectedMatcher(globs)(path);
}

/** The same for many paths. What is below a protected directory is protected, too. */
export function protectedMatcher(globs: readonly string[]): (path: string) => boolean {
  const matches =
    globs.length === 0 ? undefined : picomatch([...globs], { dot: true, nocase: true });
  return (path) => {
    const parts = path.split('/');
    if (parts.some(isProtectedName)) return true;
    if (matches === undefined) return false;
    return parts.some((_, index) => matches(parts.slice(0, index + 1).join('/')));
  };
}

function isProtectedName(name: string): boolean {
  // Windows ignores dots and spaces at the end of a name.
  const plain = name.toLowerCase().replace(/[. ]+$/, '');
  return PROTECTED_NAMES.some((one) => one === plain);
}
