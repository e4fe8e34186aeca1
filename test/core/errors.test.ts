import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  CcError,
  ERROR_CODES,
  EXIT,
  errnoOf,
  isStorageFull,
  toErrorFacts,
} from '../../src/core/errors.ts';

describe('toErrorFacts', () => {
  it('gives the facts of our own errors and leaves out what is not there', () => {
    expect(toErrorFacts(new CcError('NOT_FOUND', 'no x'))).toEqual({
      code: 'NOT_FOUND',
      message: 'no x',
      retryable: false,
    });
    const full = new CcError('BUSY', 'm', { hint: 'h', retryable: true, details: { pid: 1 } });
    expect(toErrorFacts(full)).toEqual({
      code: 'BUSY',
      message: 'm',
      hint: 'h',
      retryable: true,
      details: { pid: 1 },
    });
  });

  it.each([
    ['ENOSPC', 'STORAGE_FULL', true],
    ['EDQUOT', 'STORAGE_FULL', true],
    ['EFBIG', 'STORAGE_FULL', true],
    ['EROFS', 'STORAGE_READ_ONLY', false],
    ['EACCES', 'STORAGE_READ_ONLY', false],
    ['EPERM', 'STORAGE_READ_ONLY', false],
    ['EIO', 'INTERNAL', false],
  ])('%s is %s', (errno, code, retryable) => {
    const error = Object.assign(new Error(`${errno}: it failed`), { code: errno });
    const facts = toErrorFacts(error);
    expect(facts).toMatchObject({ code, retryable });
    expect(facts.message).toContain(errno);
    expect(facts.hint).toBeTruthy();
  });

  it('knows a full disk from the kernel', () => {
    const error = thrownBy(() => writeFileSync('/dev/full', 'x'));
    expect(toErrorFacts(error)).toMatchObject({ code: 'STORAGE_FULL', retryable: true });
    expect(isStorageFull(error)).toBe(true);
  });

  it.each([['text'], [undefined], [null], [42], [{ code: 7 }], [{}]])('survives %j', (thrown) => {
    expect(toErrorFacts(thrown)).toMatchObject({ code: 'INTERNAL', retryable: false });
  });

  it('keeps the cause out of the facts', () => {
    const cause = new Error('inner detail');
    expect(JSON.stringify(toErrorFacts(new CcError('INTERNAL', 'm', { cause })))).not.toContain(
      'inner',
    );
  });
});

it('errnoOf reads only string codes', () => {
  expect(errnoOf(thrownBy(() => readFileSync('/nowhere/at/all')))).toBe('ENOENT');
  expect(errnoOf({ code: 3 })).toBeUndefined();
  expect(errnoOf(null)).toBeUndefined();
});

it('every code has one of the documented exit codes, and none exits 0', () => {
  const exits = new Set<number>(Object.values(EXIT));
  for (const exit of Object.values(ERROR_CODES)) {
    expect(exits.has(exit)).toBe(true);
    expect(exit).not.toBe(0);
  }
});

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
