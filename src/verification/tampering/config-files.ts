import type { PatchFile } from '../evidence/patch.ts';
import type { Tampering } from '../verification.ts';
import type { FileKind } from './kinds.ts';
import { escapesFailure, isBlank, isComment, isPunctuation, isThreshold, normal } from './lines.ts';

const SHOWN_CHARS = 120;

/** Keys of a manifest that say how checks are run. */
const TEST_KEY =
  /"(?:(?:pre|post)?(?:test|check|lint|typecheck|coverage|ci|verify|build|e2e|spec)[\w:.-]*)"\s*:|"(?:jest|vitest|mocha|ava|tap|nyc|c8|testMatch|testPathIgnorePatterns|coverageThreshold|collectCoverageFrom|setupFiles\w*|testEnvironment|passWithNoTests|moduleNameMapper|transform)"\s*:|\baddopts\b|\btestpaths\b|\bpython_files\b|\bnorecursedirs\b|\bfail_under\b|\bomit\b|\bfilterwarnings\b|\[tool\.(?:pytest|coverage|tox|nox|ruff|mypy)|\[\[?(?:test|bench|profile\.test)|\b(?:test|harness|doctest)\s*=\s*(?:false|true)/;
const TEST_WORD =
  /\b(?:tests?|check|verify|lint|coverage|ci|pytest|vitest|jest|mocha|cargo|node --test)\b/i;

/** What was done to how tests are run: their scripts, runners, thresholds, and CI. */
export function tamperedConfig(file: PatchFile, kind: FileKind): Tampering[] {
  const added = unlike(file.added, file.removed);
  const removed = unlike(file.removed, file.added);
  const found: Tampering[] = [];
  const tell = (code: string, what: string, line = '') =>
    found.push({
      code,
      level: 'investigate',
      path: file.path,
      text: line === '' ? what : `${what}: ${line.trim().slice(0, SHOWN_CHARS)}`,
    });
  const hiding = added.find(escapesFailure);
  if (hiding !== undefined) tell('failure_hidden', 'hides a failure', hiding);
  if (kind === 'source') return found;
  const lowered = added.find((line) => isThreshold(line) && isLowered(line, removed));
  if (lowered !== undefined) tell('threshold_lowered', 'a threshold was lowered', lowered);
  if (kind === 'snapshot') {
    if (file.status !== 'added' || removed.length > 0) {
      tell(
        'snapshot_changed',
        file.status === 'deleted' ? 'deleted' : 'what is expected was changed',
      );
    }
    return found;
  }
  const changed = [...added, ...removed];
  if (changed.length === 0 && file.status === 'modified') return found;
  if (kind === 'manifest' || kind === 'scripts') {
    const touched = isAboutTests(file, changed);
    if (touched !== undefined && found.length === 0) {
      tell('test_scripts_changed', 'how checks are run was changed', touched);
    }
  } else if (found.length === 0) {
    tell(kind === 'ci' ? 'ci_changed' : 'runner_config_changed', 'changed', changed[0]);
  }
  return found;
}

function isAboutTests(file: PatchFile, changed: readonly string[]): string | undefined {
  if (/\.json$|\.toml$|\.cfg$/i.test(file.path)) {
    const line = changed.find((one) => TEST_KEY.test(one));
    const inside = file.hunks.find(
      ({ context, lines }) =>
        /\[tool\.(?:pytest|coverage)/.test(context) && lines.some((one) => /^[+-]/.test(one)),
    );
    return line ?? inside?.context;
  }
  // A target of tests, or a script that is for nothing else.
  if (!/makefile|\.mk$|justfile|taskfile|rakefile|gradle|pom\.xml/i.test(file.path))
    return changed[0];
  const isTarget = file.hunks.some(({ lines }) =>
    lines.some((one) => /^.\s*(?:test|check|ci|verify|lint)[\w-]*\s*:/.test(one)),
  );
  return changed.find((one) => TEST_WORD.test(one)) ?? (isTarget ? changed[0] : undefined);
}

/** Lines that stand only on one side, whatever is around them. */
function unlike(lines: readonly string[], others: readonly string[]): string[] {
  const known = new Set(others.map(normal));
  return lines.filter(
    (line) =>
      !isBlank(line) && !isPunctuation(line) && !isComment(line) && !known.has(normal(line)),
  );
}

const NUMBER = /\d+(?:\.\d+)?/;

/** The same line with a smaller number. */
function isLowered(line: string, removed: readonly string[]): boolean {
  const after = Number(NUMBER.exec(line)?.[0]);
  const shape = normal(line).replace(NUMBER, '#');
  return removed.some((before) => {
    if (normal(before).replace(NUMBER, '#') !== shape) return false;
    return after < Number(NUMBER.exec(before)?.[0]);
  });
}
