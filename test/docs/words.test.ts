import fastGlob from 'fast-glob';
import { expect, test } from 'vitest';
import { ERROR_CODES, EXIT } from '../../src/core/errors.ts';
import { FAILURE_CLASSES, RUN_STATES } from '../../src/core/vocabulary.ts';
import { REPOSITORY } from '../support/lab.ts';
import { textOf } from './documents.ts';

const code = fastGlob.sync('src/**/*.ts', { cwd: REPOSITORY }).map(textOf).join('\n');

/** The first cells of the tables, which say what somebody sees. */
const symptoms = [...textOf('docs/troubleshooting.md').matchAll(/^\| (?!Symptom|-)(.*?) \|/gm)]
  .map(([, cell = '']) => cell)
  .flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text));

/** What clients say themselves (codex-cli.md A1, A6). */
const OF_CLIENTS = [
  'MCP tool call requires approval, but approval policy is never',
  'Transport closed',
  'codex exec',
  'claude -p',
];

test('what docs/troubleshooting.md says one sees can be seen', () => {
  expect(symptoms.length).toBeGreaterThan(20);
  const words: ReadonlySet<string> = new Set([
    ...Object.keys(ERROR_CODES),
    ...FAILURE_CLASSES,
    ...RUN_STATES,
    ...OF_CLIENTS,
  ]);
  const unknown = symptoms.filter((text) => {
    const parts = text.replace(/^… /, '').split(/2\.1\.295/);
    return !words.has(text) && !parts.every((part) => code.includes(part));
  });
  expect(unknown).toEqual([]);
});

test('the exit codes of the README are those of the code', () => {
  const told = /Exit codes: ([^.]*?)\. With/s.exec(textOf('README.md'))?.[1] ?? '';
  const numbers = [...told.matchAll(/(?:^|,\s)(\d+) /g)].map(([, number]) => Number(number));
  expect(numbers).toEqual([...Object.values(EXIT), 124, 130]);
});
