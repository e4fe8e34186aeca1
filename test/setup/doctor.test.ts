import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Check } from '../../src/health/check.ts';
import { checkClients } from '../../src/health/clients.ts';
import { repair } from '../../src/health/repair.ts';
import { checkStart } from '../../src/health/server-start.ts';
import { workerAbilities } from '../../src/health/worker-abilities.ts';
import { findClients } from '../../src/setup/clients.ts';
import { programNote } from '../../src/setup/program-note.ts';
import { changesOf, Machine, textOf } from './machine.ts';

async function codexCheck(machine: Machine): Promise<Check | undefined> {
  const checks = await checkClients(machine.host, machine.project);
  return checks.find(({ name }) => name === 'codex_client');
}

it('names a missing setup, an old one and a broken one, each with its command', async () => {
  const machine = new Machine();
  machine.write(machine.config, 'model = "a"\n');
  expect(await codexCheck(machine)).toMatchObject({
    status: 'warn',
    fix: 'cc-orchestrator setup --client codex',
  });
  await machine.setup();
  expect(await codexCheck(machine)).toMatchObject({ status: 'pass' });
  expect((await codexCheck(machine))?.detail).toContain('--approve');

  machine.write(join(machine.installation, 'SKILL.md'), 'a newer skill');
  expect(await codexCheck(machine)).toMatchObject({
    status: 'warn',
    detail: expect.stringContaining('skill of another version'),
    fix: 'cc-orchestrator setup --client codex',
  });
  const installed = textOf(machine.config);
  machine.write(machine.config, installed.replace(/args = .*/, 'args = ["/gone/x.js", "mcp"]'));
  expect(await codexCheck(machine)).toMatchObject({
    status: 'fail',
    detail: expect.stringContaining('/gone/x.js'),
    fix: 'cc-orchestrator setup --client codex --replace',
  });
  machine.write(machine.config, installed.replace('sec = 300', 'sec = 30'));
  expect(await codexCheck(machine)).toMatchObject({ status: 'warn' });
  machine.write(machine.config, 'a = = 1');
  expect(await codexCheck(machine)).toMatchObject({
    status: 'fail',
    detail: expect.stringContaining('line 1'),
  });
});

it('has nothing to put right where only the other client is set up', async () => {
  const machine = new Machine();
  machine.write(join(machine.dir, 'home/.claude/settings.json'), '{}');
  const claude = async () =>
    (await checkClients(machine.host, machine.project)).find(
      ({ name }) => name === 'claude_client',
    );
  expect(await claude()).toMatchObject({ status: 'warn', fix: expect.stringContaining('setup') });
  await machine.setup();
  const check = await claude();
  expect(check).toMatchObject({
    status: 'pass',
    detail: expect.stringContaining('not set up; if you want it there: cc-orchestrator setup'),
  });
  expect(check).not.toHaveProperty('fix');
});

it('says how to call it where its name is not on the PATH', () => {
  const machine = new Machine();
  const script = join(machine.installation, 'dist/cc-orchestrator.js');
  expect(programNote(machine.host)).toContain(`node ${script}`);
  machine.write(join(machine.dir, 'bin/cc-orchestrator'), '', 0o755);
  machine.env.PATH = join(machine.dir, 'bin');
  expect(programNote(machine.host)).toBeUndefined();
});

it('takes a plugin for a setup', async () => {
  const machine = new Machine();
  machine.write(machine.config, '[plugins."cc-orchestrator@cc-orchestrator"]\nenabled = true\n');
  expect(await codexCheck(machine)).toMatchObject({ status: 'pass' });
  const plan = await machine.setup();
  expect(changesOf(plan)).toEqual([]);
  expect(plan.notes).toMatchObject([{ text: expect.stringContaining('plugin') }]);
  machine.write(machine.config, '[plugins."cc-orchestrator@cc-orchestrator"]\nenabled = false\n');
  expect(await codexCheck(machine)).toMatchObject({ status: 'warn' });
});

it('starts the server as the client would, and says why one does not answer', async () => {
  const machine = new Machine();
  machine.write(machine.config, '');
  await machine.setup();
  const codex = async () =>
    (await findClients(machine.host)).find(({ client }) => client === 'codex');
  const script = join(machine.installation, 'dist/cc-orchestrator.js');
  const look = async () => {
    const client = await codex();
    return client === undefined ? undefined : checkStart(machine.host, client);
  };
  machine.write(script, 'process.stderr.write("no such luck"); process.exit(3)');
  expect(await look()).toMatchObject({
    status: 'fail',
    detail: expect.stringContaining('no such luck'),
    fix: expect.stringContaining(script),
  });
  const answers = [
    { id: 1, result: { serverInfo: { version: '9.9.9' } } },
    { id: 2, result: { tools: [{ name: 'a' }] } },
  ].map((answer) => `console.log(${JSON.stringify(JSON.stringify(answer))});`);
  machine.write(script, answers.join('\n'));
  expect((await look())?.detail).toMatch(/server 9\.9\.9, 1 tools/);
});

it('repairs the mode of our home and nothing else', async () => {
  const machine = new Machine();
  expect(await repair(machine.host)).toEqual({ done: [], clients: [] });
  mkdirSync(machine.host.home.root, { recursive: true });
  chmodSync(machine.host.home.root, 0o755);
  expect((await repair(machine.host)).done).toEqual([`chmod 700 ${machine.host.home.root}`]);
  machine.write(machine.config, '');
  await machine.setup();
  expect(await repair(machine.host)).toEqual({ done: [], clients: ['codex'] });
});

it('says what does not work with a worker CLI of another kind', async () => {
  const machine = new Machine();
  const fake = join(machine.dir, 'claude');
  writeFileSync(fake, '#!/bin/sh\necho "error: unknown option --strict-mcp-config" >&2\nexit 1\n');
  chmodSync(fake, 0o755);
  const { abilities, complaint } = await workerAbilities(machine.host, fake);
  expect(abilities.every(({ there, without }) => !there && without !== '')).toBe(true);
  expect(complaint).toContain('unknown option --strict-mcp-config');
});
