import { plural } from '../../core/text.ts';
import type { PatchFile } from '../evidence/patch.ts';
import type { Tampering } from '../verification.ts';
import {
  escapesFailure,
  isAssertion,
  isBlank,
  isComment,
  isEarlyReturn,
  isMock,
  isOnly,
  isPunctuation,
  isSkip,
  isTestCase,
  isTrivial,
  isWeak,
  normal,
  swallows,
} from './lines.ts';

const SHOWN_CHARS = 120;

/**
 * What was done to tests. They may grow: new files, cases and assertions are welcome. What stood there
 * and does no longer, or no longer says the same, is told; where more was taken away than given, and
 * the code under test did not shrink along with it, that is reason enough to refuse.
 */
export function tamperedTests(files: readonly PatchFile[], sourceShrank: boolean): Tampering[] {
  const gone = takenAway(files);
  const found = files.flatMap((file) => ofFile(file, gone.get(file) ?? []));
  const lost = countOf([...gone.values()].flat());
  const won = countOf(newLines(files));
  const outweighs = lost > won && !sourceShrank;
  return outweighs
    ? found.map((one) => (GRAVE.has(one.code) ? { ...one, level: 'reject' as const } : one))
    : found;
}

const GRAVE: ReadonlySet<string> = new Set([
  'tests_deleted',
  'tests_removed',
  'assertions_removed',
]);

function countOf(lines: readonly string[]): number {
  return lines.filter((line) => (isAssertion(line) && !isTrivial(line)) || isTestCase(line)).length;
}

/** Removed lines of code that stand nowhere else in the tests now: moving a test is no loss. */
function takenAway(files: readonly PatchFile[]): Map<PatchFile, string[]> {
  const added = new Map<string, number>();
  for (const line of files.flatMap((file) => file.added)) {
    added.set(normal(line), (added.get(normal(line)) ?? 0) + 1);
  }
  return new Map(
    files.map((file) => [
      file,
      file.removed.filter((line) => {
        if (isBlank(line) || isComment(line) || isPunctuation(line)) return false;
        const again = added.get(normal(line)) ?? 0;
        if (again === 0) return true;
        added.set(normal(line), again - 1);
        return false;
      }),
    ]),
  );
}

function newLines(files: readonly PatchFile[]): string[] {
  const removed = new Map<string, number>();
  for (const line of files.flatMap((file) => file.removed)) {
    removed.set(normal(line), (removed.get(normal(line)) ?? 0) + 1);
  }
  return files
    .flatMap((file) => file.added)
    .filter((line) => {
      const before = removed.get(normal(line)) ?? 0;
      if (before === 0) return true;
      removed.set(normal(line), before - 1);
      return false;
    });
}

function ofFile(file: PatchFile, gone: readonly string[]): Tampering[] {
  const found: Tampering[] = [];
  const tell = (code: string, what: string, lines: readonly string[] = []) =>
    found.push({ code, level: 'investigate', path: file.path, text: withLine(what, lines) });
  const more = (is: (line: string) => boolean) => {
    const added = file.added.filter(is);
    return added.length > file.removed.filter(is).length ? added : [];
  };

  if (file.status === 'deleted') {
    if (gone.length > 0) tell('tests_deleted', `${countOf(gone)} test(s) and assertion(s) deleted`);
    return found;
  }
  const skipped = more(isSkip);
  if (skipped.length > 0) tell('tests_skipped', 'skipped', skipped);
  const narrowed = more(isOnly);
  if (narrowed.length > 0) tell('tests_narrowed', 'only some tests run', narrowed);
  const trivial = file.added.filter(isTrivial);
  if (trivial.length > 0) tell('assertion_trivial', 'always holds', trivial);
  const escapes = more(escapesFailure);
  if (escapes.length > 0) tell('failure_hidden', 'hides a failure', escapes);
  if (/(?:^|\/)__mocks__\//.test(file.path)) tell('test_mocks_added', 'replaces a module');
  if (file.status === 'added') return found;

  const cases = gone.filter(isTestCase);
  if (cases.length > file.added.filter(isTestCase).length) {
    tell('tests_removed', `${plural(cases.length, 'test')} removed`, cases);
  }
  const assertions = gone.filter(isAssertion);
  const newOnes = file.added.filter(isAssertion);
  if (assertions.length > newOnes.length) {
    tell('assertions_removed', `${plural(assertions.length, 'assertion')} removed`, assertions);
  } else if (assertions.length > 0) {
    const isWeaker = newOnes.some(isWeak) && !assertions.some(isWeak);
    tell(
      isWeaker ? 'assertions_weakened' : 'assertions_changed',
      'what is expected was changed',
      assertions,
    );
  }
  // Around lines that were there before: those stand on both sides of the diff.
  const caught = file.removed.length > 0 ? more(swallows) : [];
  if (caught.length > 0) tell('failure_hidden', 'swallows a failure', caught);
  const mocks = more(isMock);
  if (mocks.length > 0) tell('test_mocks_added', 'replaces what is tested', mocks);
  const returns = more(isEarlyReturn);
  if (returns.length > 0) tell('test_cut_short', 'ends before its assertions', returns);
  const other = gone.filter(
    (line) => !isAssertion(line) && !isTestCase(line) && !isImport(line, file),
  );
  if (other.length > 0 && found.length === 0)
    tell('test_code_changed', 'existing lines changed', other);
  return found;
}

/** Other names from the same module are no other test. */
function isImport(line: string, file: PatchFile): boolean {
  const from = moduleOf(line);
  return from !== undefined && file.added.some((one) => moduleOf(one) === from);
}

function moduleOf(line: string): string | undefined {
  const match =
    /^\s*(?:import\b.*|.*\bfrom\s|.*\brequire\s*\()\s*['"]([^'"]+)['"]/.exec(line) ??
    /^\s*from\s+(\S+)\s+import\b/.exec(line) ??
    /^\s*use\s+([\w:]+)::/.exec(line);
  return match?.[1];
}

function withLine(what: string, lines: readonly string[]): string {
  const [first] = lines;
  return first === undefined ? what : `${what}: ${first.trim().slice(0, SHOWN_CHARS)}`;
}
