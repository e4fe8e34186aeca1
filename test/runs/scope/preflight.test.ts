import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeRecord } from '../../../src/runs/record.ts';
import { preflightScope } from '../../../src/runs/scope/preflight.ts';
import { resolvePlace } from '../../../src/workspace/resolve.ts';
import { type Machine, machine } from '../../mcp/face.ts';
import { storeActiveRun } from '../../mcp/runs.ts';

function project(git = false): Machine {
  const place = machine();
  for (const name of ['src/a.ts', 'src/b.ts', 'src/x.lock', 'docs/c.md', 'src/.claude/s.json']) {
    const path = join(place.project, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, 'x\n');
  }
  if (!git) return place;
  const run = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@example.invalid', ...args], {
      cwd: place.project,
      env: place.env,
    });
  run('init', '-q');
  run('add', '-A');
  run('commit', '-qm', 'x');
  return place;
}

async function check(place: Machine, paths: string[], commands: string[] = []) {
  const where = resolvePlace({ cwd: place.project, env: place.env, processCwd: '/' });
  const result = await preflightScope(place.host, where, {
    role: 'implementation',
    scope: { paths, commands },
  });
  return { ...result, codes: result.problems.map(({ code }) => code) };
}

describe('a preflight', () => {
  it('tells what a scope matches and what in it is protected', async () => {
    const place = project();
    mkdirSync(place.host.home.root, { recursive: true });
    writeFileSync(place.host.home.policy, 'protected_paths: ["**/*.lock"]\nsandbox: off\n');
    const {
      scope,
      matches,
      protected: held,
      posture,
      codes,
    } = await check(place, ['src', '!src/b.ts']);
    expect(scope.paths).toEqual(['src/**', '!src/b.ts']);
    expect(matches).toEqual({ files: 1, samples: ['src/a.ts'] });
    expect(held).toEqual(['src/.claude/s.json', 'src/x.lock']);
    expect(posture).toMatchObject({ sandbox: 'none', shell: 'none' });
    expect(codes).toEqual([]);
  });

  it('names globs that match nothing where nothing is, and the whole project', async () => {
    const { codes, problems } = await check(project(), ['scr/**', 'src/new.ts', '**']);
    expect(codes).toEqual(['no_match', 'whole_project']);
    expect(problems[0]?.text).toContain('scr/**');
  });

  it("names the user's own changes and other runs on the same files", async () => {
    const place = project(true);
    writeFileSync(join(place.project, 'src/a.ts'), 'mine\n');
    writeFileSync(join(place.project, 'src/new.ts'), 'mine\n');
    writeFileSync(join(place.project, 'docs/c.md'), 'mine\n');
    const { paths, record } = await storeActiveRun(place);
    await writeRecord(paths, { ...record, scope: { paths: ['src/a*'], commands: [] } });
    const { problems } = await check(place, ['src/**']);
    expect(problems).toEqual([
      { code: 'dirty', text: expect.stringMatching(/^src\/a\.ts, src\/new\.ts have/) },
      { code: 'overlap', text: expect.stringContaining(record.run_id) },
    ]);
    expect((await check(place, ['lib/**'])).codes).toEqual(['no_match']);
  });

  it('stays small, however much there is', async () => {
    const place = project();
    for (let n = 0; n < 300; n += 1) writeFileSync(join(place.project, `src/${n}.lock`), '');
    const result = await check(place, ['src/**'], ['npm test']);
    expect(result.matches.files).toBe(303);
    expect(JSON.stringify(result).length).toBeLessThan(3000);
  });
});
