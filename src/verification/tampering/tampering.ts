import { isOfKind } from '../../runs/changes/path-kinds.ts';
import type { PatchFile } from '../evidence/patch.ts';
import type { Tampering } from '../verification.ts';
import { tamperedConfig } from './config-files.ts';
import { type FileKind, kindOf } from './kinds.ts';
import { avoidsCoverage, isBlank, isComment, isPlaceholder, sniffsTests } from './lines.ts';
import { tamperedTests } from './test-files.ts';

const SHOWN_CHARS = 120;
/** Tests may stand beside the code they test, and words about code are no code. */
const WITH_TESTS_INSIDE = /\.rs$/;

/** What a diff does to the checks it will be judged by, and what only pretends to be a change. */
export function tamperingIn(
  files: readonly PatchFile[],
  named: ReadonlySet<string> = new Set(),
): Tampering[] {
  const kinds = new Map(files.map((file) => [file, kindOfChange(file, named)]));
  const of = (...wanted: FileKind[]) =>
    files.filter((file) => wanted.includes(kinds.get(file) ?? 'source'));
  const source = of('source');
  const net = source.reduce((sum, { added, removed }) => sum + added.length - removed.length, 0);
  const tests = [
    ...of('test'),
    ...source.filter(({ path }) => WITH_TESTS_INSIDE.test(path)).map(onlyTests),
  ];
  return [
    ...files.flatMap((file) => movedAway(file, named)),
    ...tamperedTests(tests, net < 0),
    ...of('ci', 'runner', 'scripts', 'manifest', 'snapshot').flatMap((file) =>
      tamperedConfig(file, kinds.get(file) ?? 'source'),
    ),
    ...source.filter(({ path }) => !isOfKind(path, 'prose')).flatMap(pretended),
  ];
}

/** A file that stopped being a test by its new name is judged by the old one. */
function kindOfChange({ path, old_path }: PatchFile, named: ReadonlySet<string>): FileKind {
  if (named.has(path) || named.has(old_path)) return 'test';
  const before = kindOf(old_path);
  return before === 'source' ? kindOf(path) : before;
}

/** A test by another name is run by nobody. */
function movedAway({ path, old_path }: PatchFile, named: ReadonlySet<string>): Tampering[] {
  const wasTest = kindOf(old_path) === 'test' || named.has(old_path);
  if (path === old_path || !wasTest || kindOf(path) === 'test') return [];
  const text = `was the test ${old_path}, and is none by its name now`;
  return [{ code: 'tests_moved_away', level: 'investigate', path, text }];
}

/** Of a file with tests inside, only the lines that are of tests. */
function onlyTests(file: PatchFile): PatchFile {
  const isOfTest = (line: string) => /#\[(?:\w+::)?(?:test|ignore)\b|\bassert\w*!\s*\(/.test(line);
  return { ...file, added: file.added.filter(isOfTest), removed: file.removed.filter(isOfTest) };
}

/** Source that knows it is being tested, hides from measurement, or stands in for what is missing. */
function pretended(file: PatchFile): Tampering[] {
  const known = new Set(file.removed.map((line) => line.trim()));
  const added = file.added.filter((line) => !isBlank(line) && !known.has(line.trim()));
  const rules: readonly [string, string, (line: string) => boolean][] = [
    ['test_detection', 'behaves otherwise under test', sniffsTests],
    ['coverage_ignored', 'taken out of the coverage', avoidsCoverage],
    ['placeholder', 'says itself that it is not done', isPlaceholder],
    ['exit_added', 'may end a test run early', endsTheProcess],
  ];
  return rules.flatMap(([code, what, is]) => {
    const line = added.find(is);
    if (line === undefined) return [];
    const text = `${what}: ${line.trim().slice(0, SHOWN_CHARS)}`;
    return [{ code, level: 'investigate' as const, path: file.path, text }];
  });
}

/** Successfully, and from anywhere: what runs the tests would end with it. */
function endsTheProcess(line: string): boolean {
  return (
    !isComment(line) &&
    /^(?:process\.(?:exit\s*\(\s*0?\s*\)|exitCode\s*=\s*0)|(?:sys\.exit|os\._exit|exit)\s*\(\s*0?\s*\))/.test(
      line,
    )
  );
}

/** Every line that changed is blank or a comment: nothing can behave differently. */
export function isOnlyComments(files: readonly PatchFile[]): boolean {
  const code = files.filter(({ path }) => !isOfKind(path, 'prose'));
  return (
    code.length > 0 &&
    code.length === files.length &&
    code.every((file) =>
      [...file.added, ...file.removed].every((line) => isBlank(line) || isComment(line)),
    ) &&
    code.some((file) => file.added.length + file.removed.length > 0)
  );
}
