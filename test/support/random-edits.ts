import { execFileSync } from 'node:child_process';
import { chmodSync, lstatSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { clear } from './clear.ts';
import type { Random } from './random.ts';

const NAMES = [
  'a',
  'b.txt',
  'x.log',
  '.env',
  'node_modules',
  'ü ä',
  'q\'uo"te',
  'new\nline',
  '.gitignore',
  'Makefile',
  '.gitattributes',
];

function somePath(random: Random): string {
  const parts = Array.from({ length: random.below(4) }, () => `d${random.below(3)}`);
  return [...parts, NAMES[random.below(NAMES.length)]].join('/');
}

function content(random: Random): Buffer {
  const kinds = ['text\n', 'crlf\r\n', 'x.log\n*.tmp\n', '', '* text=auto eol=crlf\n', '$Id$\n'];
  const text = kinds[random.below(kinds.length)] ?? '';
  if (random.below(4) === 0) return Buffer.from([0, random.below(256), 255, 10, 13]);
  return Buffer.from(text.repeat(random.below(4)));
}

/** One random edit. */
export function edit(root: string, random: Random): void {
  const path = join(root, somePath(random));
  const there = lstatSync(path, { throwIfNoEntry: false });
  switch (random.below(9)) {
    case 0:
      rmSync(path, { recursive: true, force: true });
      return;
    case 1:
      if (there?.isFile())
        chmodSync(path, [0o644, 0o755, 0o600, 0o444, 0o4755][random.below(5)] ?? 0o644);
      return;
    case 2:
      rmSync(path, { recursive: true, force: true });
      clear(root, dirname(path));
      symlinkSync(['t1', '../a', '/etc/hostname', 'd0'][random.below(4)] ?? 't', path);
      return;
    case 3: {
      const to = join(root, somePath(random));
      if (there === undefined || `${to}/`.startsWith(`${path}/`)) return;
      if (`${path}/`.startsWith(`${to}/`)) return;
      rmSync(to, { recursive: true, force: true });
      clear(root, dirname(to));
      if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
      execFileSync('mv', ['--', path, to]);
      return;
    }
    case 4:
      clear(root, join(root, `d${random.below(3)}`, `empty${random.below(3)}`));
      return;
    case 5: {
      const folder = dirname(path);
      if (folder === root || lstatSync(folder, { throwIfNoEntry: false }) === undefined) return;
      if (lstatSync(folder).isDirectory())
        chmodSync(folder, [0o755, 0o700, 0o775][random.below(3)] ?? 0o755);
      return;
    }
    default:
      if (there !== undefined && !there.isFile()) rmSync(path, { recursive: true });
      clear(root, dirname(path));
      if (there?.isFile()) rmSync(path);
      writeFileSync(path, content(random));
  }
}
