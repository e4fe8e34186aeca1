import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { RunOutcome } from '../../../src/runs/record.ts';
import { ArtifactWriter } from '../../../src/runs/supervise/artifacts.ts';
import { journaledRun } from '../../support/journaled-run.ts';

const succeeded = (changed: number | null = null) =>
  ({
    state: 'succeeded',
    failure: { class: 'success', source: 'stream', evidence: [], retryable: false },
    changed_files: changed,
  }) as unknown as RunOutcome;

describe('the artifacts of a run', () => {
  it('say what happened, small', async () => {
    const { run, paths, journal, line, call } = journaledRun();
    const todos = [
      { text: 'read it', state: 'completed' },
      { text: 'fix it', state: 'pending' },
    ];
    call('TodoWrite', '', { todos });
    for (const file of ['a', 'b', 'c']) call('Read', `${run.record.workspace}/${file}.ts`);
    call('Edit', `${run.record.workspace}/src/a|b.ts`);
    call('Bash', 'npm test', { runs: 'tests' }, false);
    call('Bash', 'rm -rf x', { risk: 'deletes directories recursively' });
    line({ type: 'cc.turn.ended', is_error: false, text: 'All done.' });
    const writer = new ArtifactWriter(paths);
    await writer.write(journal.progress, 0, succeeded());
    expect(readFileSync(paths.decision, 'utf8')).toMatch(
      /^# inspect\n\nit ended well, but: destructive_command, success_claim_after_failing_test\n/,
    );
    expect(JSON.parse(readFileSync(paths.riskFlags, 'utf8'))).toMatchObject({
      schema_version: 1,
      blocking_ok: false,
      blocking_count: 2,
      warning_count: 1,
      max_severity: 'high',
    });
    expect(JSON.parse(readFileSync(paths.changedFiles, 'utf8'))).toMatchObject({
      source: 'tool_calls',
      complete: false,
      reported: [{ path: 'src/a|b.ts', edits: 1, artifact: false }],
    });
    const timeline = readFileSync(paths.timeline, 'utf8');
    expect(timeline).toContain('| Read ×3: a.ts, b.ts, c.ts |');
    expect(timeline).toContain('| Edit src/a\\|b.ts |  |');
    expect(timeline).toContain('| Bash npm test | 1 failed |');
    const [name = ''] = readdirSync(paths.checkpoints).slice(-1);
    const checkpoint = readFileSync(join(paths.checkpoints, name), 'utf8');
    for (const text of ['"read it"', '"fix it"', 'changed src/a|b.ts', 'tests fail: npm test']) {
      expect(checkpoint).toContain(text);
    }
    for (const path of [paths.decision, paths.riskFlags, paths.timeline]) {
      expect(statSync(path).size).toBeLessThan(4000);
      expect(statSync(path).mode & 0o777).toBe(0o600);
    }
  });

  it('are written only when they have changed, and again when they are gone', async () => {
    const { paths, journal, call } = journaledRun();
    call('Read', 'a');
    const writer = new ArtifactWriter(paths);
    await writer.write(journal.progress, 0);
    const before = statSync(paths.decision).ino;
    await writer.write(journal.progress, 10_000);
    expect(statSync(paths.decision).ino).toBe(before);
    call('Bash', 'rm -rf x', { risk: 'x' });
    await writer.write(journal.progress, 20_000);
    expect(statSync(paths.decision).ino).not.toBe(before);
    expect(readFileSync(paths.decision, 'utf8')).toContain('# stop_or_review');
    expect(existsSync(paths.changedFiles)).toBe(false);
  });

  it('leave the diff of the end alone', async () => {
    const { paths, journal, call } = journaledRun();
    call('Edit', 'a');
    mkdirSync(paths.dir, { recursive: true });
    writeFileSync(paths.changedFiles, 'the diff');
    await new ArtifactWriter(paths).write(journal.progress, 0, succeeded(1));
    expect(readFileSync(paths.changedFiles, 'utf8')).toBe('the diff');
  });
});

describe('checkpoints', () => {
  it('roll: the latest twenty are kept, also over a successor', async () => {
    const { paths, journal, call } = journaledRun();
    let writer = new ArtifactWriter(paths);
    for (let round = 0; round < 60; round += 1) {
      for (let count = 0; count < 25; count += 1) call('Read', `f${round}-${count}`);
      if (round === 30) writer = new ArtifactWriter(paths);
      // Some are passed over when a lot happens within a second.
      if (round % 3 !== 0) await writer.write(journal.progress, round * 1000);
    }
    const names = readdirSync(paths.checkpoints).sort();
    expect(names.length).toBeLessThanOrEqual(20);
    expect(names.length).toBeGreaterThan(10);
    expect(names.at(-1)).toBe('checkpoint-060.md');
    expect(Number(names[0]?.slice(11, 14))).toBeGreaterThan(40);
  });

  it('come with another kind of work, but not with every step to and fro', async () => {
    const { journal, call } = journaledRun();
    const number = () => journal.progress.insight.checkpoint.number;
    for (let count = 0; count < 6; count += 1) call('Read', `f${count}`);
    expect(number()).toBe(1);
    for (let count = 0; count < 3; count += 1) {
      call('Edit', 'a');
      call('Bash', 'npm test', { runs: 'tests' });
    }
    expect(number()).toBe(2);
  });
});
