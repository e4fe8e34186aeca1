// Preloaded into a process of ours (node --import clock-shift.mjs?<file>): its wall clock is off by the
// number of milliseconds in the file, from one moment to the next. The machine's clock stays untouched.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const file = fileURLToPath(new URL(import.meta.url).searchParams.get('offset'));
const RealDate = Date;
const READ_EVERY_MS = 5;
let offset = 0;
let readAt = -Infinity;

function now() {
  if (performance.now() - readAt > READ_EVERY_MS) {
    readAt = performance.now();
    try {
      offset = Number(readFileSync(file, 'utf8')) || 0;
    } catch {
      // Nobody has moved the clock yet.
    }
  }
  return RealDate.now() + offset;
}

globalThis.Date = class ShiftedDate extends RealDate {
  constructor(...args) {
    super(...(args.length === 0 ? [now()] : args));
  }
  static now() {
    return now();
  }
};
