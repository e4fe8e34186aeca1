import assert from 'node:assert/strict';
import { parseDuration } from '../src/duration.mjs';
import { cases } from './cases.mjs';

const REFUSED = [
  '', ' ', '-', '5', '-5', '1 h', '1h1h', '30m1h', '1.5h30m', '.5h', '1.h', '1H', '1w', '1h,30m',
  '--1h', '1h-30m', 'h', '1e3s', '+1h', '١h',
];

await cases({
  ...Object.fromEntries(
    REFUSED.map((text) => [
      JSON.stringify(text),
      () => assert.throws(() => parseDuration(text), SyntaxError),
    ]),
  ),
  ...Object.fromEntries(
    [undefined, null, 5, ['1h'], {}].map((value, index) => [
      `no text ${index}`,
      () => assert.throws(() => parseDuration(value), TypeError),
    ]),
  ),
});
