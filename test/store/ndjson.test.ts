import {
  appendFileSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { toErrorFacts } from '../../src/core/errors.ts';
import { NdjsonAppender } from '../../src/store/ndjson-append.ts';
import { endCursor, type NdjsonPage, readNdjson } from '../../src/store/ndjson-read.ts';
import { SCHEMA_VERSION } from '../../src/store/versions.ts';
import { bundle } from '../support/bundle.ts';
import { fixturePath, startFixture, startProgram } from '../support/processes.ts';
import { scratch, smallDisk } from '../support/scratch.ts';

const GROUND = await bundle(['store/ndjson-append', 'core/errors']);
const CREATED = '2026-01-01T00:00:00.000Z';
const ALL = { maxBytes: 64 << 20, maxRecords: 1_000_000 };

function open(path: string): NdjsonAppender {
  const appender = NdjsonAppender.open(path, 'test', CREATED);
  onTestFinished(() => appender.close());
  return appender;
}

/** A file with these records. */
function fileOf(...records: object[]): string {
  const path = join(scratch(), 'log.ndjson');
  open(path).append(records);
  return path;
}

function errorOf(act: () => unknown) {
  try {
    act();
  } catch (error) {
    return toErrorFacts(error);
  }
  throw new Error('nothing was thrown');
}

describe('appending', () => {
  it('begins with a header and keeps it', () => {
    const path = fileOf({ a: 1 });
    const again = open(path);
    again.append([{ a: 2 }]);
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { schema_version: SCHEMA_VERSION, kind: 'test', file: again.header.file, created: CREATED },
      { a: 1 },
      { a: 2 },
    ]);
    expect(again.size).toBe(statSync(path).size);
    if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600);
    again.sync(path);
  });

  it('keeps what could be taken for a line end inside its line', () => {
    const record = { text: 'a\nb\r\nc\u2028d\u2029e\u0085f\0g', lone: '\ud800' };
    const path = fileOf(record, { next: true });
    expect(readNdjson(path, undefined, ALL).records).toEqual([record, { next: true }]);
  });

  it.each([
    ['a torn record', '{"a":'],
    ['a record that lacks only its newline', '{"a":3}'],
    ['zeros after a power cut', '\0\0\0\0'],
    ['a long torn record', `{"a":"${'x'.repeat(300_000)}`],
  ])('cuts off %s', (_, tail) => {
    const path = fileOf({ a: 1 }, { a: 2 });
    appendFileSync(path, tail);
    open(path).append([{ a: 4 }]);
    expect(readNdjson(path, undefined, ALL)).toMatchObject({
      records: [{ a: 1 }, { a: 2 }, { a: 4 }],
      unreadable: 0,
    });
  });

  it('begins anew where even the header is torn', () => {
    const path = join(scratch(), 'log.ndjson');
    writeFileSync(path, '{"schema_ver');
    open(path).append([{ a: 1 }]);
    expect(readNdjson(path, undefined, ALL).records).toEqual([{ a: 1 }]);
  });

  it('touches nothing that a newer version wrote, not even its torn end', () => {
    const path = join(scratch(), 'log.ndjson');
    const content = `{"schema_version":${SCHEMA_VERSION + 1},"file":"abcdefgh"}\n{"a":1}\n{"torn`;
    writeFileSync(path, content);
    expect(errorOf(() => open(path)).code).toBe('FORMAT_TOO_NEW');
    expect(readFileSync(path, 'utf8')).toBe(content);
    expect(readNdjson(path, undefined, ALL).records).toEqual([{ a: 1 }]);
  });

  it.each([
    ['text', 'hello\nworld'],
    ['JSON that is no header', '{"a":1}\n{"a":2}'],
    ['an array', '[]\n'],
    ['null', 'null\n'],
    ['a long line without an end', 'x'.repeat(5000)],
    ['a header with a strange file id', '{"schema_version":1,"file":"../../x"}\n'],
  ])('refuses a file that is not ours (%s) and leaves it alone', (_, content) => {
    const path = join(scratch(), 'log.ndjson');
    writeFileSync(path, content);
    expect(errorOf(() => open(path)).code).toBe('STORAGE_CORRUPT');
    expect(errorOf(() => readNdjson(path, undefined, ALL)).code).toBe('STORAGE_CORRUPT');
    expect(readFileSync(path, 'utf8')).toBe(content);
  });

  it('writes nothing when one record of several cannot be written out', () => {
    const path = fileOf({ a: 1 });
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    const appender = open(path);
    expect(() => appender.append([{ a: 2 }, circle])).toThrow(/circular/i);
    appender.append([]);
    expect(readNdjson(path, undefined, ALL).records).toEqual([{ a: 1 }]);
  });

  it('a full disk undoes the whole append; when there is room again it goes on', (context) => {
    const disk = smallDisk(128);
    if (disk === undefined) return context.skip();
    const path = join(disk, 'log.ndjson');
    const ballast = join(disk, 'ballast');
    writeFileSync(ballast, 'x'.repeat(64 << 10));
    const appender = open(path);
    appender.append([{ n: 0 }]);
    const big = Array.from({ length: 100 }, (_, n) => ({ n, filler: 'x'.repeat(1000) }));
    const facts = errorOf(() => appender.append(big));
    expect(facts).toMatchObject({ code: 'STORAGE_FULL', retryable: true });
    expect(statSync(path).size).toBe(appender.size);
    expect(readFileSync(path, 'utf8').endsWith('\n')).toBe(true);
    rmSync(ballast);
    appender.append(big.slice(0, 10));
    const { records, unreadable } = readNdjson(path, undefined, ALL);
    expect([records.length, unreadable]).toEqual([11, 0]);
  });

  it('a file size limit undoes the append, and smaller records go on', async () => {
    const path = join(scratch(), 'log.ndjson');
    const script = 'ulimit -f 20 && exec "$0" "$@"';
    const args = [process.execPath, fixturePath('append-until-full'), GROUND, path];
    const child = startProgram('sh', ['-c', script, ...args]);
    const said = await child.next<{ written: number; facts: object; size: number }>();
    expect(said.facts).toMatchObject({ code: 'STORAGE_FULL', errno: 'EFBIG' });
    expect(said.written).toBeGreaterThan(5);
    expect(statSync(path).size).toBe(said.size);
    const { records, unreadable } = readNdjson(path, undefined, ALL);
    expect([records.length, unreadable]).toEqual([said.written + 1, 0]);
    expect(records.at(-1)).toEqual({ n: said.written, small: true });
  });

  it('tells the first error also where it cannot be undone', (context) => {
    if (process.platform !== 'linux') return context.skip();
    const path = join(scratch(), 'log.ndjson');
    symlinkSync('/dev/full', path); // neither writing nor cutting works on it
    expect(errorOf(() => open(path)).code).toBe('STORAGE_FULL');
  });
});

describe('reading', () => {
  it('there is nothing in a file that is not there yet', () => {
    const directory = scratch();
    const nothing = { records: [], cursor: '', more: false, reset: false, unreadable: 0 };
    expect(readNdjson(join(directory, 'none'), undefined, ALL)).toEqual(nothing);
    writeFileSync(join(directory, 'born'), '');
    expect(readNdjson(join(directory, 'born'), '', ALL)).toEqual(nothing);
    writeFileSync(join(directory, 'torn'), '{"schema_version":1,"fi');
    expect(readNdjson(join(directory, 'torn'), '', ALL)).toEqual(nothing);
    expect(endCursor(join(directory, 'torn'))).toBe('');
  });

  it('a cursor leads to what is new, across appends and appenders', () => {
    const path = fileOf({ n: 1 });
    const first = readNdjson(path, undefined, ALL);
    expect(readNdjson(path, first.cursor, ALL)).toMatchObject({
      records: [],
      cursor: first.cursor,
      more: false,
      reset: false,
    });
    open(path).append([{ n: 2 }]);
    const second = readNdjson(path, first.cursor, ALL);
    expect(second.records).toEqual([{ n: 2 }]);
    expect(endCursor(path)).toBe(second.cursor);
    expect(readNdjson(path, first.cursor, ALL)).toEqual(second);
  });

  it('ignores an unfinished line, also for the cursor behind everything', () => {
    const path = fileOf({ n: 1 });
    const clean = endCursor(path);
    appendFileSync(path, '{"n":2,"text":"not fin');
    expect(endCursor(path)).toBe(clean);
    expect(readNdjson(path, undefined, ALL)).toMatchObject({ records: [{ n: 1 }], more: false });
    appendFileSync(path, 'ished"}\n');
    expect(readNdjson(path, clean, ALL).records).toEqual([{ n: 2, text: 'not finished' }]);
  });

  it('begins at the beginning, and says so, when the file is another one', () => {
    const path = fileOf({ old: 1 }, { old: 2 });
    const { cursor } = readNdjson(path, undefined, ALL);
    const other = fileOf({ new: 1 }, { new: 2 }, { new: 3 });
    renameSync(other, path);
    const page = readNdjson(path, cursor, ALL);
    expect(page).toMatchObject({ records: [{ new: 1 }, { new: 2 }, { new: 3 }], reset: true });
    expect(readNdjson(path, page.cursor, ALL)).toMatchObject({ records: [], reset: false });
    rmSync(path);
    expect(readNdjson(path, page.cursor, ALL)).toMatchObject({ cursor: '', reset: true });
  });

  it('begins at the beginning when the file lost its end and perhaps grew again', () => {
    const path = fileOf({ n: 1 }, { n: 2, text: 'lost in a power cut' });
    const { cursor } = readNdjson(path, undefined, ALL);
    const keep = readFileSync(path, 'utf8').indexOf('{"n":2');
    truncateSync(path, keep);
    expect(readNdjson(path, cursor, ALL)).toMatchObject({ records: [{ n: 1 }], reset: true });
    open(path).append([{ n: 3, text: 'longer than what was lost, so the old place is inside it' }]);
    expect(readNdjson(path, cursor, ALL)).toMatchObject({
      records: [{ n: 1 }, { n: 3 }],
      reset: true,
      unreadable: 0,
    });
  });

  it.each([
    ['garbage'],
    ['.'],
    ['abcdefgh'],
    ['abcdefgh.'],
    ['abcdefgh.-1'],
    ['abcdefgh.1.2'],
    ['ABCDEFGH.1'],
    ['abcdefg1.1'],
    ['abcdefgh.zzzzzzzzzzz'],
    [' abcdefgh.1'],
    ['abcdefgh.1\n'],
    ['x'.repeat(100_000)],
  ])('refuses the cursor %j', (cursor) => {
    const path = fileOf({ n: 1 });
    const facts = errorOf(() => readNdjson(path, cursor, ALL));
    expect(facts.code).toBe('BAD_INPUT');
    expect(facts.message.length).toBeLessThan(200);
  });

  it('skips and counts what is no record', () => {
    const path = fileOf({ n: 1 });
    appendFileSync(path, 'not json\n[1]\n3\n\nnull\n{"n":2}\n');
    expect(readNdjson(path, undefined, ALL)).toMatchObject({
      records: [{ n: 1 }, { n: 2 }],
      unreadable: 5,
    });
  });

  it('a page holds no more than it may, but always makes progress', () => {
    const path = fileOf({ n: 1 }, { n: 2, filler: 'x'.repeat(3 << 20) }, { n: 3 });
    const limits = { maxBytes: 100, maxRecords: 10 };
    const pages = pagesOf(path, limits);
    expect(pages.flatMap((page) => page.records)).toMatchObject([{ n: 1 }, { n: 2 }, { n: 3 }]);
    expect(pages.map((page) => page.more)).toEqual([true, true, false]);
    const small = fileOf(...Array.from({ length: 1000 }, (_, n) => ({ n })));
    const page = readNdjson(small, undefined, { maxBytes: 500, maxRecords: 1000 });
    expect(
      Buffer.byteLength(page.records.map((r) => `${JSON.stringify(r)}\n`).join('')),
    ).toBeLessThanOrEqual(500);
    expect(page.records.length).toBeGreaterThan(50);
  });

  it('pages of any size return every record exactly once, in order', () => {
    const random = mulberry(20_261_121);
    for (let round = 0; round < 60; round += 1) {
      const count = Math.floor(random() * 60);
      const records = Array.from({ length: count }, (_, n) => ({
        n,
        filler: 'ä'.repeat(Math.floor(random() ** 4 * 5000)),
      }));
      const path = fileOf(...records);
      const limits = {
        maxBytes: 1 + Math.floor(random() ** 3 * 20_000),
        maxRecords: 1 + Math.floor(random() * 20),
      };
      const pages = pagesOf(path, limits);
      expect(pages.flatMap((page) => page.records)).toEqual(records);
      for (const page of pages) {
        expect(page.records.length).toBeLessThanOrEqual(limits.maxRecords);
        const bytes = page.records.map((r) => Buffer.byteLength(JSON.stringify(r)) + 1);
        const total = bytes.reduce((sum, size) => sum + size, 0);
        expect(total <= limits.maxBytes || bytes.length === 1).toBe(true);
      }
    }
  });

  it('two readers follow a writer in another process and miss nothing', async () => {
    const path = join(scratch(), 'log.ndjson');
    const count = 600;
    const writer = startFixture('append-records', [GROUND, path, String(count)]);
    await writer.next();
    const follow = async (limits: { maxBytes: number; maxRecords: number }) => {
      const seen: unknown[] = [];
      for (let cursor = ''; seen.length < count; ) {
        const page = readNdjson(path, cursor, limits);
        expect([page.reset, page.unreadable]).toEqual([false, 0]);
        seen.push(...page.records);
        cursor = page.cursor;
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      return seen.map((record) => (record as { n: number }).n);
    };
    const [all, bits] = await Promise.all([follow(ALL), follow({ maxBytes: 700, maxRecords: 3 })]);
    const expected = Array.from({ length: count }, (_, n) => n);
    expect(all).toEqual(expected);
    expect(bits).toEqual(expected);
  });
});

function pagesOf(path: string, limits: { maxBytes: number; maxRecords: number }): NdjsonPage[] {
  const pages: NdjsonPage[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = readNdjson(path, cursor, limits);
    expect(page.reset).toBe(false);
    pages.push(page);
    if (!page.more) return pages;
    expect(page.cursor).not.toBe(cursor);
    cursor = page.cursor;
  }
}

/** A small generator, so that a failure can be repeated. */
function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
