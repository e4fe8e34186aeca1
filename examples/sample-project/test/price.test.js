import assert from 'node:assert/strict';
import { test } from 'node:test';
import { discounted } from '../src/price.js';

test('10 % off 100 is 90', () => {
  assert.equal(discounted(100, 10), 90);
});

test('10 % off 250 is 225', () => {
  assert.equal(discounted(250, 10), 225);
});
