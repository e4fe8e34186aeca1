/**
 * Ignored caches and reports that test runners, compilers and package managers rewrite whenever they
 * are used. Whoever allows such a command allows these; nothing else that is ignored is in here.
 */
const CACHES =
  /(?:^|\/)(?:__pycache__|\.pytest_cache|\.mypy_cache|\.ruff_cache|\.hypothesis|\.tox|\.nox|\.nyc_output|coverage|htmlcov|\.turbo|\.parcel-cache|\.gradle|\.next\/cache|target|node_modules\/(?:\.cache|\.vite|\.vite-temp|\.vitest))\/|(?:^|\/)(?:\.coverage(?:\.[^/]*)?|\.eslintcache|\.stylelintcache|[^/]*\.tsbuildinfo|[^/]*\.pyc)$/;

export function isGenerated(path: string): boolean {
  return CACHES.test(path);
}
