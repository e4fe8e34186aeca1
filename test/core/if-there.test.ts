import { readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ifThere, ifThereSync } from '../../src/core/if-there.ts';
import { scratch } from '../support/scratch.ts';

it('tells what is not there from what cannot be read', async () => {
  const dir = scratch();
  const file = join(dir, 'a');
  writeFileSync(file, 'x');
  expect(await ifThere(readFile(file, 'utf8'))).toBe('x');
  expect(ifThereSync(() => readFileSync(file, 'utf8'))).toBe('x');
  const missing = join(dir, 'b');
  expect(await ifThere(readFile(missing))).toBeUndefined();
  expect(ifThereSync(() => readFileSync(missing))).toBeUndefined();
  await expect(ifThere(readFile(dir))).rejects.toThrow('EISDIR');
  expect(() => ifThereSync(() => readFileSync(dir))).toThrow('EISDIR');
});
