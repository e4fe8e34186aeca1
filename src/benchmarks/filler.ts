import { createHash } from 'node:crypto';

const WORDS = (
  'the service queue worker request retry region cluster node replica shard ledger cache index audit ' +
  'token budget review deploy rollback window metric alert owner runbook backup restore schema event ' +
  'stream batch import export report invoice order customer archive signal gateway router scheduler ' +
  'keeps moves reads writes checks sends waits drops holds after before during without through within ' +
  'nightly weekly stable narrow early late quiet busy shared local remote partial complete'
).split(' ');

/** Plausible text, the same for the same name everywhere and always. */
export function fillerText(name: string, bytes: number): string {
  const random = numbersFrom(name);
  const lines = [`# Notes on ${name}`, ''];
  for (let size = 0; size < bytes; ) {
    const length = 8 + (random() % 8);
    const words = Array.from({ length }, () => WORDS[random() % WORDS.length]);
    const line = `${words.join(' ')}.`;
    lines.push(line.charAt(0).toUpperCase() + line.slice(1));
    if (random() % 6 === 0) lines.push('');
    size += line.length;
  }
  return `${lines.join('\n')}\n`;
}

export function fillerName(index: number): string {
  return `docs/notes/note-${String(index + 1).padStart(3, '0')}.md`;
}

function numbersFrom(seed: string): () => number {
  let block = createHash('sha256').update(seed).digest();
  let at = 0;
  return () => {
    if (at + 4 > block.length) {
      block = createHash('sha256').update(block).digest();
      at = 0;
    }
    at += 4;
    return block.readUInt32LE(at - 4);
  };
}
