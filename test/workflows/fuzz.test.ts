import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadWorkflow } from '../../src/workflows/load.ts';
import { REPOSITORY } from '../support/lab.ts';
import { Random } from '../support/random.ts';

const DIRECTORY = join(REPOSITORY, 'examples/workflows');
const [TEXT = '', ...TEXTS] = readdirSync(DIRECTORY).map((name) =>
  readFileSync(join(DIRECTORY, name), 'utf8'),
);
const PIECES = [
  '[',
  ']',
  '{',
  '}',
  ':',
  '- ',
  '&a ',
  '*a',
  '!!',
  '"',
  "'",
  '|',
  '>',
  '\t',
  '\n',
  '  ',
  '#',
  '~',
  '? ',
  '%',
  '\u0000',
  '1e999',
  '0x',
  '<<: ',
  'null',
];

/** A valid file with a few pieces of it removed, doubled or replaced. */
function mangled(random: Random, text: string): string {
  let result = text;
  for (let times = random.between(1, 4); times > 0; times -= 1) {
    const at = random.between(0, result.length);
    const length = random.between(0, 30);
    const piece = random.pick([result.slice(at, at + 40), ...PIECES]);
    result = result.slice(0, at) + piece + result.slice(at + length);
  }
  return result;
}

test('no file makes the reader fail, and every mistake has a place and a fix', async () => {
  const random = new Random(7);
  let refused = 0;
  for (let turn = 0; turn < 400; turn += 1) {
    const text = mangled(random, random.pick([TEXT, ...TEXTS]));
    const { plan, problems } = await loadWorkflow('fuzz.yaml', text).catch((error: unknown) => {
      throw new Error(text, { cause: error });
    });
    const errors = problems.filter(({ level }) => level === 'error');
    expect(plan === undefined, text).toBe(errors.length > 0);
    for (const { line, column, message, fix } of problems) {
      expect(line).toBeLessThanOrEqual(text.split('\n').length + 1);
      expect(column).toBeGreaterThan(0);
      expect(message).not.toBe('');
      expect(fix).not.toBe('');
    }
    if (plan === undefined) refused += 1;
  }
  expect(refused).toBeGreaterThan(50);
});
