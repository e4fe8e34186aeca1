import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toErrorFacts } from '../../src/core/errors.ts';
import {
  createFileAtomic,
  makePrivate,
  makePrivateDir,
  makePrivateDirSync,
  PRIVATE_FILE,
  readJson,
  writeFileAtomic,
  writeJsonAtomic,
} from '../../src/store/atomic.ts';
import { startFixture } from '../support/processes.ts';
import { makeReadOnly, scratch, smallDisk } from '../support/scratch.ts';

const posix = process.platform !== 'win32';

describe('writeFileAtomic', () => {
  it('readers in other processes never see a part of a file', async () => {
    const path = join(scratch(), 'state.json');
    const write = (n: number) => {
      const length = (n * 7919) % 200_000;
      return writeJsonAtomic(path, { n, length, filler: 'x'.repeat(length), last: n });
    };
    await write(0);
    const readers = [
      startFixture('read-json-loop', [path]),
      startFixture('read-json-loop', [path]),
    ];
    for (const reader of readers) await reader.next();
    for (let n = 1; n <= 400; n += 1) await write(n);
    for (const reader of readers) {
      const result = await reader.ask<{ reads: number; torn: number; seen: number }>('stop');
      expect(result.torn).toBe(0);
      expect(result.seen).toBeGreaterThan(5); // it really read while the file was being replaced
    }
  });

  it('leaves exactly the file, private, also when durable', async () => {
    const directory = scratch();
    await writeFileAtomic(join(directory, 'a'), 'one', { durable: true });
    await writeFileAtomic(join(directory, 'a'), new Uint8Array([0, 255]), { durable: true });
    await writeFileAtomic(join(directory, 'b'), 'script', { mode: 0o700 });
    expect(readFileSync(join(directory, 'a'))).toEqual(Buffer.from([0, 255]));
    expect(readdirSync(directory).sort()).toEqual(['a', 'b']);
    if (posix) {
      expect(statSync(join(directory, 'a')).mode & 0o777).toBe(PRIVATE_FILE);
      expect(statSync(join(directory, 'b')).mode & 0o777).toBe(0o700);
    }
  });

  it('many at once on one path: the last one standing is whole', async () => {
    const directory = scratch();
    const path = join(directory, 'a.json');
    const values = Array.from({ length: 50 }, (_, n) => ({ n, text: `${n}`.repeat(5000) }));
    await Promise.all(values.map((value) => writeJsonAtomic(path, value)));
    const last = (await readJson(path)) as { n: number; text: string };
    expect(last).toEqual(values[last.n]);
    expect(readdirSync(directory)).toEqual(['a.json']);
  });

  it('replaces a symbolic link, not what it points to', async () => {
    const directory = scratch();
    writeFileSync(join(directory, 'target'), 'untouched');
    symlinkSync('target', join(directory, 'link'));
    await writeFileAtomic(join(directory, 'link'), 'new');
    expect(readFileSync(join(directory, 'target'), 'utf8')).toBe('untouched');
    expect(readFileSync(join(directory, 'link'), 'utf8')).toBe('new');
  });

  it('leaves nothing behind when it fails', async () => {
    const directory = scratch();
    mkdirSync(join(directory, 'taken', 'full'), { recursive: true });
    await expect(writeFileAtomic(join(directory, 'taken'), 'x')).rejects.toThrow(
      /EISDIR|ENOTEMPTY/,
    );
    await expect(writeFileAtomic(join(directory, 'no', 'where'), 'x')).rejects.toThrow('ENOENT');
    writeFileSync(join(directory, 'file'), '');
    await expect(writeFileAtomic(join(directory, 'file', 'x'), 'x')).rejects.toThrow('ENOTDIR');
    expect(readdirSync(directory).sort()).toEqual(['file', 'taken']);
    expect(existsSync(join(directory, 'taken', 'full'))).toBe(true);
  });

  it('a full disk keeps the old content and is told as STORAGE_FULL', async (context) => {
    const disk = smallDisk(128);
    if (disk === undefined) return context.skip();
    const path = join(disk, 'a.json');
    await writeJsonAtomic(path, { old: true });
    const error = await writeFileAtomic(path, 'x'.repeat(1 << 20)).catch((e: unknown) => e);
    expect(toErrorFacts(error)).toMatchObject({ code: 'STORAGE_FULL', retryable: true });
    expect(await readJson(path)).toEqual({ old: true });
    expect(readdirSync(disk)).toEqual(['a.json']);
    await writeJsonAtomic(path, { old: false });
    expect(await readJson(path)).toEqual({ old: false });
  });

  it('a read-only disk is told as STORAGE_READ_ONLY', async (context) => {
    const disk = smallDisk(128);
    if (disk === undefined) return context.skip();
    await writeFileAtomic(join(disk, 'a'), 'old');
    makeReadOnly(disk);
    const error = await writeFileAtomic(join(disk, 'a'), 'new').catch((e: unknown) => e);
    expect(toErrorFacts(error)).toMatchObject({ code: 'STORAGE_READ_ONLY', retryable: false });
    expect(readFileSync(join(disk, 'a'), 'utf8')).toBe('old');
  });
});

describe('createFileAtomic', () => {
  it('creates once; everybody else learns that it is there', async () => {
    const directory = scratch();
    const path = join(directory, 'a');
    const made = await Promise.all(
      Array.from({ length: 20 }, (_, n) => createFileAtomic(path, `content ${n}`)),
    );
    const winner = made.indexOf(true);
    expect(made.filter(Boolean)).toHaveLength(1);
    expect(readFileSync(path, 'utf8')).toBe(`content ${winner}`);
    expect(readdirSync(directory)).toEqual(['a']);
  });

  it('leaves no half of a file on a full disk', async (context) => {
    const disk = smallDisk(128);
    if (disk === undefined) return context.skip();
    await expect(createFileAtomic(join(disk, 'a'), 'x'.repeat(1 << 20))).rejects.toThrow('ENOSPC');
    expect(readdirSync(disk)).toEqual([]);
  });
});

describe('readJson', () => {
  it('is undefined where nothing is', async () => {
    const directory = scratch();
    writeFileSync(join(directory, 'file'), '{}');
    expect(await readJson(join(directory, 'none.json'))).toBeUndefined();
    expect(await readJson(join(directory, 'file', 'none.json'))).toBeUndefined();
  });

  it.each([[''], ['{'], ['{"a":1}{'], ['\0\0\0']])('refuses %j', async (text) => {
    const path = join(scratch(), 'a.json');
    writeFileSync(path, text);
    const error = await readJson(path).catch((e: unknown) => e);
    expect(toErrorFacts(error)).toMatchObject({ code: 'STORAGE_CORRUPT' });
    expect(toErrorFacts(error).message).toContain(path);
  });
});

it('directories are made for this user only, with their parents', async (context) => {
  if (!posix) return context.skip();
  const directory = scratch();
  await makePrivateDir(join(directory, 'a', 'b'));
  await makePrivateDir(join(directory, 'a', 'b'));
  expect(statSync(join(directory, 'a')).mode & 0o777).toBe(0o700);
  expect(statSync(join(directory, 'a', 'b')).mode & 0o777).toBe(0o700);
  writeFileSync(join(directory, 'f'), '', { mode: 0o644 });
  makePrivate(join(directory, 'f'), PRIVATE_FILE);
  expect(statSync(join(directory, 'f')).mode & 0o777).toBe(0o600);
});

it.runIf(process.platform === 'linux')('a directory that cannot be is refused at once', () => {
  // Node 20's own recursive mkdir never returns from this one.
  expect(() => makePrivateDirSync('/proc/cc-test/deeper')).toThrow(/ENOENT/);
});
