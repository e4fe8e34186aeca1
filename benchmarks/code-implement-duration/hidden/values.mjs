import assert from 'node:assert/strict';
import { parseDuration } from '../src/duration.mjs';
import { cases } from './cases.mjs';

const VALUES = {
  '1h30m': 5_400_000,
  '2d': 172_800_000,
  '750ms': 750,
  '1h 30m': 5_400_000,
  '  45s  ': 45_000,
  '1.5h': 5_400_000,
  '1m 2.5s': 62_500,
  '1d2h3m4s5ms': 93_784_005,
  '-1h30m': -5_400_000,
  '-1.5ms': -2,
  '2.5ms': 3,
  '0.4ms': 0,
  '0': 0,
  '0s': 0,
  '90m': 5_400_000,
  '1m5ms': 60_005,
  '0.1d': 8_640_000,
};

await cases(
  Object.fromEntries(
    Object.entries(VALUES).map(([text, value]) => [
      JSON.stringify(text),
      () => assert.ok(parseDuration(text) === value, `${parseDuration(text)} is not ${value}`),
    ]),
  ),
);
