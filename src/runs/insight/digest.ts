/** FNV-1a over UTF-16 units, 32 bits: tells inputs apart without keeping them. Not for secrets. */
export function digest(...parts: readonly string[]): number {
  let hash = 0x811c9dc5;
  for (const part of parts) {
    for (let at = 0; at < part.length; at += 1) {
      hash = Math.imul(hash ^ part.charCodeAt(at), 0x01000193);
    }
    hash = Math.imul(hash ^ 0x1f, 0x01000193);
  }
  return hash >>> 0;
}
