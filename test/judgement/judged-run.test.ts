import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { decideRun } from '../../src/judgement/decide-run.ts';
import { gateRun } from '../../src/judgement/gate/gate-run.ts';
import { addItem, closeItem, readItems } from '../../src/judgement/open-items/store.ts';
import { recordVerification } from '../../src/judgement/record-verification.ts';
import { reviewDecision } from '../../src/judgement/review-run.ts';
import { scoreRun } from '../../src/judgement/score-run.ts';
import type { VerdictFile } from '../../src/judgement/verdict-file.ts';
import type { Actor } from '../../src/ledger/entry.ts';
import { ledgerPaths } from '../../src/ledger/place.ts';
import { latestEntries } from '../../src/ledger/query.ts';
import { verifyLedger } from '../../src/ledger/verify.ts';
import { appendEnding } from '../../src/routing/endings.ts';
import { gatherEvidence } from '../../src/routing/gather.ts';
import { routeKey } from '../../src/routing/keys.ts';
import { qualityOf } from '../../src/routing/quality.ts';
import { readScores } from '../../src/routing/scores.ts';
import { digestRun } from '../../src/runs/digest-run.ts';
import type { FoundRun } from '../../src/runs/find.ts';
import { sealEnd } from '../../src/runs/ledger.ts';
import { writeRecord } from '../../src/runs/record.ts';
import type { Host } from '../../src/workspace/host.ts';
import { runPaths, type Workspace } from '../../src/workspace/layout.ts';
import { readPolicy } from '../../src/workspace/policy.ts';
import { changedFilesOf } from '../support/changed-files.ts';
import {
  endedRecord,
  storeActive,
  storeRecord,
  usageOf,
  userWithProject,
} from '../support/history.ts';
import { scratch } from '../support/scratch.ts';

const ACTOR: Actor = { by: 'cli' };
let host: Host;
let workspace: Workspace;
let run: FoundRun;
let verifications = 0;

beforeEach(async () => {
  ({ host, workspace } = await userWithProject(scratch()));
  run = await endedRun('author-model', {
    scope: { paths: ['src/**'], commands: [] },
    role: 'implementation',
  });
  git('init', '-q');
  git('config', 'user.email', 'a@b.c');
  git('config', 'user.name', 'a');
  writeFileSync(join(workspace.root, 'a.txt'), 'a');
  git('add', '-A');
  git('commit', '-qm', 'first');
});

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: workspace.root, encoding: 'utf8' }).trim();
}

/** A run that ended a minute ago and is on record. */
async function endedRun(
  model: string,
  change: object,
  ended = Date.now() - 60_000,
): Promise<FoundRun> {
  const usage = usageOf({ [model]: { input: 100, output: 20 } });
  const record = endedRecord(workspace, new Date(ended), change, usage);
  storeRecord(workspace, record);
  const paths = runPaths(workspace, record.run_id);
  mkdirSync(paths.inbox, { recursive: true });
  if (record.scope !== null) {
    writeFileSync(paths.changedFiles, JSON.stringify(changedFilesOf([{ path: 'src/a.ts' }])));
    writeFileSync(paths.diff, '--- a/src/a.ts\n+++ b/src/a.ts\n+x\n');
  }
  const ledger = await sealEnd(host, record, undefined);
  await writeRecord(paths, { ...record, ledger });
  return { workspace, paths, record: { ...record, ledger } };
}

/** As the verification of a run leaves its result. */
async function verified(
  verdict: VerdictFile['verdict'],
  change: Partial<VerdictFile> = {},
): Promise<VerdictFile> {
  verifications += 1;
  const file: VerdictFile = {
    verification_id: `verify_${verifications}`,
    run_id: run.record.run_id,
    time: new Date().toISOString(),
    verdict,
    risk: { accept: 0, investigate: 0.3, reject: 0.81 }[verdict],
    reasons: [],
    tests: [{ command: 'npm test', status: 'passed' }],
    claims: [{ status: 'verified' }],
    ...change,
  };
  mkdirSync(run.paths.verification, { recursive: true });
  const text = JSON.stringify({ schema_version: 1, ...file });
  writeFileSync(join(run.paths.verification, `${file.verification_id}.json`), text);
  writeFileSync(join(run.paths.verification, 'latest.json'), text);
  await recordVerification(host, run, file, ACTOR);
  return file;
}

const failing = { code: 'tests_failed', level: 'reject', text: '`npm test` exits with 1' } as const;
const decide = (pending = 0) => decideRun(host, run, { pending, actor: ACTOR });
const kinds = () =>
  latestEntries(workspace, { subject: run.record.run_id }, { limit: 50 })
    .entries.map(({ kind }) => kind)
    .reverse();

async function reviewedBy(model: string, output: object): Promise<string> {
  const reviewer = await endedRun(model, {}, Date.now());
  const { paths, record } = reviewer;
  const created = new Date(Date.parse(run.record.ended ?? '') + 1000).toISOString();
  await writeRecord(paths, { ...record, created });
  writeFileSync(paths.output, JSON.stringify({ schema_version: 1, output }));
  return record.run_id;
}

const gate = (change: Partial<Parameters<typeof gateRun>[2]> = {}) =>
  gateRun(host, run, {
    reviews: [],
    ci: undefined,
    minCoverage: undefined,
    maxLines: undefined,
    maxFiles: undefined,
    waive: [],
    reason: undefined,
    actor: ACTOR,
    ...change,
  });

describe('the way of a run to its end', () => {
  it('verify, gate, complete; each decision once and on record', async () => {
    expect(await decide()).toMatchObject({ rule: 'investigate', next: 'verify' });
    await verified('accept');
    expect(await decide()).toMatchObject({ rule: 'dispatch', next: 'gate_check' });
    expect(await gate()).toMatchObject({ decision: 'HOLD' });
    expect(await decide()).toMatchObject({ rule: 'investigate', next: 'gate_check' });
    const reviews = [await reviewedBy('reviewer-model', { verdict: 'pass', findings: [] })];
    const ci = `${git('rev-parse', 'HEAD')}:success`;
    expect(await gate({ reviews, ci })).toMatchObject({ decision: 'GO' });
    const done = await decide();
    expect(done).toMatchObject({ rule: 'complete', action: 'complete' });
    const again = await decide();
    expect(again).toMatchObject({ rule: 'duplicate', action: 'wait', seq: undefined });
    expect(again.why).toContain(`entry ${done.seq}`);
    expect(await decide(1)).toMatchObject({ rule: 'dispatch', next: 'next_task' });
    expect(kinds()).toEqual([
      'end',
      'decision',
      'verify',
      'decision',
      'gate',
      'decision',
      'gate',
      'decision',
      'decision',
    ]);
    expect(await verifyLedger(host, workspace)).toMatchObject({ ok: true });
  });

  it('its summary never sends back to what was done already', async () => {
    const next = async () => (await digestRun(host, run)).next.action;
    expect(await next()).toBe('verify');
    await decide();
    expect(await next()).toBe('verify');
    await verified('investigate');
    expect(await next()).toBe('review');
    await verified('reject');
    expect(await next()).toBe('rollback_or_rework');
    await verified('accept');
    expect(await next()).toBe('decide');
    await decide();
    expect((await digestRun(host, run)).next).toMatchObject({
      action: 'dispatch',
      why: expect.stringContaining('not gated yet'),
    });
    await gate();
    expect(await next()).toBe('gate_check');
    const reviews = [await reviewedBy('reviewer-model', { verdict: 'pass', findings: [] })];
    await gate({ reviews, ci: `${git('rev-parse', 'HEAD')}:success` });
    expect(await next()).toBe('decide');
    expect(await decide()).toMatchObject({ action: 'complete' });
    expect(await next()).toBe('report');
  });

  it('what is not known, or goes on, is waited for and not recorded', async () => {
    expect(await decideRun(host, undefined, { pending: 0, actor: ACTOR })).toMatchObject({
      rule: 'ghost',
    });
    const active = await storeActive(host, workspace, endedRecord(workspace, new Date()));
    const found = { workspace, paths: runPaths(workspace, active.run_id), record: active };
    const readOnly = { ...host, readOnly: true };
    expect(await decideRun(readOnly, found, { pending: 0, actor: ACTOR })).toMatchObject({
      rule: 'ghost',
      action: 'wait',
    });
  });

  it('a rejected run is rejected, its findings are open until they are gone', async () => {
    await verified('reject', { reasons: [failing, { code: 'denials', level: 'info', text: '1' }] });
    const [item] = readItems(workspace).values();
    expect(item).toMatchObject({
      severity: 'blocker',
      status: 'open',
      title: expect.stringContaining('tests_failed'),
    });
    expect(await decide()).toMatchObject({ rule: 'reject' });
    await verified('reject', { reasons: [{ ...failing, text: '`npm test` exits with 2' }] });
    expect([...readItems(workspace).values()]).toMatchObject([{ count: 2, status: 'open' }]);
    const last = await verified('accept');
    expect([...readItems(workspace).values()]).toMatchObject([
      { status: 'done', reason: `not found any more by ${last.verification_id}` },
    ]);
    expect(await decide()).toMatchObject({ rule: 'dispatch' });
    await verified('reject', { reasons: [failing] });
    expect([...readItems(workspace).values()]).toMatchObject([{ count: 3, status: 'open' }]);
  });

  it('a verdict that somebody edited counts for nothing', async () => {
    await verified('reject', { reasons: [] });
    const path = join(run.paths.verification, 'latest.json');
    const text = readFileSync(path, 'utf8');
    writeFileSync(path, text.replace('"reject"', '"accept"').replace('0.81', '0'));
    expect(await decide()).toMatchObject({ rule: 'investigate', next: 'verify' });
    expect(await reviewDecision(host, run, { actor: ACTOR })).toMatchObject({ verdict: 'block' });
    expect((await gate()).checks.find(({ check }) => check === 'verdict')?.status).toBe('HOLD');
  });
});

describe('a review', () => {
  it('approves on evidence, and shows what came of earlier decisions', async () => {
    await verified('reject', { reasons: [failing] });
    const first = await reviewDecision(host, run, {
      proposed: 'merge it',
      note: 'looks fine',
      actor: ACTOR,
    });
    expect(first).toMatchObject({ verdict: 'block', earlier: [] });
    await verified('accept');
    const second = await reviewDecision(host, run, { actor: ACTOR });
    expect(second).toMatchObject({ verdict: 'approve', missing_evidence: [], objections: [] });
    expect(second.earlier).toMatchObject([
      { decided: 'block', came_of: [expect.stringContaining('verify: accept')] },
    ]);
    const [entry] = latestEntries(workspace, { kind: 'decision' }, { limit: 2 }).entries.slice(-1);
    expect(entry?.facts).toMatchObject({
      verdict: 'block',
      proposed: 'merge it',
      note: 'looks fine',
    });
  });

  it('does not suffer from what was done to the ledger before the run', async () => {
    const later = await endedRun('author-model', { scope: { paths: ['**'], commands: [] } });
    const { file } = ledgerPaths(workspace);
    const spoil = (from: string, to: string) =>
      writeFileSync(file, readFileSync(file, 'utf8').replace(from, to));
    spoil('"kind":"end"', '"kind":"gate"');
    run = later;
    await verified('accept');
    expect(await reviewDecision(host, run, { actor: ACTOR })).toMatchObject({ verdict: 'approve' });
    spoil('"kind":"verify"', '"kind":"gate"');
    expect(await reviewDecision(host, run, { actor: ACTOR })).toMatchObject({ verdict: 'block' });
  });

  it('blocks where the ledger was edited', async () => {
    await verified('accept');
    const { file } = ledgerPaths(workspace);
    writeFileSync(file, readFileSync(file, 'utf8').replace('"risk":0', '"risk":1'));
    expect(await reviewDecision(host, run, { actor: ACTOR })).toMatchObject({ verdict: 'block' });
  });
});

describe('a gate', () => {
  const of = async (change: Parameters<typeof gate>[0], name: string) =>
    (await gate(change)).checks.find(({ check }) => check === name);

  it('takes no review of the author, and none without a verdict', async () => {
    await verified('accept');
    const own = await reviewedBy('author-model', { verdict: 'pass' });
    expect(await of({ reviews: [own] }, 'reviews')).toMatchObject({
      status: 'HOLD',
      detail: expect.stringContaining('author'),
    });
    const mute = await reviewedBy('reviewer-model', { summary: 'All is well.' });
    expect(await of({ reviews: [mute] }, 'reviews')).toMatchObject({ status: 'HOLD' });
    const against = await reviewedBy('reviewer-model', { verdict: 'fail' });
    const pass = await reviewedBy('third-model', { verdict: 'pass' });
    expect(await of({ reviews: [against, pass] }, 'reviews')).toMatchObject({ status: 'ESCALATE' });
    const blocking = { verdict: 'pass', findings: [{ severity: 'critical', title: 'loses data' }] };
    const found = await reviewedBy('reviewer-model', blocking);
    expect(await of({ reviews: [found] }, 'reviews')).toMatchObject({
      status: 'HOLD',
      detail: expect.stringContaining('loses data'),
    });
  });

  it('wants CI of the very commit, with nothing beside it', async () => {
    await verified('accept');
    const head = git('rev-parse', 'HEAD');
    expect(await of({ ci: `${head}:success` }, 'ci')).toMatchObject({ status: 'GO' });
    expect(await of({ ci: `${'0'.repeat(40)}:success` }, 'ci')).toMatchObject({ status: 'HOLD' });
    writeFileSync(join(workspace.root, 'b.txt'), 'b');
    expect(await of({ ci: `${head}:success` }, 'ci')).toMatchObject({
      status: 'HOLD',
      detail: expect.stringContaining('not in'),
    });
  });

  it('is waived only with a name to it', async () => {
    await verified('accept');
    await expect(gate({ waive: ['ci'] })).rejects.toMatchObject({ code: 'BAD_INPUT' });
    await expect(gate({ waive: ['verdict'], reason: 'x' })).rejects.toMatchObject({
      code: 'BAD_INPUT',
    });
    const waived = await gate({ waive: ['ci', 'reviews'], reason: 'a hotfix, agreed with Kim' });
    expect(waived.decision).toBe('GO');
    const [entry] = latestEntries(workspace, { kind: 'gate' }, { limit: 1 }).entries;
    expect(entry?.facts).toMatchObject({
      decision: 'GO',
      waived: 'reviews, ci',
      reason: 'a hotfix, agreed with Kim',
    });
  });

  it('finds conflict markers', async () => {
    await verified('accept');
    writeFileSync(run.paths.diff, '+++ b/src/a.ts\n+<<<<<<< HEAD\n');
    expect(await of({}, 'conflicts')).toMatchObject({
      status: 'HOLD',
      detail: 'markers in src/a.ts',
    });
  });
});

describe('open items', () => {
  const add = (title: string, more: object = {}) =>
    addItem(host, workspace, { title, severity: 'warn', source: 'controller', ...more }, ACTOR);

  it('are known by what they say', async () => {
    const { item } = await add('Handle  empty input');
    expect(await add('handle empty input')).toMatchObject({
      known: true,
      item: { item: item.item, count: 2 },
    });
    expect((await add('handle empty input', { runId: run.record.run_id })).known).toBe(false);
    await closeItem(
      host,
      workspace,
      { id: item.item, status: 'wontfix', reason: 'by design' },
      ACTOR,
    );
    expect(await add('handle empty input')).toMatchObject({
      item: { status: 'wontfix', count: 3 },
    });
    const items = latestEntries(workspace, { kind: 'open_item' }, { limit: 10 }).entries;
    expect(items.map(({ facts }) => facts.act)).toEqual(['closed', 'opened', 'opened']);
  });

  it('that cannot be recorded are not opened', async () => {
    await expect(
      addItem(
        { ...host, readOnly: true },
        workspace,
        { title: 'x', severity: 'info', source: 'controller' },
        ACTOR,
      ),
    ).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    expect(readItems(workspace).size).toBe(0);
  });

  it('that many find at once are one', async () => {
    await Promise.all(Array.from({ length: 8 }, () => add('Handle empty input')));
    expect([...readItems(workspace).values()]).toMatchObject([{ count: 8 }]);
  });
});

describe('a score', () => {
  it('counts once for the model that answered, and changes with what is known', async () => {
    expect(await scoreRun(host, run, undefined, ACTOR)).toMatchObject({
      score: null,
      changed: false,
    });
    await verified('accept');
    const scored = await scoreRun(host, run, undefined, ACTOR);
    expect(scored).toMatchObject({
      score: 100,
      model: 'author-model',
      verdict: 'accept',
      changed: false,
    });
    const rated = await scoreRun(host, run, { rating: 0, reason: 'unreadable' }, ACTOR);
    expect(rated).toMatchObject({ score: 70, rating: 0, changed: true });
    expect(await scoreRun(host, run, undefined, ACTOR)).toMatchObject({
      score: 70,
      changed: false,
    });
    await verified('reject');
    expect(await scoreRun(host, run, undefined, ACTOR)).toMatchObject({
      score: 28,
      verdict: 'reject',
    });
    expect([...readScores(host.home).keys()]).toEqual([run.record.run_id]);
    expect(kinds().filter((kind) => kind === 'score')).toHaveLength(1);
  });

  it('moves the quality of the model', async () => {
    const { record } = run;
    await appendEnding(host.home, {
      run_id: record.run_id,
      ended: record.ended ?? '',
      profile: record.profile.id,
      model: 'author-model',
      role: record.role,
      write: true,
      state: 'succeeded',
      failure: 'success',
      elapsed_ms: 1,
      model_calls: 1,
      tokens: 1,
    });
    const quality = async () => {
      const { routing } = await readPolicy(host.home);
      const evidence = await gatherEvidence(host.home, routing, new Map(), host.clock.now(), []);
      const key = routeKey({ profile: record.profile.id, model: 'author-model' });
      return qualityOf(evidence.endings.get(key) ?? [], [], record.role, evidence.now).value;
    };
    const before = await quality();
    await verified('reject');
    const rejected = await quality();
    await verified('accept');
    const accepted = await quality();
    expect(rejected).toBeLessThan(0.5);
    expect(before).toBeGreaterThan(0.5);
    expect(accepted).toBeGreaterThan(before);
  });
});
