import { execFileSync } from 'node:child_process';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openerFor, openTerminal, shellCommand } from '../../src/proc/open-terminal.ts';
import { scratch } from '../support/scratch.ts';

const NASTY = [
  'a b',
  "it's",
  '"',
  '$(touch x)',
  '`touch x`',
  ';',
  '&&',
  '%PATH%',
  '\\',
  '*',
  '~',
  'ä€',
  '',
];

const command = (scriptDir: string) => ({
  file: process.execPath,
  args: ['-e', 'process.stdout.write(JSON.stringify(process.argv.slice(1)))', '--', ...NASTY],
  env: { CC_ORCHESTRATOR_HOME: "/home/o'neil & sons" },
  title: 'cc-k3v7qa2m',
  scriptDir,
});

it('writes a command line that a shell takes word for word', () => {
  const dir = scratch();
  const { file, args } = command(dir);
  const out = execFileSync('/bin/sh', ['-c', shellCommand([file, ...args])], {
    cwd: dir,
    encoding: 'utf8',
  });
  expect(JSON.parse(out)).toEqual(NASTY);
});

it('inside tmux opens a window without any shell, wherever that is', () => {
  for (const platform of ['linux', 'darwin', 'win32'] as const) {
    const opener = openerFor(command('/x'), { TMUX: '/tmp/tmux-0/default,1,0' }, platform);
    expect(opener?.kind).toBe('tmux');
    expect(opener?.args.slice(0, 5)).toEqual(['new-window', '-n', 'cc-k3v7qa2m', '--', 'env']);
    expect(opener?.args).toContain('$(touch x)');
    // tmux would take a last semicolon for the end of its command.
    expect(opener?.args).toContain('\\;');
    expect(opener?.args).not.toContain(';');
  }
});

it('on macOS runs a script whose words are quoted', () => {
  const dir = scratch();
  const opener = openerFor(command(dir), {}, 'darwin');
  expect([opener?.file, ...(opener?.args ?? [])]).toEqual([
    'open',
    '-a',
    'Terminal',
    join(dir, 'watch.command'),
  ]);
  writeFileSync(opener?.script?.path ?? '', opener?.script?.text ?? '');
  const out = execFileSync('/bin/sh', [join(dir, 'watch.command')], { encoding: 'utf8' });
  expect(JSON.parse(out)).toEqual(NASTY);
});

it('on Windows gives `start` nothing to quote, and keeps what a script would expand', () => {
  const opener = openerFor(command('C:\\x'), {}, 'win32');
  expect([opener?.file, ...(opener?.args ?? [])].join(' ')).toBe(
    'cmd.exe /d /c start cc-orchestrator watch.cmd',
  );
  const lines = opener?.script?.text.split('\r\n') ?? [];
  expect(lines[1]).toBe(`set "CC_ORCHESTRATOR_HOME=/home/o'neil & sons"`);
  expect(lines[2]).toContain('"%%PATH%%"');
});

it('says why no window was opened', async () => {
  expect(openerFor(command('/x'), {}, 'linux')).toBeUndefined();
  const dir = scratch();
  const none = await openTerminal(command(dir), { PATH: process.env.PATH ?? '', TMUX: '/no,1,0' });
  expect(none).toMatchObject({ opened: undefined, reason: expect.stringMatching(/./) });
  expect(statSync(dir).isDirectory()).toBe(true);
});
