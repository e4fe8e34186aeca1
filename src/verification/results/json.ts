import { arrayAt, isObject, numberAt, objectAt, parseJson, stringAt } from '../../core/json.ts';
import { type Counted, counted } from './counts.ts';

/** Reports in JSON: jest and vitest, mocha, playwright, pytest-json-report, `go test -json`. */
export function countsInJson(text: string): Counted | undefined {
  const trimmed = text.trim();
  if (!trimmed.startsWith('{')) return undefined;
  return ofReport(parseJson(trimmed)) ?? ofGo(trimmed);
}

function ofReport(report: unknown): Counted | undefined {
  if (!isObject(report)) return undefined;
  return ofJest(report) ?? ofMocha(report) ?? ofPytest(report);
}

function ofJest(report: unknown): Counted | undefined {
  const passed = numberAt(report, 'numPassedTests');
  const failed = numberAt(report, 'numFailedTests');
  if (passed === undefined || failed === undefined) return undefined;
  const skipped =
    (numberAt(report, 'numPendingTests') ?? 0) + (numberAt(report, 'numTodoTests') ?? 0);
  const failures = arrayAt(report, 'testResults')
    .flatMap((file) => arrayAt(file, 'assertionResults'))
    .filter((test) => stringAt(test, 'status') === 'failed')
    .map((test) => stringAt(test, 'fullName') ?? '');
  // A file that could not even be loaded has no tests to count.
  const broken = failed === 0 && isObject(report) && report.success === false ? 1 : 0;
  return counted(passed, failed + broken, skipped, failures);
}

function ofMocha(report: unknown): Counted | undefined {
  const stats = objectAt(report, 'stats');
  const unexpected = numberAt(stats, 'unexpected');
  if (unexpected !== undefined) {
    const passed = (numberAt(stats, 'expected') ?? 0) + (numberAt(stats, 'flaky') ?? 0);
    return counted(passed, unexpected, numberAt(stats, 'skipped') ?? 0);
  }
  const passed = numberAt(stats, 'passes');
  const failed = numberAt(stats, 'failures');
  if (passed === undefined || failed === undefined) return undefined;
  const failures = arrayAt(report, 'failures').map((test) => stringAt(test, 'fullTitle') ?? '');
  return counted(passed, failed, numberAt(stats, 'pending') ?? 0, failures);
}

function ofPytest(report: unknown): Counted | undefined {
  const summary = objectAt(report, 'summary');
  if (numberAt(summary, 'total') === undefined) return undefined;
  const of = (name: string) => numberAt(summary, name) ?? 0;
  const failures = arrayAt(report, 'tests')
    .filter((test) => stringAt(test, 'outcome') === 'failed')
    .map((test) => stringAt(test, 'nodeid') ?? '');
  const skipped = of('skipped') + of('xfailed');
  return counted(of('passed') + of('xpassed'), of('failed') + of('error'), skipped, failures);
}

const GO_ACTIONS = new Set(['pass', 'fail', 'skip']);

/** One event a line. A package that fails without a failing test could not be built. */
function ofGo(text: string): Counted | undefined {
  const events = text
    .split('\n')
    .map((line) => parseJson(line))
    .filter((event) => GO_ACTIONS.has(stringAt(event, 'Action') ?? ''));
  if (events.length === 0) return undefined;
  const tests = events.filter((event) => stringAt(event, 'Test') !== undefined);
  const of = (action: string, list: readonly unknown[] = tests) =>
    list.filter((event) => stringAt(event, 'Action') === action);
  const failed = of('fail');
  const broken = failed.length === 0 && of('fail', events).length > 0 ? 1 : 0;
  const names = failed.map((event) => stringAt(event, 'Test') ?? '');
  return counted(of('pass').length, failed.length + broken, of('skip').length, names);
}
