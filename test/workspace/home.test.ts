import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { toErrorFacts } from '../../src/core/errors.ts';
import { newId } from '../../src/core/ids.ts';
import {
  knownWorkspaces,
  privateRunPaths,
  rememberWorkspace,
  userHome,
} from '../../src/workspace/home.ts';
import { runPaths, workspaceAt } from '../../src/workspace/layout.ts';
import { scratch } from '../support/scratch.ts';

describe('userHome', () => {
  it('is where the variable says, else in the home of the user', () => {
    expect(userHome({ CC_ORCHESTRATOR_HOME: '/x/y', HOME: '/h' }).root).toBe('/x/y');
    expect(userHome({ HOME: '/h' }).root).toBe('/h/.cc-orchestrator');
    expect(userHome({ CC_ORCHESTRATOR_HOME: '', HOME: '' }).root).toBe(
      join(homedir(), '.cc-orchestrator'),
    );
  });

  it.each(['relative', './x', '~/.cc-orchestrator'])('refuses %s', (path) => {
    let facts: unknown;
    try {
      userHome({ CC_ORCHESTRATOR_HOME: path, HOME: '/h' });
    } catch (error) {
      facts = toErrorFacts(error);
    }
    expect(facts).toMatchObject({ code: 'BAD_INPUT', message: expect.stringContaining(path) });
  });
});

describe('knownWorkspaces', () => {
  const newHome = () => userHome({ CC_ORCHESTRATOR_HOME: join(scratch(), 'home') });

  it('is empty at first, then holds every root once', async () => {
    const home = newHome();
    expect(await knownWorkspaces(home)).toEqual([]);
    const roots = ['/a/project', '/b/pröject with "odd" name', '/c'];
    for (const root of [...roots, ...roots]) await rememberWorkspace(home, root, systemClock);
    await Promise.all(roots.map((root) => rememberWorkspace(home, root, systemClock)));
    expect((await knownWorkspaces(home)).sort()).toEqual(roots);
    expect(readdirSync(home.workspaces)).toHaveLength(3);
  });

  it('passes over what is damaged or foreign, and repairs it when the root comes again', async () => {
    const home = newHome();
    await rememberWorkspace(home, '/a', systemClock);
    const [name] = readdirSync(home.workspaces);
    writeFileSync(join(home.workspaces, name ?? ''), '{"torn');
    writeFileSync(join(home.workspaces, 'list.json'), '[1]');
    writeFileSync(join(home.workspaces, 'number.json'), '{"root":5}');
    writeFileSync(join(home.workspaces, '.x.1.tmp'), '{"root":"/never"}');
    mkdirSync(join(home.workspaces, 'directory.json'));
    expect(await knownWorkspaces(home)).toEqual([]);
    await rememberWorkspace(home, '/a', systemClock);
    expect(await knownWorkspaces(home)).toEqual(['/a']);
    rmSync(home.root, { recursive: true });
    expect(await knownWorkspaces(home)).toEqual([]);
  });
});

it.each(['..', '../../x', 'run_1', '', 'run_20261121t110900123z_k3v7qa2m/..'])(
  'no path is made out of %j',
  (id) => {
    expect(() => runPaths(workspaceAt('/p'), id)).toThrow('run id');
    expect(() => privateRunPaths(userHome({ HOME: '/h' }), id)).toThrow('run id');
  },
);

it('the files of a run lie in its directories', () => {
  const id = newId('run', new Date());
  const paths = runPaths(workspaceAt('/p'), id);
  expect(paths.dir).toBe(`/p/.agent-workspace/claude-code-orchestrator/runs/${id}`);
  for (const path of Object.values(paths)) expect(path.startsWith(paths.dir)).toBe(true);
  const hidden = privateRunPaths(userHome({ HOME: '/h' }), id);
  expect(hidden.dir).toBe(`/h/.cc-orchestrator/private/runs/${id}`);
  expect(hidden.stdout(2)).toBe(`${hidden.dir}/stdout-2.ndjson`);
});
