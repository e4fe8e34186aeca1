import { execFileSync } from 'node:child_process';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openGit } from '../../src/git/git.ts';
import { repository } from './support.ts';

/** A stand-in for git that answers the listing of the configuration and then does as `body` says. */
function fakeGit(directory: string, body: string, listing = 'ccorchestrator.hardened\\0'): string {
  const path = join(directory, 'git');
  writeFileSync(
    path,
    `#!/bin/sh\n[ "$1" = config ] && { printf '${listing}'; exit 0; }\n${body}\n`,
  );
  chmodSync(path, 0o755);
  return directory;
}

test('a failure has the code, the end of stderr, and no secret', async () => {
  const repo = repository();
  const secret = 'https://user:hunter2hunter2@example.invalid/';
  const PATH = `${fakeGit(repo.home, `echo "fatal: ${secret}" >&2; exit 7`)}:${repo.env.PATH}`;
  const git = await openGit(repo.root, { env: { PATH } });
  const error = await git.run(['status']).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: 'COMMAND_FAILED', details: { exit_code: 7 } });
  expect(JSON.stringify(error)).not.toContain('hunter2');
  expect(String(error)).not.toContain('hunter2');
});

test('a failure without a word is a failure; a permitted exit code is an answer', async () => {
  const repo = repository();
  const PATH = `${fakeGit(repo.home, 'exit 3')}:${repo.env.PATH}`;
  const git = await openGit(repo.root, { env: { PATH } });
  await expect(git.run(['status'])).rejects.toMatchObject({ code: 'COMMAND_FAILED' });
  expect(await git.run(['status'], { okCodes: [0, 3] })).toMatchObject({ exitCode: 3 });
});

test('a git that hangs is ended, also when it trickles or leaves a child behind', async () => {
  const repo = repository();
  const bodies = [
    'exec sleep 30',
    'while :; do echo x; sleep 0.1; done',
    'sleep 30 & exec sleep 30',
  ];
  for (const body of bodies) {
    const PATH = `${fakeGit(repo.home, body)}:${repo.env.PATH}`;
    const git = await openGit(repo.root, { env: { PATH } });
    const start = performance.now();
    await expect(git.run(['status'], { timeoutMs: 300 })).rejects.toMatchObject({
      code: 'TIMED_OUT',
      retryable: true,
    });
    expect(performance.now() - start).toBeLessThan(20_000);
  }
});

test('output is bounded: an error, or a cut where that is wanted', async () => {
  const repo = repository();
  const PATH = `${fakeGit(repo.home, 'exec yes')}:${repo.env.PATH}`;
  const git = await openGit(repo.root, { env: { PATH } });
  await expect(git.run(['log'], { maxBytes: 1000 })).rejects.toMatchObject({
    code: 'LIMIT_REACHED',
  });
  const { stdout, cut } = await git.run(['log'], { maxBytes: 1001, cutAtLimit: true });
  expect([stdout.length, cut]).toEqual([1001, true]);
});

test('a git that ignores our settings is not used', async () => {
  const repo = repository();
  const PATH = `${fakeGit(repo.home, 'exit 0', 'core.bare\\0')}:${repo.env.PATH}`;
  await expect(openGit(repo.root, { env: { PATH } })).rejects.toMatchObject({
    code: 'COMMAND_FAILED',
    hint: expect.stringContaining('2.31'),
  });
});

test('the environment is an allow-list', async () => {
  const repo = repository();
  const PATH = `${fakeGit(repo.home, 'env')}:${repo.env.PATH}`;
  const env = { PATH, HOME: repo.home, API_TOKEN: 'x', GIT_SSH: 'x', EDITOR: 'x', LC_ALL: 'de_DE' };
  const lines = (await (await openGit(repo.root, { env })).text(['status'])).split('\n');
  const names = lines.map((line) => line.split('=')[0]);
  expect(names).not.toContain('API_TOKEN');
  expect(names).not.toContain('GIT_SSH');
  expect(names).not.toContain('EDITOR');
  expect(lines).toContain('LC_ALL=C');
  expect(lines).toContain('GIT_TERMINAL_PROMPT=0');
  expect(lines).toContain('GIT_OPTIONAL_LOCKS=0');
  expect(lines).toContain('GIT_NO_LAZY_FETCH=1');
});

test('options in front of the command, and guarded arguments, are refused', async () => {
  const repo = repository();
  const git = await openGit(repo.root, repo);
  await expect(git.run(['-c', 'x.y=z', 'status'])).rejects.toMatchObject({ code: 'INTERNAL' });
  await expect(git.run(['rebase', '--exec', 'x'])).rejects.toMatchObject({
    code: 'COMMAND_FAILED',
  });
});

test.skipIf(process.getuid?.() !== 0)(
  "another user's repository needs the user's own safe.directory",
  async () => {
    const repo = repository();
    repo.commit();
    execFileSync('chown', ['-R', '12345', repo.root]);
    const status = async () => (await openGit(repo.root, repo)).run(['status']);
    await expect(status()).rejects.toMatchObject({
      code: 'COMMAND_FAILED',
      hint: expect.stringContaining('safe.directory'),
    });
    repo.gitIn(repo.home, 'config', '--global', 'safe.directory', repo.root);
    expect((await status()).exitCode).toBe(0);
  },
);
