import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { readReceipt, writeReceipt } from '../../src/ledger/receipt.ts';
import type { FoundRun } from '../../src/runs/find.ts';
import { sealEnd } from '../../src/runs/ledger.ts';
import { writeRecord } from '../../src/runs/record.ts';
import { privateRunPaths } from '../../src/workspace/home.ts';
import { runPaths } from '../../src/workspace/layout.ts';
import { endedRecord, usageOf } from '../support/history.ts';
import { type Ledger, ledgerOf } from './support.ts';

let ledger: Ledger;
let run: FoundRun;

/** A run that wrote something and ended, with its results where they belong. */
async function endedRun(): Promise<FoundRun> {
  const { workspace, host } = ledger;
  const record = endedRecord(workspace, new Date('2026-11-21T11:00:00.000Z'), {
    scope: { paths: ['src/**'], commands: [] },
    role: 'implementation',
  });
  const paths = runPaths(workspace, record.run_id);
  mkdirSync(paths.dir, { recursive: true });
  mkdirSync(privateRunPaths(host.home, record.run_id).dir, { recursive: true });
  writeFileSync(privateRunPaths(host.home, record.run_id).prompt, '["Look."]');
  for (const path of [paths.events, paths.stdout, paths.diff, paths.changedFiles, paths.prompt]) {
    writeFileSync(path, `content of ${path}\n`);
  }
  return { workspace, paths, record };
}

const end = async () => {
  const sealed = await sealEnd(ledger.host, run.record, undefined);
  await writeRecord(run.paths, { ...run.record, ledger: sealed });
  return sealed;
};

beforeEach(async () => {
  ledger = await ledgerOf(2);
  run = await endedRun();
});

describe('the receipt of a run', () => {
  it('is a statement about its results, bound to the ledger', async () => {
    expect(await end()).toMatchObject({ seq: 3 });
    const receipt = JSON.parse(readFileSync(run.paths.receipt, 'utf8'));
    expect(receipt).toMatchObject({
      schema_version: 1,
      _type: 'https://in-toto.io/Statement/v1',
      predicateType: 'urn:cc-orchestrator:agent-run:v1',
      predicate: {
        run_id: run.record.run_id,
        model: { declared: 'model-a', actual: ['model-a'] },
        usage: { usd: 0.01, complete: true },
        outcome: { state: 'succeeded', failure: 'success' },
        verification: null,
        prompt_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        ledger: { seq: 3, hash: JSON.parse(ledger.lines[3] ?? '').hash },
      },
    });
    expect(receipt.subject.map(({ name }: { name: string }) => name)).toEqual([
      'events.ndjson',
      'stdout.txt',
      'diff.patch',
      'changed_files.json',
      'prompt.md',
    ]);
    expect(JSON.parse(ledger.lines[3] ?? '')).toMatchObject({
      kind: 'end',
      subject: run.record.run_id,
      facts: { state: 'succeeded', usd: 0.01, usage_complete: true, tokens: { input: 100 } },
    });
    expect(await ledger.verify()).toMatchObject({
      ok: true,
      receipts: { checked: 1, files_of: 1 },
    });
  });

  it('says where the price is not known', async () => {
    const { outcome } = run.record;
    if (outcome === undefined) throw new Error('no outcome');
    const usage = usageOf({ 'model-b': { input: 5, output: 5 } }, { complete: false });
    run = { ...run, record: { ...run.record, outcome: { ...outcome, usage } } };
    await end();
    const { facts } = JSON.parse(ledger.lines[3] ?? '');
    expect(facts).toMatchObject({ usd: 'unknown', usage_complete: false });
  });

  it('is the same when a crash makes somebody end the run again', async () => {
    const first = await sealEnd(ledger.host, run.record, 10);
    const before = readFileSync(run.paths.receipt, 'utf8');
    rmSync(run.paths.receipt);
    appendFileSync(run.paths.events, 'another supervisor came\n');
    expect(await sealEnd(ledger.host, run.record, 30)).toEqual(first);
    expect(readFileSync(run.paths.receipt, 'utf8')).toBe(before);
    expect(await ledger.verify()).toMatchObject({ ok: true, entries: 3 });
  });

  it('stays right while events are appended, and is renewed with the verdict', async () => {
    await end();
    appendFileSync(run.paths.events, 'somebody was woken\n');
    expect(await ledger.problems()).toEqual([]);
    mkdirSync(run.paths.verification);
    const latest = { schema_version: 1, verification_id: 'verify_1', verdict: 'accept', risk: 0.1 };
    writeFileSync(join(run.paths.verification, 'latest.json'), JSON.stringify(latest));
    const draft = { kind: 'verify' as const, key: 'verify_1', facts: { verdict: 'accept' } };
    const entry = await writeReceipt(ledger.host, run, draft);
    expect((await readReceipt(run))?.predicate).toMatchObject({
      verification: { id: 'verify_1', verdict: 'accept', risk: 0.1 },
      ledger: { seq: entry.seq },
    });
    expect(await ledger.problems()).toEqual([]);
    expect(await writeReceipt(ledger.host, run, draft)).toEqual(entry);
    const edited = JSON.stringify({ ...latest, verdict: 'reject' });
    writeFileSync(join(run.paths.verification, 'latest.json'), edited);
    const [problem] = (await ledger.verify()).problems;
    expect(problem?.text).toContain('verification/latest.json is not what');
  });
});

describe('what was done to receipts and results is found', () => {
  const change = (path: string, from: string, to: string) => {
    const text = readFileSync(path, 'utf8');
    if (!text.includes(from)) throw new Error(`${from} is not in ${path}`);
    writeFileSync(path, text.replace(from, to));
  };

  it.each<[string, (old: Buffer) => void, string]>([
    [
      'a fact of the receipt',
      () => change(run.paths.receipt, '"succeeded"', '"failed"'),
      'not the one of entry 3',
    ],
    [
      'the place of its entry',
      () => change(run.paths.receipt, '"seq": 3', '"seq": 2'),
      'names entry 2',
    ],
    ['the receipt is gone', () => rmSync(run.paths.receipt), 'its receipt is gone'],
    ['the receipt is noise', () => writeFileSync(run.paths.receipt, '{'), 'cannot be read'],
    ['the answer', () => change(run.paths.stdout, 'content', 'another'), 'stdout.txt is not'],
    ['the diff is gone', () => rmSync(run.paths.diff), 'diff.patch is not'],
    ['the events', () => change(run.paths.events, 'content', 'Content'), 'events.ndjson is not'],
    ['the events were cut', () => writeFileSync(run.paths.events, ''), 'events.ndjson is not'],
  ])('%s', async (_, act, text) => {
    await end();
    act(readFileSync(run.paths.receipt));
    const { ok, problems } = await ledger.verify();
    expect({ ok, problems }).toEqual({
      ok: false,
      problems: [{ class: 'receipt', line: 4, text: expect.stringContaining(text) }],
    });
    expect((await ledger.verify(run.record.run_id)).ok).toBe(false);
  });

  it('an older receipt is put back', async () => {
    await end();
    const old = readFileSync(run.paths.receipt);
    await writeReceipt(ledger.host, run, {
      kind: 'verify',
      key: 'v',
      facts: { verdict: 'reject' },
    });
    writeFileSync(run.paths.receipt, old);
    const { problems } = await ledger.verify();
    expect(problems).toMatchObject([
      { line: 5, text: expect.stringContaining('older than entry 4') },
    ]);
  });

  it('a receipt tells where a rewritten ledger differs', async () => {
    await end();
    await ledger.append();
    ledger.rewrite((lines) => lines.slice(0, 2));
    for (let n = 0; n < 4; n += 1) await ledger.append();
    const { problems } = await ledger.verify();
    expect(problems.map((one) => one.class).sort()).toEqual(['break', 'receipt']);
  });
});
