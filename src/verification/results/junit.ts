import { isObject, stringAt } from '../../core/json.ts';
import { lazy } from '../../core/lazy.ts';
import { type Counted, counted } from './counts.ts';

const loadXml = /* @__PURE__ */ lazy(() => import('./xml.ts'));

/** XML as nested objects, attributes among the fields; undefined where it is none or has entities of its own. */
export async function parseXml(text: string): Promise<unknown> {
  if (/<!(?:DOCTYPE[^>]*\[|ENTITY)/i.test(text)) return undefined;
  const { XMLParser } = await loadXml();
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '',
    parseAttributeValue: false,
    isArray: (name: string) => ALWAYS_LISTS.has(name),
  });
  try {
    return parser.parse(text);
  } catch {
    return undefined;
  }
}

const ALWAYS_LISTS: ReadonlySet<string> = new Set(['testsuite', 'testcase']);

/** A JUnit report: what its test cases say, and what its suites say where that is worse. */
export async function countsInJunit(text: string): Promise<Counted | undefined> {
  const document = await parseXml(text);
  if (!isObject(document)) return undefined;
  const root = document.testsuites ?? document;
  if (!isObject(root)) return 'testsuites' in document ? counted(0, 0, 0) : undefined;
  if (document.testsuites === undefined && root.testsuite === undefined) return undefined;
  const found = { passed: 0, failed: 0, skipped: 0, failures: [] as string[], told: 0 };
  for (const suite of listOf(root.testsuite)) collect(suite, found);
  const failed = Math.max(found.failed, found.told);
  return counted(found.passed, failed, found.skipped, found.failures);
}

function collect(
  suite: unknown,
  found: { passed: number; failed: number; skipped: number; failures: string[]; told: number },
): void {
  if (!isObject(suite)) return;
  for (const inner of listOf(suite.testsuite)) collect(inner, found);
  for (const test of listOf(suite.testcase)) {
    if (!isObject(test)) continue;
    if ('failure' in test || 'error' in test) {
      found.failed += 1;
      found.failures.push(stringAt(test, 'name') ?? '');
    } else if ('skipped' in test) found.skipped += 1;
    else found.passed += 1;
  }
  // Those around others repeat their numbers.
  if (suite.testsuite === undefined) {
    found.told += Number(suite.failures ?? 0) + Number(suite.errors ?? 0);
  }
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}
