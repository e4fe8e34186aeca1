import assert from 'node:assert/strict';
import test from 'node:test';
import { parseDuration } from '../src/duration.mjs';

test('two parts', () => {
  assert.equal(parseDuration('1h30m'), 5_400_000);
});
