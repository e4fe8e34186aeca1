import { expect, it } from 'vitest';
import { toErrorFacts } from '../../src/core/errors.ts';
import { requireWritableVersion, SCHEMA_VERSION } from '../../src/store/versions.ts';

it('writes what is as old as this build, or older, and nothing newer', () => {
  requireWritableVersion({ schema_version: SCHEMA_VERSION }, 'x');
  requireWritableVersion({ schema_version: 0 }, 'x');
  for (const version of [SCHEMA_VERSION + 1, Number.NaN]) {
    let facts: unknown;
    try {
      requireWritableVersion({ schema_version: version }, 'the file x');
    } catch (error) {
      facts = toErrorFacts(error);
    }
    expect(facts).toMatchObject({
      code: 'FORMAT_TOO_NEW',
      message: expect.stringContaining('the file x'),
    });
  }
});
