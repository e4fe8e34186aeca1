import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { compareWhole } from '../../../src/git/whole/compare.ts';
import { takeWhole } from '../../../src/git/whole/take.ts';
import type { WholeSnapshot } from '../../../src/git/whole/whole.ts';
import { ranked, withAllowed } from '../../../src/runs/secrets/findings.ts';
import { fingerprintKey } from '../../../src/runs/secrets/key.ts';
import { type Scanner, scanChanges } from '../../../src/runs/secrets/scan-changes.ts';
import { scanCommits } from '../../../src/runs/secrets/scan-commits.ts';
import { fingerprintOf } from '../../../src/secrets/identity.ts';
import { KnownSecrets } from '../../../src/secrets/known.ts';
import { findMaintained } from '../../../src/secrets/maintained.ts';
import { userHome } from '../../../src/workspace/home.ts';
import { NAMED, TOKENS } from '../../secrets/planted.ts';
import { scratch } from '../../support/scratch.ts';

const OWN = 'own-token-of-the-run-4711';
const scanner: Scanner = {
  key: Buffer.alloc(32, 7),
  known: new KnownSecrets([OWN]),
  more: findMaintained,
};
const { github = '', stripe = '', npm = '' } = TOKENS;
let dir: string;
let root: string;

beforeEach(() => {
  dir = scratch();
  root = join(dir, 'project');
  mkdirSync(root);
  git('init', '-q');
  write('README.md', 'A project.\n');
  commit('first');
});

function git(...args: string[]): string {
  const env = { PATH: process.env.PATH ?? '', HOME: dir };
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.invalid'];
  return execFileSync('git', [...identity, ...args], { cwd: root, encoding: 'utf8', env }).trim();
}

function write(name: string, content: string | Buffer): void {
  mkdirSync(dirname(join(root, name)), { recursive: true });
  writeFileSync(join(root, name), content);
}

function commit(message: string): string {
  git('add', '-A');
  git('commit', '-qm', message);
  return git('rev-parse', 'HEAD');
}

const snapshot = () => takeWhole(root, { privateDir: join(dir, 'objects') });

async function scan(base: WholeSnapshot) {
  const after = await snapshot();
  const { files } = await compareWhole(base, after, {});
  const result = await scanChanges(base, after, files, scanner);
  const places = result.findings.map(({ where, preexisting, class: is }) =>
    [where.kind, `${where.path}:${where.line ?? '-'}`, is, preexisting ?? false].join(' '),
  );
  return { ...result, places };
}

describe('what a run changed', () => {
  it('has new secrets at their lines, and old ones that are nobody’s fault', async () => {
    write('config.ts', `// one\nconst old = '${stripe}';\n`);
    write('untouched.ts', `const t = '${npm}';\n`);
    const base = await snapshot();
    write('config.ts', `// one\n// two\nconst old = '${stripe}';\n\nconst key = '${github}';\n`);
    write('deep/new.env', `A=1\nTOKEN_OF_RUN=${OWN}\nAGAIN=${stripe}\n`);
    const { places, files } = await scan(base);
    expect(places.sort()).toEqual([
      'diff config.ts:5 real_candidate false',
      'diff deep/new.env:2 real_candidate false',
      'diff deep/new.env:3 real_candidate false',
      'file config.ts:3 real_candidate true',
    ]);
    expect(files).toBe(2);
  });

  it('counts a second copy in the same file, and no renamed one', async () => {
    const lines = Array.from({ length: 20 }, (_, at) => `const value${at} = ${at * 7};`).join('\n');
    write('a.ts', `const t = '${github}';\n${lines}\n`);
    write('b.ts', `const t = '${stripe}';\n${lines}\n`);
    const base = await snapshot();
    write('a.ts', `const t = '${github}';\n${lines}\nconst u = '${github}';\n`);
    rmSync(join(root, 'b.ts'));
    write('moved/b.ts', `const t = '${stripe}';\n${lines}\n`);
    expect((await scan(base)).places).toEqual([
      'file a.ts:1 real_candidate true',
      'diff a.ts:22 real_candidate false',
    ]);
  });

  it('is read in binary files and in two bytes a character, by shape alone', async () => {
    const base = await snapshot();
    write('data.bin', Buffer.from(`\0\x01\x02${github}\0password="${'x9Kd73Lq0ZvT1'}"\0`));
    write('wide.txt', Buffer.from(`﻿key ${stripe}\n`, 'utf16le'));
    expect((await scan(base)).places.sort()).toEqual([
      'diff data.bin:- real_candidate false',
      'diff wide.txt:- real_candidate false',
    ]);
  });

  it('is found behind odd names and in what links point to', async () => {
    const base = await snapshot();
    write('with\nnewline "and" quotes.txt', github);
    execFileSync('ln', ['-s', `/nowhere/${npm}`, join(root, 'link')]);
    expect((await scan(base)).places.sort()).toEqual([
      'diff link:1 real_candidate false',
      'diff with\nnewline "and" quotes.txt:1 real_candidate false',
    ]);
  });

  it('is said where it is too large to be read', async () => {
    const base = await snapshot();
    write('large.log', `${github}\n`.repeat(300_000));
    const { places, not_scanned } = await scan(base);
    expect(places).toEqual([]);
    expect(not_scanned).toEqual([{ path: 'large.log', reason: 'large' }]);
  });

  describe('where a package manager has been', () => {
    const lock = (more = '') =>
      `{"packages": {"a": {"resolved": "https://x.invalid/a.tgz"${more}}}}`;
    const NOTES = 'node_modules/.package-lock.json';

    beforeEach(() => {
      write('.gitignore', 'node_modules\n');
      write(NOTES, lock());
      write('node_modules/a/index.js', 'export default 1;\n');
    });

    it('is looked through where it lies, and a clean upgrade is clean', async () => {
      const base = await snapshot();
      const integrity = `sha512-${'Zk3vQ9xLw2Tn8RbYp5Hd7Jf4Gs6Mc1Aa'.repeat(2)}`;
      write(NOTES, lock(`, "integrity": "${integrity}=="`));
      write('node_modules/a/index.js', 'const password = "x9Kd73Lq0ZvT1";\n');
      write('node_modules/b/index.js', 'export default 2;\n');
      expect(await scan(base)).toMatchObject({ findings: [], files: 3, not_scanned: [] });
    });

    it('is found in its notes, in ignored secrets, and, less sure, in packages', async () => {
      const base = await snapshot();
      write(NOTES, lock(`, "token": "${github}"`));
      write('node_modules/new/.package-lock.json', lock(`, "token": "${stripe}"`));
      write('node_modules/.env', `TOKEN=${npm}\n`);
      write('node_modules/a/test.js', `const t = '${github}';\n`);
      write('node_modules/a/notes.txt', `${OWN}\n`);
      expect((await scan(base)).places.sort()).toEqual([
        'diff node_modules/.env:1 real_candidate false',
        // What it held before is not known.
        'diff node_modules/.package-lock.json:1 unknown false',
        'diff node_modules/a/notes.txt:1 real_candidate false',
        'diff node_modules/a/test.js:1 unknown false',
        'diff node_modules/new/.package-lock.json:1 real_candidate false',
      ]);
    });

    it('counts in source that only lies where a tool could have put it', async () => {
      write('internal/target/client.go', 'package target\n');
      git('add', '-A');
      const base = await snapshot();
      write('internal/target/client.go', 'password := "x9Kd73Lq0ZvT1"\n');
      write('venv/new.py', `token = "${github}"\n`);
      expect((await scan(base)).places.sort()).toEqual([
        'diff internal/target/client.go:1 real_candidate false',
        'diff venv/new.py:1 real_candidate false',
      ]);
    });

    it('is not said to be looked through where it was not, with the right reason', async () => {
      const base = await snapshot();
      write('node_modules/huge.js', Buffer.alloc(9 << 20, 'x = 1;\n'));
      for (const name of ['b', 'c', 'd']) {
        write(`node_modules/${name}.js`, Buffer.alloc(7 << 20, 'x = 1;\n'));
      }
      write('node_modules/touched.js', 'x');
      const after = await snapshot();
      write('node_modules/touched.js', `x ${github}`);
      const { files } = await compareWhole(base, after, {});
      expect((await scanChanges(base, after, files, scanner)).not_scanned).toEqual([
        { path: 'node_modules/d.js', reason: 'too_much' },
        { path: 'node_modules/huge.js', reason: 'large' },
        { path: 'node_modules/touched.js', reason: 'not_kept' },
      ]);
    });
  });

  it('is found at the end of megabytes of short lines', async () => {
    const base = await snapshot();
    write('odd.txt', `${'x\n'.repeat(7 << 19)}${github}\n`);
    const { places, not_scanned } = await scan(base);
    expect(places).toEqual([`diff odd.txt:${(7 << 19) + 1} real_candidate false`]);
    expect(not_scanned).toEqual([]);
  });

  it('may be nothing', async () => {
    const base = await snapshot();
    expect(await scan(base)).toMatchObject({ findings: [], files: 0, bytes: 0 });
  });
});

describe('commits of a run', () => {
  it('still have what was taken out again, and what their messages say', async () => {
    const base = git('rev-parse', 'HEAD');
    write('a.env', `X=1\nKEY=${github}\n`);
    const first = commit('add it');
    rmSync(join(root, 'a.env'));
    const second = commit(`remove it\n\nIt was ${stripe}`);
    const { findings } = await scanCommits(root, base, scanner);
    expect(findings.map(({ where }) => where)).toEqual([
      { kind: 'diff', commit: second.slice(0, 12) },
      { kind: 'diff', commit: first.slice(0, 12), path: 'a.env' },
    ]);
    expect((await scanCommits(root, second, scanner)).findings).toEqual([]);
  });
});

it('no finding holds a value', async () => {
  const base = await snapshot();
  write(
    'all.txt',
    [...Object.values(TOKENS), ...Object.values(NAMED).map(([text]) => text), OWN].join('\n\n'),
  );
  const { findings } = await scan(base);
  expect(findings.length).toBeGreaterThan(50);
  const text = JSON.stringify(findings);
  for (const token of [...Object.values(TOKENS), OWN])
    expect(text).not.toContain(token.slice(8, 24));
  for (const [, secret] of Object.values(NAMED)) expect(text).not.toContain(secret.slice(0, 6));
});

describe('the list of findings', () => {
  it('takes what the user allows for a placeholder, but never a known credential', async () => {
    const base = await snapshot();
    write('a.txt', `${github}\n${OWN}\n`);
    const { findings } = await scan(base);
    const allow = [github, OWN].map((value) => fingerprintOf(value, scanner.key));
    const classes = withAllowed(findings, allow).map(({ class: is, allowed }) => [is, allowed]);
    expect(classes).toEqual([
      ['placeholder', true],
      ['real_candidate', undefined],
    ]);
  });

  it('keeps the serious ones when there are too many', () => {
    const one = (is: 'placeholder' | 'real_candidate', line: number) => ({
      class: is,
      rule: 'r',
      shown: '…',
      fingerprint: 'aaaaaaaaaaaa',
      where: { kind: 'diff' as const, path: 'a', line },
    });
    const many = Array.from({ length: 600 }, (_, line) => one('placeholder', line));
    const { findings, omitted } = ranked([...many, one('real_candidate', 1)]);
    expect([findings.length, omitted, findings[0]?.class]).toEqual([500, 101, 'real_candidate']);
  });
});

it('the key of fingerprints is made once, private, also by many at the same time', async () => {
  const home = userHome({ CC_ORCHESTRATOR_HOME: join(dir, 'home') });
  const keys = await Promise.all(Array.from({ length: 8 }, () => fingerprintKey(home)));
  expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(1);
  expect(keys[0]?.length).toBe(32);
  expect(statSync(home.fingerprintKey).mode & 0o777).toBe(0o600);
  writeFileSync(home.fingerprintKey, 'damaged');
  await expect(fingerprintKey(home)).rejects.toMatchObject({ code: 'STORAGE_CORRUPT' });
});
