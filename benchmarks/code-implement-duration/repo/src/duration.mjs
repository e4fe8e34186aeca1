export function parseDuration(text) {
  throw new Error('not implemented');
}
