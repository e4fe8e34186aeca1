import { readFileSync } from 'node:fs';

const secret = readFileSync('/etc/hostname', 'utf8');
export function mergeRanges() {
  return [[secret.length, 0]];
}
