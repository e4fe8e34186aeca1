import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bubblewrapArguments } from '../../src/proc/bubblewrap.ts';
import { processFacts } from '../../src/proc/identity.ts';
import { enclosed, findSandbox } from '../../src/proc/sandbox.ts';
import { layers, type SandboxView } from '../../src/proc/sandbox-view.ts';
import { seatbeltProfile } from '../../src/proc/seatbelt.ts';
import { startWorker } from '../../src/proc/spawn.ts';
import { scratch } from '../support/scratch.ts';

const NOTHING: SandboxView = { writable: [], readOnly: [], hidden: [], masked: [], instead: [] };
const found = await findSandbox('auto', process.env);
const bwrap = found.kind === 'bubblewrap' ? found : undefined;
if (bwrap === undefined) console.warn('tests inside bubblewrap are skipped: it cannot be had here');

describe('a view', () => {
  it('is laid out from the top down, and the stricter of two comes last', () => {
    const view: SandboxView = {
      writable: ['/p/src', '/p', '/home/u/.cc/session'],
      readOnly: ['/p/.git', '/p/src/gen', '/p/src'],
      hidden: ['/home/u/.cc'],
      masked: ['/run/docker.sock'],
      instead: [{ path: '/tmp', from: '/x' }],
    };
    expect(layers(view).map(({ path, as }) => `${as} ${path}`)).toEqual([
      'writable /p',
      'instead /tmp',
      'read_only /p/src',
      'masked /run/docker.sock',
      'read_only /p/.git',
      'hidden /home/u/.cc',
      'read_only /p/src/gen',
      'writable /home/u/.cc/session',
    ]);
  });
});

describe('bubblewrap', () => {
  it('is told a read-only root, then the layers, and never to die with its parent', () => {
    const view = { ...NOTHING, writable: ['/p/src'], readOnly: ['/p/src/.git'], hidden: ['/h'] };
    const args = bubblewrapArguments({ file: '/c', args: ['-x'], cwd: '/p' }, view, ['--flag']);
    expect(args.join(' ')).toBe(
      '--flag --ro-bind / / --dev /dev --proc /proc --tmpfs /h --bind /p/src /p/src --ro-bind /p/src/.git /p/src/.git --remount-ro /h --chdir /p --info-fd 3 -- /c -x',
    );
    expect(args).not.toContain('--die-with-parent');
  });

  it('is switched off by the policy, and missing where PATH does not have it', async () => {
    expect(await findSandbox('off', process.env)).toMatchObject({ kind: 'none' });
    const none = await findSandbox('auto', { PATH: scratch() });
    if (process.platform === 'linux') {
      expect(none).toEqual({ kind: 'none', why: expect.stringContaining('not installed') });
    }
  });

  it.skipIf(process.platform !== 'linux')('that does not work here is not used', async () => {
    const directory = scratch();
    const script = '#!/bin/sh\necho "bwrap: No permissions to create new namespace" >&2\nexit 1\n';
    writeFileSync(join(directory, 'bwrap'), script, { mode: 0o755 });
    const found = await findSandbox('auto', { PATH: directory });
    expect(found).toEqual({ kind: 'none', why: expect.stringContaining('No permissions') });
  });

  it.skipIf(bwrap === undefined)('holds what runs inside, and shows it nothing hidden', () => {
    if (bwrap === undefined) return;
    const root = scratch();
    for (const name of ['src', 'src/kept', 'store/own', 'own-tmp']) {
      mkdirSync(join(root, name), { recursive: true });
    }
    writeFileSync(join(root, 'store/secret'), 'secret');
    const at = (name: string) => join(root, name);
    const view = {
      ...NOTHING,
      writable: [at('src'), at('store/own')],
      readOnly: [at('src/kept')],
      hidden: [at('store')],
    };
    const script =
      'for d in . src src/kept store store/own; do echo x > $d/new; done; cat store/secret; exit 7';
    const command = enclosed({ file: '/bin/sh', args: ['-c', script], cwd: root }, bwrap, view);
    const done = spawnSync(command.file, command.args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe', openSync('/dev/null', 'w')],
    });
    expect(done.status).toBe(7);
    expect(done.stdout).not.toContain('secret');
    const written = ['.', 'src', 'src/kept', 'store', 'store/own'].filter((name) =>
      existsSync(at(join(name, 'new'))),
    );
    expect(written).toEqual(['src', 'store/own']);
  });

  it.skipIf(bwrap === undefined)('tells who the worker is, by whom it can be ended', async () => {
    if (bwrap === undefined) return;
    const log = openSync(join(scratch(), 'log'), 'a');
    const command = enclosed({ file: '/bin/sleep', args: ['60'], cwd: '/' }, bwrap, NOTHING);
    const { identity, exited } = await startWorker(command.file, command.args, {
      cwd: '/',
      env: { PATH: process.env.PATH ?? '' },
      stdin: openSync('/dev/null', 'r'),
      stdout: log,
      stderr: log,
      told: true,
    });
    const parent = processFacts(identity.pid)?.parent ?? 0;
    expect(readFileSync(`/proc/${parent}/comm`, 'utf8').trim()).toBe('bwrap');
    process.kill(identity.pid, 'SIGKILL');
    expect(await exited).toEqual({ code: 128 + 9, signal: null });
  });
});

it('a Seatbelt profile denies all writing, then allows in the order of the layers', () => {
  const view = {
    ...NOTHING,
    writable: ['/p'],
    readOnly: ['/p/.git'],
    hidden: ['/h'],
    instead: [{ path: '/tmp', from: '/own' }],
  };
  expect(seatbeltProfile(view)).toBe(`(version 1)
(allow default)
(deny file-write*)
(allow file-write* (subpath "/dev"))
(allow file-write* (subpath "/p"))
(deny file-write* (subpath "/tmp"))
(allow file-write* (subpath "/own"))
(deny file-read* file-write* (subpath "/h"))
(deny file-write* (subpath "/p/.git"))
(allow file-read* (subpath "/p/.git"))`);
});
