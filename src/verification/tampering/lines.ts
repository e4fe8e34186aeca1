/** What single lines of tests and scripts do, in the languages that are common. */

const ASSERTION =
  /\bexpect\s*\(|\bassert\w*\s*[.(!]|^\s*assert\b|\bassert\w*!\s*\(|\.should[.(]|\bt\.(?:is|not|deepEqual|like|true|false|throws\w*|equal|equals|same|ok|Error|Errorf|Fatal|Fatalf|Fail|FailNow)\s*\(|\b(?:require|assert)\.[A-Z]\w*\s*\(|\bself\.(?:assert|fail)\w*\s*\(|\bpytest\.raises\b|\bEXPECT_\w+\s*\(|\bXCTAssert\w*\s*\(|\bAssert\.\w+\s*\(|\b(?:is|isnt|is_deeply|cmp_ok)\s*\(/;
const TEST_CASE =
  /^\s*(?:export\s+)?(?:it|test|specify|scenario)(?:\.\w+)*\s*\(|^\s*(?:async\s+)?def\s+test\w*\s*\(|^\s*func\s+(?:Test|Fuzz|Example)\w*\s*\(|^\s*#\[(?:\w+::)?test\b|^\s*@(?:Test|ParameterizedTest)\b|^\s*\[(?:Fact|Theory|Test|TestMethod)\b|^\s*(?:t\.Run|describe|context)\s*\(|^\s*(?:public\s+)?function\s+test\w*\s*\(|^\s*Scenario:|^\s*@test\s/;
const SKIP =
  /\b(?:it|test|describe|suite|context|specify)\.(?:skip\w*|runIf|todo|fails|failing|concurrent\.skip)\b|\bx(?:it|test|describe|context|specify)\s*\(|\bskip:\s*(?:true|['"`])|@(?:pytest\.mark\.)?(?:skip|skipif|xfail)\b|@unittest\.(?:skip\w*|expectedFailure)|\bpytest\.(?:skip|xfail|importorskip)\s*\(|\bself\.skipTest\s*\(|\b[tb]\.Skip(?:f|Now)?\s*\(|#\[ignore\b|@(?:Ignore|Disabled)\b|\[Ignore\b|\bSkip\s*=\s*"|\bmarkTest(?:Skipped|Incomplete)\s*\(|\bthis\.skip\s*\(|\bt\.(?:skip|todo)\s*\(|^\s*(?:pending|skip)\b(?:\s+['"(]|\s*$)|\btodo:\s*true/;
const ONLY =
  /\b(?:it|test|describe|suite|context)\.only\b|\bf(?:it|describe|context)\s*\(|\bonly:\s*true/;
const TRIVIAL =
  /\bexpect\s*\(\s*(?:true|1|!0)\s*\)\s*\.\s*(?:toBe|toEqual|toStrictEqual)\s*\(\s*(?:true|1|!0)\s*\)|\bexpect\s*\(\s*(?:true|1)\s*\)\s*\.\s*(?:toBeTruthy|to\.be\.true|toBeDefined)|\bassert(?:\.ok|\.equal|\.strictEqual|True|_true)?\s*[(!]?\s*\(?\s*(?:true|True|1)\s*(?:,\s*(?:true|True|1)\s*)?(?:,[^)]*)?\)|^\s*assert\s+(?:True|1(?:\s*==\s*1)?|true)\s*(?:#.*|,.*)?$|\bassert!\s*\(\s*true\b|\bt\.(?:pass|true\s*\(\s*true)|\bassert_eq!\s*\(\s*(\w+)\s*,\s*\1\s*\)|\bexpect\s*\(\s*([\w.]+)\s*\)\s*\.\s*(?:toBe|toEqual)\s*\(\s*\2\s*\)|\bassert\.(?:equal|strictEqual|deepEqual)\s*\(\s*([\w.]+)\s*,\s*\3\s*\)|\bassert\s+(\w+)\s*==\s*\4\s*$/;
/** It can be satisfied by nearly anything. */
const WEAK =
  /\.(?:toBeDefined|toBeTruthy|toBeFalsy|not\.toThrow|not\.toBeNull|not\.toBeUndefined|to\.(?:exist|be\.ok))\b|\bassertIsNotNone\b|\bassert\.(?:ok|isDefined|exists|NotNil)\s*\(|\bexpect\.any\w*\s*\(|\bis not None\s*$/;
const ESCAPE =
  /\|\|\s*(?:true|:|exit\s+0|echo\b)|(?:^|[;&|\s"'])exit\s+0\b|\bset\s+\+e\b|\bprocess\.exit\s*\(\s*0?\s*\)|\bprocess\.exitCode\s*=\s*0\b|\b(?:sys|os)\.?_?exit\s*\(\s*0?\s*\)|\bos\._exit\s*\(\s*0|--passWithNoTests|\bpassWithNoTests\b|\bcontinue-on-error\s*:\s*true|\ballow_failure\s*:\s*true|--no-verify\b|\bif\s*:\s*(?:false|\$\{\{\s*false)|--(?:forceExit|no-cov|exit-zero|allow-no-tests)\b|(?:^|\s)-(?:k|m)\s+["']?not\b|--(?:ignore|deselect|exclude|testPathIgnorePatterns|skip)\b|2>\s*\/dev\/null\s*;?\s*true|^\t-\S/;
const THRESHOLD =
  /threshold|fail[_-]?under|minimum|min[_-]?coverage|check-coverage|\b(?:branches|functions|lines|statements)["']?\s*:/i;
const SNIFFS =
  /\bprocess\.env\.NODE_ENV\b[^;]*['"`]test|\bprocess\.env\.(?:VITEST\w*|JEST_WORKER_ID|NODE_TEST_CONTEXT|CI|MOCHA\w*)\b|process\.env\[['"](?:VITEST|JEST_WORKER_ID|NODE_TEST_CONTEXT|CI)['"]\]|\bimport\.meta\.(?:vitest|env\.VITEST)|\bPYTEST_CURRENT_TEST\b|['"](?:pytest|unittest)['"]\s+in\s+sys\.modules|\btesting\.Testing\s*\(\)|\bglobalThis\.(?:expect|describe|it)\b|typeof\s+(?:describe|it|jest|expect|vi)\b|process\.argv\.(?:some|includes|join)[^;]*(?:test|vitest|jest|mocha)|\bos\.(?:environ|getenv)\b.*\bCI\b/;
const NO_COVERAGE =
  /\b(?:istanbul|c8|v8|node:coverage)\s+ignore\b|\bpragma:\s*no\s*cover\b|\bLCOV_EXCL|\[ExcludeFromCodeCoverage\]|#\[coverage\(off\)\]/;
const PLACEHOLDER =
  /\bNotImplementedError\b|\bnot[ _-]?(?:yet[ _-]?)?implemented\b|\b(?:unimplemented|todo)!\s*\(|\bNotImplementedException\b|^\s*(?:\/\/|#|\/\*|--)\s*(?:TODO|FIXME|XXX)\b.*\b(?:implement|fix|finish|complete|real|add|handle)\w*/i;
const MOCK =
  /\b(?:vi|jest|td)\.(?:mock|doMock|unstable_mockModule|setMock)\s*\(|\bmock\.(?:module|patch)\b|@(?:mock\.)?patch\b|\bmonkeypatch\.setattr\b|\bproxyquire\s*\(|\brewire\s*\(/;
const COMMENT = /^\s*(?:\/\/|#(?!\[|!)|\/\*|\*(?:\s|\/|$)|<!--|--\s|"""|'''|;)/;
/** Ends a test before it has looked at anything. */
const EARLY_RETURN = /^\s*return\s*;?\s*$|^\s*if\s*\(?\s*(?:false|0|False)\s*\)?/;

export const isAssertion = (line: string) => !isComment(line) && ASSERTION.test(line);
export const isTestCase = (line: string) => !isComment(line) && TEST_CASE.test(line);
export const isSkip = (line: string) =>
  BUILD_TAG.test(line) || (!isComment(line) && SKIP.test(line));
export const isOnly = (line: string) => !isComment(line) && ONLY.test(line);
export const isTrivial = (line: string) => !isComment(line) && TRIVIAL.test(line);
export const isWeak = (line: string) => !isComment(line) && WEAK.test(line);
export const isMock = (line: string) => !isComment(line) && MOCK.test(line);
/** Also where it is a comment to everybody but the compiler. */
const BUILD_TAG = /^\s*\/\/(?:go:build|\s*\+build)\b/;
/** What goes wrong behind it is nobody's business. */
const SWALLOWS = /\bcatch\b\s*[({]|^\s*except\b.*:/;

export const swallows = (line: string) => !isComment(line) && SWALLOWS.test(line);
export const isEarlyReturn = (line: string) => EARLY_RETURN.test(line);
export const escapesFailure = (line: string) => ESCAPE.test(line);
export const isThreshold = (line: string) => THRESHOLD.test(line);
export const sniffsTests = (line: string) => !isComment(line) && SNIFFS.test(line);
export const avoidsCoverage = (line: string) => NO_COVERAGE.test(line);
export const isPlaceholder = (line: string) => PLACEHOLDER.test(line);

export function isComment(line: string): boolean {
  return COMMENT.test(line);
}

export function isBlank(line: string): boolean {
  return line.trim() === '';
}

/** The same code, however it is indented and whatever ends it. */
export function normal(line: string): string {
  return line.trim().replace(/\s+/g, ' ').replace(/[,;]$/, '');
}

/** A line of brackets alone moves whenever something is added beside it. */
export function isPunctuation(line: string): boolean {
  return /^[\s()[\]{},;:]*$/.test(line) || /^\s*(?:end|fi|done|esac|else|pass)\s*$/.test(line);
}
