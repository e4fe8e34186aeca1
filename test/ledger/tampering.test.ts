import { appendFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/core/canonical.ts';
import { type LedgerEntry, sealEntry } from '../../src/ledger/entry.ts';
import { anchorPath } from '../../src/ledger/place.ts';
import { Random } from '../support/random.ts';
import { type Ledger, ledgerOf } from './support.ts';

/** Entry n stands in line n + 1, behind the header. */
const ENTRIES = 9;

function parsed(line: string | undefined): LedgerEntry {
  return JSON.parse(line ?? '') as LedgerEntry;
}

/** From this line on, everything is sealed anew, as somebody would who knows how. */
function resealed(lines: string[], from: number): string[] {
  const out = lines.slice(0, from - 1);
  for (let at = from - 1; at < lines.length; at += 1) {
    const { hash: _hash, ...content } = parsed(lines[at]);
    const before = at === 1 ? content.prev : parsed(out[at - 1]).hash;
    out.push(canonicalJson(sealEntry({ ...content, seq: at, prev: before })));
  }
  return out;
}

const edit = (text: string) => text.replace('"n":', '"n":1');

describe('what was done to a ledger is found', () => {
  it('nothing was done', async () => {
    const ledger = await ledgerOf(ENTRIES);
    expect(await ledger.verify()).toMatchObject({
      ok: true,
      lines: ENTRIES + 1,
      entries: ENTRIES,
      anchored: ENTRIES,
      head: { seq: ENTRIES },
      problems: [],
      notes: [],
    });
  });

  const cases: [string, (lines: string[]) => string[], string[]][] = [
    ['a fact is edited', (all) => all.with(4, edit(all[4] ?? '')), ['edit@5']],
    ['the last entry is edited', (all) => all.with(9, edit(all[9] ?? '')), ['edit@10']],
    ['a blank is added', (all) => all.with(4, (all[4] ?? '').replace(',', ', ')), ['edit@5']],
    ['a carriage return is added', (all) => all.with(4, `${all[4]}\r`), ['edit@5']],
    [
      'a key is doubled',
      (all) => all.with(4, (all[4] ?? '').replace('"kind":', '"kind":"end","kind":')),
      ['edit@5'],
    ],
    [
      'a letter is written as an escape',
      (all) => all.with(4, (all[4] ?? '').replace('"gate"', '"g\\u0061te"')),
      ['edit@5'],
    ],
    [
      'the header is edited',
      (all) => all.with(0, (all[0] ?? '').replace('"created":"2', '"created":"3')),
      ['edit@1'],
    ],
    ['an entry becomes noise', (all) => all.with(4, 'noise'), ['edit@5']],
    [
      'an entry is made to look torn',
      (all) => all.with(4, `${(all[4] ?? '').slice(0, 40)}~torn`),
      ['edit@5'],
    ],
    ['an entry is deleted', (all) => all.toSpliced(4, 1), ['delete@5']],
    ['three entries are deleted', (all) => all.toSpliced(4, 3), ['delete@5']],
    ['the first entry is deleted', (all) => all.toSpliced(1, 1), ['delete@2']],
    ['the header is deleted', (all) => all.slice(1), ['delete@1']],
    [
      'two entries change places',
      (all) => all.with(4, all[5] ?? '').with(5, all[4] ?? ''),
      ['reorder@6'],
    ],
    [
      'an entry moves to the front',
      (all) => [all[0] ?? '', all[6] ?? '', ...all.slice(1).toSpliced(5, 1)],
      ['reorder@3'],
    ],
    ['an entry stands there twice', (all) => all.toSpliced(5, 0, all[4] ?? ''), ['duplicate@6']],
    ['an entry is repeated at the end', (all) => [...all, all[4] ?? ''], ['duplicate@11']],
    ['noise is put between entries', (all) => all.toSpliced(4, 0, 'noise'), ['insert@5']],
    ['an empty line is put between entries', (all) => all.toSpliced(4, 0, ''), ['insert@5']],
    ['the end is cut off', (all) => all.slice(0, 7), ['truncate@8']],
    ['everything but the header is cut off', (all) => all.slice(0, 1), ['truncate@2']],
    [
      'an entry is edited and sealed anew',
      (all) => [...resealed(all.with(4, edit(all[4] ?? '')), 5).slice(0, 5), ...all.slice(5)],
      ['edit@5'],
    ],
    [
      'an entry is edited and all behind it sealed anew',
      (all) => resealed(all.with(4, edit(all[4] ?? '')), 5),
      ['rewrite@10'],
    ],
    [
      'an entry is deleted and all behind it sealed anew',
      (all) => resealed(all.toSpliced(4, 1), 5),
      ['truncate@10'],
    ],
    [
      'an entry is put in and all behind it sealed anew',
      (all) => resealed(all.toSpliced(5, 0, all[4] ?? ''), 6),
      ['rewrite@10'],
    ],
  ];
  it.each(cases)('%s', async (_, change, expected) => {
    const ledger = await ledgerOf(ENTRIES);
    ledger.rewrite(change);
    expect(await ledger.problems()).toEqual(expected);
  });

  it('any single byte', async () => {
    const ledger = await ledgerOf(3);
    const bytes = readFileSync(ledger.file);
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      writeFileSync(ledger.file, changed);
      if ((await ledger.problems()).length === 0) expect(`byte ${at} unnoticed`).toBe('');
    }
  });

  it('any mixture of moved, doubled and lost lines', async () => {
    const ledger = await ledgerOf(12);
    const original = ledger.lines;
    const dice = new Random(7);
    const random = (below: number) => dice.between(0, below - 1);
    for (let round = 0; round < 400; round += 1) {
      const lines = [...original];
      for (let step = random(4); step >= 0; step -= 1) {
        const [from, to] = [random(lines.length), random(lines.length)];
        const [line = ''] = lines.splice(from, 1);
        if (random(3) > 0) lines.splice(to, 0, line);
        if (random(4) === 0) lines.splice(random(lines.length), 0, line);
      }
      ledger.rewrite(() => lines);
      const isSame = lines.join('\n') === original.join('\n');
      const found = await ledger.problems();
      expect({ round, lines, found: found.length > 0 }).toEqual({ round, lines, found: !isSame });
    }
  });

  it('the whole file is gone', async () => {
    const ledger = await ledgerOf(3);
    rmSync(ledger.file);
    expect(await ledger.problems()).toEqual(['truncate@1']);
  });

  it('a line that was anchored is cut in the middle', async () => {
    const ledger = await ledgerOf(3);
    truncateSync(ledger.file, readFileSync(ledger.file).length - 40);
    expect(await ledger.problems()).toEqual(['truncate@4']);
  });
});

describe('it is still found after the work has gone on', () => {
  async function goOn(ledger: Ledger): Promise<void> {
    for (let n = 0; n < 5; n += 1) await ledger.append();
  }

  it.each([
    ['cut off', (all: string[]) => all.slice(0, 7), 'break@8'],
    ['rewritten', (all: string[]) => resealed(all.with(4, edit(all[4] ?? '')), 5), 'break@11'],
    [
      'rewritten and one longer',
      (all: string[]) => resealed([...all.with(4, edit(all[4] ?? '')), all[1] ?? ''], 5),
      'break@12',
    ],
  ])('the end was %s', async (_, change, expected) => {
    const ledger = await ledgerOf(ENTRIES);
    ledger.rewrite(change);
    await goOn(ledger);
    expect(await ledger.problems()).toEqual([expected]);
  });

  it('the file was removed', async () => {
    const ledger = await ledgerOf(ENTRIES);
    rmSync(ledger.file);
    await goOn(ledger);
    expect(await ledger.problems()).toEqual(['break@1']);
    for (let n = 0; n < 9; n += 1) await ledger.append();
    expect(await ledger.problems()).toEqual(['break@1']);
  });

  it('an entry in the middle was edited', async () => {
    const ledger = await ledgerOf(ENTRIES);
    ledger.rewrite((all) => all.with(4, edit(all[4] ?? '')));
    await goOn(ledger);
    expect(await ledger.problems()).toEqual(['edit@5']);
  });
});

describe('what is no tampering', () => {
  it('a torn tail, before and after the next entry', async () => {
    const ledger = await ledgerOf(3);
    const line = ledger.lines[3] ?? '';
    for (const torn of [line.slice(0, 50), line, '{"', '\0\0\0', 'x'.repeat(200_000)]) {
      appendFileSync(ledger.file, torn);
      expect(await ledger.verify()).toMatchObject({
        ok: true,
        notes: expect.arrayContaining([expect.stringContaining('not finished')]),
      });
      await ledger.append();
    }
    const { ok, notes, entries } = await ledger.verify();
    expect({ ok, entries }).toEqual({ ok: true, entries: 8 });
    expect(notes).toEqual([expect.stringContaining('line 5, 7, 9, 11, 13')]);
  });

  it('a header that was never finished', async () => {
    const ledger = await ledgerOf(0);
    await ledger.append();
    const header = ledger.lines[0] ?? '';
    const other = await ledgerOf(0);
    await other.append();
    rmSync(other.file);
    rmSync(anchorPath(other.host.home, other.workspace));
    writeFileSync(other.file, header.slice(0, 30));
    await other.append();
    expect(await other.problems()).toEqual([]);
  });

  it('an anchor that a crash left behind the entry', async () => {
    const ledger = await ledgerOf(3);
    const path = anchorPath(ledger.host.home, ledger.workspace);
    const old = readFileSync(path);
    await ledger.append();
    await ledger.append();
    writeFileSync(path, old);
    expect(await ledger.problems()).toEqual([]);
    await ledger.append();
    expect(await ledger.problems()).toEqual([]);
  });

  it('a copy of the project has no anchor, which is said', async () => {
    const ledger = await ledgerOf(3);
    rmSync(anchorPath(ledger.host.home, ledger.workspace));
    expect(await ledger.verify()).toMatchObject({
      ok: true,
      notes: [expect.stringContaining('No anchor')],
    });
    await ledger.append();
    expect(await ledger.verify()).toMatchObject({
      ok: true,
      notes: [expect.stringContaining('up to 3')],
    });
  });

  it('a damaged anchor is one', async () => {
    const ledger = await ledgerOf(3);
    writeFileSync(anchorPath(ledger.host.home, ledger.workspace), '{');
    expect(await ledger.problems()).toEqual(['rewrite@1']);
  });
});
