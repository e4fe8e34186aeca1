import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { dryRun } from '../../src/workflows/dry-run.ts';
import { problemLine } from '../../src/workflows/format/problems.ts';
import { loadWorkflowFile } from '../../src/workflows/read-file.ts';
import { parsePolicy } from '../../src/workspace/policy.ts';
import { REPOSITORY } from '../support/lab.ts';
import { Random } from '../support/random.ts';
import { fateOf, Player } from './player.ts';
import { World } from './world.ts';

const DIRECTORY = join(REPOSITORY, 'examples/workflows');
const FILES = readdirSync(DIRECTORY).filter((name) => name.endsWith('.yaml'));

test('there are examples of what people want', () => {
  expect(FILES).toEqual(
    expect.arrayContaining([
      'bug-fix.yaml',
      'dependency-upgrade.yaml',
      'documentation-pass.yaml',
      'repository-audit.yaml',
      'review-pull-request.yaml',
      'safe-refactor.yaml',
    ]),
  );
});

describe.each(FILES)('%s', (file) => {
  test('is valid without a warning, and can be run dry', async () => {
    const { plan, problems } = await loadWorkflowFile({ root: REPOSITORY, cwd: DIRECTORY }, file);
    expect(problems.map(problemLine)).toEqual([]);
    if (plan === undefined) throw new Error('no plan');
    expect(plan.id).toBe(file.replace('.yaml', ''));
    const { budget } = await parsePolicy('', '');
    const { batches, runs } = dryRun(plan, { wall_seconds: budget.wall_seconds });
    expect(batches.flat().sort()).toEqual(plan.nodes.map(({ id }) => id).sort());
    expect(runs.at_most).toBeGreaterThanOrEqual(runs.once);
  });

  test('comes to an end when everything goes well', async () => {
    const { plan } = await loadWorkflowFile({ root: REPOSITORY, cwd: DIRECTORY }, file);
    if (plan === undefined) throw new Error('no plan');
    const world = new World(plan);
    new Player(world, new Random(1), () => 0.1).play();
    expect(['succeeded', 'failed', 'needs_attention']).toContain(world.instance.state);
  });
});

test('fates differ', () => {
  expect(fateOf(1)('a')).not.toBe(fateOf(2)('a'));
});
