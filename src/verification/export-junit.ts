import type { Verification } from './verification.ts';

type Case = { suite: string; name: string; seconds?: number; problem?: string; skipped?: string };

/** The verification as JUnit XML: a case for each command, check, claim and rule. */
export function junitOf(result: Verification): string {
  const cases: Case[] = [
    ...result.tests.map((run) => ({
      suite: 'tests',
      name: run.command,
      seconds: run.seconds,
      ...(run.status === 'passed' ? {} : { problem: run.status }),
    })),
    ...result.checks.map(({ name, passed, detail }) => ({
      suite: 'checks',
      name,
      ...(passed ? {} : { problem: detail }),
    })),
    ...result.claims.map(({ kind, command, paths, quote, status, evidence }) => ({
      suite: 'claims',
      name: [kind, command ?? paths?.join(' ') ?? quote ?? ''].join(' ').trim(),
      ...(status === 'contradicted' ? { problem: evidence } : {}),
      ...(status === 'unverified' ? { skipped: evidence } : {}),
    })),
    ...result.reasons
      .filter(({ level }) => level !== 'info')
      .map(({ code, text }) => ({ suite: 'verdict', name: code, problem: text })),
  ];
  const suites = [...new Set(cases.map(({ suite }) => suite))];
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="${attribute(result.run_id)}" ${totals(cases)}>`,
    ...suites.flatMap((suite) => {
      const own = cases.filter((one) => one.suite === suite);
      return [
        `  <testsuite name="${suite}" ${totals(own)}>`,
        ...own.map(element),
        '  </testsuite>',
      ];
    }),
    '</testsuites>',
    '',
  ].join('\n');
}

function totals(cases: readonly Case[]): string {
  const failures = cases.filter(({ problem }) => problem !== undefined).length;
  const skipped = cases.filter(({ skipped: why }) => why !== undefined).length;
  return `tests="${cases.length}" failures="${failures}" errors="0" skipped="${skipped}"`;
}

function element({ suite, name, seconds, problem, skipped }: Case): string {
  const time = seconds === undefined ? '' : ` time="${seconds}"`;
  const head = `    <testcase classname="cc.${suite}" name="${attribute(name)}"${time}`;
  if (problem !== undefined) return `${head}><failure message="${attribute(problem)}"/></testcase>`;
  if (skipped !== undefined) return `${head}><skipped message="${attribute(skipped)}"/></testcase>`;
  return `${head}/>`;
}

/** XML 1.0 knows no control characters, not even as references. */
function attribute(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/[&<>"\n\r\t]/g, (char) => NAMED[char] ?? `&#${char.charCodeAt(0)};`);
}

const NAMED: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};
