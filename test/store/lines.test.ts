import {
  appendFileSync,
  closeSync,
  openSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { endOfLastLine, type Line, LineReader } from '../../src/store/lines.ts';
import { scratch } from '../support/scratch.ts';

function file(content: string | Buffer = ''): string {
  const path = join(scratch(), 'lines');
  writeFileSync(path, content);
  return path;
}

function reader(path: string, offset?: number, maxLineBytes?: number): LineReader {
  const made = new LineReader(path, offset, maxLineBytes);
  onTestFinished(() => made.close());
  return made;
}

const texts = (lines: Line[]) => lines.map((line) => line.bytes?.toString('utf8'));

describe('LineReader', () => {
  it('ends lines at byte 0x0A and nowhere else', () => {
    const lines = ['a\u2028b', 'c\u2029d', 'e\rf', 'g\r', '\u0085h', '\0i', '\v\f'];
    const path = file(`${lines.join('\n')}\n`);
    expect(texts(reader(path).read())).toEqual(lines);
  });

  it('keeps empty lines and says where each one is', () => {
    const path = file('\n\nab\n');
    const lines = reader(path).read();
    expect(lines.map(({ start, end }) => [start, end])).toEqual([
      [0, 1],
      [1, 2],
      [2, 5],
    ]);
    expect(texts(lines)).toEqual(['', '', 'ab']);
  });

  it('hands out an unfinished line only when it is finished', () => {
    const path = file('one\ntw');
    const follow = reader(path);
    expect(texts(follow.read())).toEqual(['one']);
    expect([follow.offset, follow.unfinishedBytes]).toEqual([4, 2]);
    expect(follow.read()).toEqual([]);
    appendFileSync(path, 'o');
    expect(follow.read()).toEqual([]);
    appendFileSync(path, '\nthree\nf');
    expect(texts(follow.read())).toEqual(['two', 'three']);
    expect([follow.offset, follow.unfinishedBytes]).toEqual([14, 1]);
  });

  it('goes on at an offset, which another reader saved', () => {
    const path = file('one\ntwo\nthree\n');
    const first = reader(path);
    const [line] = first.read();
    expect(texts(reader(path, line?.end).read())).toEqual(['two', 'three']);
  });

  it('splits multi-byte characters at block edges without harm', () => {
    const text = '漢👍ä'.repeat(200_000);
    const path = file(`${text}\nend\n`);
    expect(texts(reader(path).read())).toEqual([text, 'end']);
  });

  it('empty means that nothing is there: a line longer than the budget is still handed out', () => {
    const path = file(`${'x'.repeat(3 << 20)}\nshort\n`);
    const follow = reader(path);
    const lines: Line[] = [];
    for (let got = follow.read(1000); got.length > 0; got = follow.read(1000)) lines.push(...got);
    expect(lines.map((line) => line.bytes?.length)).toEqual([3 << 20, 5]);
  });

  it('reads about as much as it is told', () => {
    const path = file('0123456789\n'.repeat(100_000));
    const got = reader(path).read(1100);
    expect(got.length).toBe(100);
  });

  it('drops lines over the limit, counts their place, and goes on behind them', () => {
    const path = file(`a\n${'x'.repeat(101)}\n${'y'.repeat(100)}\n${'z'.repeat(3 << 20)}\nb\n`);
    const lines = reader(path, 0, 100).read();
    expect(lines.map((line) => line.bytes?.length)).toEqual([1, undefined, 100, undefined, 1]);
    expect(lines.at(-1)?.end).toBe(2 + 102 + 101 + (3 << 20) + 1 + 2);
  });

  it('one line of 100 MB costs about its own size', () => {
    const path = file();
    const size = 100 << 20;
    const fd = openSync(path, 'a');
    const block = Buffer.alloc(1 << 20, 'x');
    for (let written = 0; written < size; written += block.length) writeSync(fd, block);
    writeSync(fd, '\nend\n');
    closeSync(fd);
    const before = process.memoryUsage().arrayBuffers;
    const lines = reader(path, 0, 200 << 20).read();
    expect(lines.map((line) => line.bytes?.length)).toEqual([size, 3]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(3.5 * size);
    const small = reader(path).read();
    expect(small.map((line) => line.bytes?.length)).toEqual([undefined, 3]);
  });

  it('notices that the file was cut', () => {
    const path = file('one\ntwo\n');
    const follow = reader(path);
    follow.read();
    expect(follow.isReplaced()).toBe(false);
    truncateSync(path, 4);
    expect(follow.isReplaced()).toBe(true);
    expect(follow.read()).toEqual([]);
  });
});

describe('endOfLastLine', () => {
  it.each([
    ['', 0],
    ['torn', 0],
    ['a\n', 2],
    ['a\ntorn', 2],
    ['\n', 1],
    [`a\n${'x'.repeat(200_000)}`, 2],
    [`${'x'.repeat(200_000)}\ny`, 200_001],
    [`a\n${'x'.repeat((64 << 10) - 1)}`, 2],
    [`a\n${'x'.repeat(64 << 10)}`, 2],
  ])('case %#', (content, expected) => {
    const fd = openSync(file(content), 'r');
    expect(endOfLastLine(fd)).toBe(expected);
    closeSync(fd);
  });
});
