import { execFileSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { toErrorFacts } from '../../src/core/errors.ts';
import { sealEntry } from '../../src/ledger/entry.ts';
import { anchorPath, ledgerPaths } from '../../src/ledger/place.ts';
import { stateOf } from '../../src/proc/identity.ts';
import { topLease } from '../../src/store/lease.ts';
import { workspaceAt } from '../../src/workspace/layout.ts';
import { bundle } from '../support/bundle.ts';
import { project, userWithProject } from '../support/history.ts';
import { eventually, startFixture } from '../support/processes.ts';
import { scratch, smallDisk } from '../support/scratch.ts';
import { Ledger, ledgerOf } from './support.ts';

const GROUND = await bundle([
  'ledger/append',
  'workspace/layout',
  'workspace/home',
  'core/clock',
  'store/lease',
]);

function startAppender(ledger: Ledger, tag: string, count: number) {
  const { host, workspace } = ledger;
  return startFixture('ledger-appender', [
    GROUND,
    host.env.HOME ?? '',
    workspace.root,
    tag,
    String(count),
  ]);
}

const facts = async (act: Promise<unknown>) =>
  act.then(
    () => expect.unreachable('nothing was thrown'),
    (error: unknown) => toErrorFacts(error),
  );

describe('an entry', () => {
  it('says what happened, without secrets, and is private', async () => {
    const ledger = await ledgerOf(0);
    const token = `ghp_${'a1B2'.repeat(9)}`;
    const entry = await ledger.append({
      kind: 'dispatch',
      subject: 'run_1\n2',
      actor: { by: 'controller', client: 'codex-mcp-client', thread: 't1' },
      facts: { note: `with ${token}\u001b[31m`, api_key: 'hunter2hunter2', long: 'x'.repeat(9000) },
    });
    expect(entry).toMatchObject({ seq: 1, kind: 'dispatch', subject: 'run_1 2' });
    const text = readFileSync(ledger.file, 'utf8');
    expect(text).not.toContain(token);
    expect(text).not.toContain('hunter2');
    expect(text).not.toContain('\u001b');
    expect(text.length).toBeLessThan(2000);
    if (process.platform !== 'win32') expect(statSync(ledger.file).mode & 0o777).toBe(0o600);
    expect(await ledger.problems()).toEqual([]);
  });

  it('with too many facts is refused', async () => {
    const ledger = await ledgerOf(0);
    const list = Array.from({ length: 50 }, () => 'y'.repeat(400));
    expect(await facts(ledger.append({ facts: { list } }))).toMatchObject({ code: 'INTERNAL' });
  });

  it('is written once for a key, whoever comes again', async () => {
    const ledger = await ledgerOf(2);
    const first = await ledger.append({ kind: 'end', subject: 'run_a', once: true });
    await ledger.append({ kind: 'verify', subject: 'run_a', key: 'v1' });
    expect(await ledger.append({ kind: 'end', subject: 'run_a', once: true })).toEqual(first);
    expect((await ledger.append({ kind: 'end', subject: 'run_b', once: true })).seq).toBe(5);
    expect((await ledger.append({ kind: 'verify', subject: 'run_a', key: 'v2' })).seq).toBe(6);
    expect((await ledger.append({ kind: 'verify', subject: 'run_a', key: 'v1' })).seq).toBe(4);
    expect(await ledger.problems()).toEqual([]);
  });
});

describe('what cannot be recorded fails', () => {
  it('on a read-only server, and without a workspace', async () => {
    const { host, workspace } = await ledgerOf(0);
    const readOnly = new Ledger({ ...host, readOnly: true }, workspace);
    expect(await facts(readOnly.append())).toMatchObject({ code: 'NOT_ALLOWED' });
    const nowhere = new Ledger(host, workspaceAt(scratch()));
    expect(await facts(nowhere.append())).toMatchObject({ code: 'NO_WORKSPACE' });
  });

  it('where the ledger cannot be written', async () => {
    const ledger = await ledgerOf(1);
    rmSync(ledger.file);
    mkdirSync(ledger.file);
    await expect(ledger.append()).rejects.toThrow('EISDIR');
  });

  it('where something else stands in its place', async () => {
    const ledger = await ledgerOf(0);
    await ledger.append();
    rmSync(ledger.file);
    appendFileSync(ledger.file, `${'something else '.repeat(100)}\n`);
    expect(await facts(ledger.append())).toMatchObject({ code: 'STORAGE_CORRUPT' });
  });

  it('on a full disk, and goes on when there is room again', async () => {
    const disk = smallDisk(300);
    if (disk === undefined) return;
    const { host } = await userWithProject(scratch());
    const ledger = new Ledger(host, await project(host, `${disk}/project`));
    let written = 0;
    const filler = 'x'.repeat(400);
    const full = await facts(
      (async () => {
        for (;;) {
          await ledger.append({ facts: { filler } });
          written += 1;
        }
      })(),
    );
    expect(full).toMatchObject({ code: 'STORAGE_FULL', retryable: true });
    expect(written).toBeGreaterThan(50);
    expect(await ledger.problems()).toEqual([]);
    execFileSync('mount', ['-o', 'remount,size=600k', disk]);
    expect((await ledger.append()).seq).toBe(written + 1);
    expect(await ledger.problems()).toEqual([]);
  });
});

describe('many processes', () => {
  it('eight at once leave one chain with every entry', async () => {
    const ledger = await ledgerOf(0);
    const tags = Array.from({ length: 8 }, (_, index) => `p${index}`);
    const all = tags.map((tag) => startAppender(ledger, tag, 25));
    const exits = await Promise.all(all.map((one) => one.exited));
    expect(exits.map(({ code }) => code)).toEqual(tags.map(() => 0));
    const verdict = await ledger.verify();
    expect(verdict).toMatchObject({ ok: true, entries: 200, anchored: 200, notes: [] });
    for (const tag of tags) {
      const own = ledger.lines.filter((line) => line.includes(`"subject":"${tag}"`));
      expect(own.map((line) => JSON.parse(line).facts.n)).toEqual([...Array(25).keys()]);
    }
  });

  it('kill -9 in the middle, again and again, spoils nothing', async () => {
    const ledger = await ledgerOf(0);
    let told = 0;
    for (let round = 0; round < 12; round += 1) {
      const one = startAppender(ledger, `r${round}`, 10_000);
      await one.next();
      for (let n = 0; n <= round % 4; n += 1) {
        await one.next();
        told += 1;
      }
      await new Promise((resolve) => setTimeout(resolve, (round * 7) % 11));
      await one.kill();
    }
    await ledger.append();
    const { ok, entries, problems } = await ledger.verify();
    expect(problems).toEqual([]);
    expect(ok).toBe(true);
    expect(entries).toBeGreaterThan(told);
  });

  it('one that is frozen with the turn is passed over', async () => {
    const ledger = await ledgerOf(1);
    const { host, workspace } = ledger;
    const holder = startFixture('lease-holder', [GROUND]);
    await holder.next();
    await holder.ask(`take ${ledgerPaths(workspace).lease}`);
    holder.child.kill('SIGSTOP');
    await eventually('it is stopped', () => stateOf(holder.identity) === 'stopped');
    expect((await new Ledger(host, workspace).append()).seq).toBe(2);
    holder.child.kill('SIGCONT');
    expect(await holder.ask('held')).toEqual({ held: false });
    expect(await ledger.problems()).toEqual([]);
  });
});

describe('one that is frozen in the middle of its turn', () => {
  it.each([
    ['before its line is written', '1', 6],
    ['before its anchor is moved', '2', 4],
  ])('%s does its work once when it wakes up, and spoils nothing', async (_, when, seq) => {
    const ledger = await ledgerOf(3);
    const { host, workspace } = ledger;
    const args = [GROUND, host.env.HOME ?? '', workspace.root, when];
    const sleeper = startFixture('ledger-sleeper', args);
    await eventually('it is stopped', () => stateOf(sleeper.identity) === 'stopped');
    await ledger.append();
    await ledger.append();
    sleeper.child.kill('SIGCONT');
    expect(await sleeper.next()).toEqual({ seq });
    await ledger.append();
    expect(await ledger.verify()).toMatchObject({ ok: true, entries: 7, problems: [] });
    expect(ledger.lines.filter((line) => line.includes('"sleeper"'))).toHaveLength(1);
  });
});

describe('one that wakes up and writes with a turn it has lost', () => {
  /** Its line, written blindly behind everything, as it was prepared when there were `after` entries. */
  function late(ledger: Ledger, after: number): string {
    const { seq, hash, epoch } = JSON.parse(ledger.lines[after] ?? '');
    const line = sealEntry({
      seq: seq + 1,
      time: '2026-11-21T11:09:00.123Z',
      kind: 'gate',
      actor: { by: 'cli' },
      subject: 'late',
      facts: {},
      epoch,
      prev: hash,
    });
    return `${JSON.stringify(Object.fromEntries(Object.entries(line).sort(([a], [b]) => (a < b ? -1 : 1))))}\n`;
  }

  it.each([[3], [5]])('is found as a fork, and loses nobody a line (%i ahead)', async (ahead) => {
    const ledger = await ledgerOf(4);
    const line = late(ledger, 4);
    for (let n = 0; n < ahead; n += 1) await ledger.append();
    appendFileSync(ledger.file, line);
    expect(await ledger.problems()).toEqual([`fork@${4 + ahead + 2}`]);
    for (let n = 0; n < 3; n += 1) await ledger.append();
    expect(await ledger.problems()).toEqual([`fork@${4 + ahead + 2}`]);
    expect(await ledger.verify()).toMatchObject({ head: { seq: 4 + ahead + 3 } });
  });

  it('also where just one other has written', async () => {
    const ledger = await ledgerOf(4);
    const line = late(ledger, 4);
    await ledger.append();
    appendFileSync(ledger.file, line);
    await ledger.append();
    expect(await ledger.problems()).toEqual(['fork@7']);
    expect(await ledger.verify()).toMatchObject({ head: { seq: 6 } });
  });
});

it('an append leaves the turn free and the anchor at its entry', async () => {
  const ledger = await ledgerOf(1);
  const { host, workspace } = ledger;
  expect(topLease(ledgerPaths(workspace).lease)?.released).toBe(true);
  expect(JSON.parse(readFileSync(anchorPath(host.home, workspace), 'utf8'))).toMatchObject({
    seq: 1,
    since: 0,
    breaks: [],
  });
});
