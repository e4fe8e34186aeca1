import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { verifyLedger } from '../../src/ledger/verify.ts';
import { answerReversal, answerRollback } from '../../src/undo/answer.ts';
import { interruptedOf } from '../../src/undo/operate.ts';
import { bundle } from '../support/bundle.ts';
import { differing, disk } from '../support/disk.ts';
import { Random } from '../support/random.ts';
import { edit } from '../support/random-edits.ts';
import { scratch } from '../support/scratch.ts';
import { type Yard, yard } from './worked.ts';

const ACTOR = { by: 'cli' as const };
const SEEDS = Array.from({ length: 8 }, (_, index) => index + 1);

async function started(seed: number, withGit: boolean, random: Random): Promise<Yard> {
  const place = await yard(withGit);
  for (let count = 0; count < 40; count += 1) edit(place.root, random);
  if (withGit) {
    place.git('add', '-A');
    place.git('commit', '-qm', `seed ${seed}`, '--allow-empty');
  }
  for (let count = 0; count < 10; count += 1) edit(place.root, random);
  if (withGit && random.below(2) === 0) place.git('add', '-A');
  return place;
}

test.each(SEEDS)('rolled back, undone and redone byte for byte, seed %i', async (seed) => {
  const random = new Random(seed);
  const place = await started(seed, seed % 2 === 0, random);
  const { host, root, workspace } = place;
  for (let round = 0; round < 2; round += 1) {
    const before = disk(root);
    const run = await place.run(() => {
      for (let count = 0; count < 1 + random.below(20); count += 1) edit(root, random);
      if (seed % 4 === 0) place.git('add', '-A');
    });
    const worked = disk(root);
    const preview = await answerRollback(host, run, {}, ACTOR);
    expect(differing(disk(root), worked)).toEqual([]);
    expect(preview).not.toHaveProperty('conflicts');
    const done = await answerRollback(host, run, { apply: true }, ACTOR);
    expect(differing(disk(root), before)).toEqual([]);
    if (!done.applied) continue;
    await answerReversal(host, workspace, 'undo', { apply: true }, ACTOR);
    expect(differing(disk(root), worked)).toEqual([]);
    await answerReversal(host, workspace, 'redo', { apply: true }, ACTOR);
    expect(differing(disk(root), before)).toEqual([]);
  }
});

const built = await bundle(['undo/answer', 'runs/find', 'workspace/home', 'core/clock']);

/** Rolls back in a process of its own and kills it when it is in the middle of it. */
async function killedInTheMiddle(place: Yard, dir: string, runId: string, after: number) {
  const script = join(scratch(), 'child.mjs');
  writeFileSync(
    script,
    `import { answerRollback, findRun, systemClock, userHome } from ${JSON.stringify(built)};
    const env = { HOME: process.env.HOME, PATH: process.env.PATH, TMPDIR: process.env.TMPDIR };
    const host = { env, clock: systemClock, home: userHome(env), readOnly: false };
    const run = await findRun(host, ${JSON.stringify(runId)}, undefined);
    await answerRollback(host, run, { apply: true }, { by: 'cli' });`,
  );
  const child = spawn(process.execPath, [script], { env: place.host.env, stdio: 'inherit' });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  const ledger = join(dir, '.agent-workspace/claude-code-orchestrator/ledger/ledger.ndjson');
  const begun = () => existsSync(ledger) && readFileSync(ledger, 'utf8').includes('"rollback"');
  while (!begun() && child.exitCode === null) await sleep(1);
  await sleep(after);
  child.kill('SIGKILL');
  await gone;
}

test('killed in the middle and repeated, or undone', async () => {
  let interrupted = 0;
  // On a busy machine the kill may come too late, again and again.
  for (let seed = 1; seed <= 4 || (interrupted === 0 && seed <= 40); seed += 1) {
    const random = new Random(100 + seed);
    const place = await started(seed, seed % 2 === 0, random);
    const { host, root, workspace } = place;
    for (let count = 0; count < 80; count += 1) place.write(`many/f${count}`, `old ${count}\n`);
    const before = disk(root);
    const run = await place.run(() => {
      for (let count = 0; count < 30; count += 1) edit(root, random);
      for (let count = 0; count < 80; count += 1) place.write(`many/f${count}`, `new ${count}\n`);
      for (let count = 0; count < 30; count += 1) place.write(`made/in/d${count}/f`, `${count}`);
    });
    const worked = disk(root);
    await killedInTheMiddle(place, root, run.record.run_id, random.below(50));
    interrupted += (await interruptedOf(workspace)).length;
    if ((seed - 1) % 4 > 1) {
      await answerReversal(host, workspace, 'undo', { apply: true }, ACTOR);
      expect(differing(disk(root), worked)).toEqual([]);
      expect(await interruptedOf(workspace)).toEqual([]);
      await answerRollback(host, run, { apply: true }, ACTOR);
    } else {
      await answerRollback(host, run, { apply: true }, ACTOR);
      expect(differing(disk(root), before)).toEqual([]);
      expect(await interruptedOf(workspace)).toEqual([]);
      await answerReversal(host, workspace, 'undo', { apply: true }, ACTOR);
      expect(differing(disk(root), worked)).toEqual([]);
      await answerReversal(host, workspace, 'redo', { apply: true }, ACTOR);
    }
    expect(differing(disk(root), before)).toEqual([]);
    expect((await verifyLedger(host, workspace)).problems).toEqual([]);
  }
  expect(interrupted).toBeGreaterThan(0);
});
