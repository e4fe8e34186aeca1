import { existsSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OWN_COMMENT } from '../../src/setup/names.ts';
import { changesOf, Machine, textOf } from './machine.ts';

const BEFORE = '# mine\nmodel = "a"\n\n[mcp_servers.other]\ncommand = "x"\n';
const CHANGED = 'our entry was changed after setup';
const crlf = (text: string) => text.replaceAll('\n', '\r\n');

type Change = (text: string) => string;

describe('a config.toml that the user has changed between setup and uninstall', () => {
  it.each<[string, Change, string, string[]]>([
    ['to CRLF', crlf, crlf(BEFORE), []],
    ['to CRLF with a BOM', (text) => `\ufeff${crlf(text)}`, `\ufeff${crlf(BEFORE)}`, []],
    ['by a BOM', (text) => `\ufeff${text}`, `\ufeff${BEFORE}`, []],
    [
      'by a formatter',
      (text) => text.replaceAll(' = ', '='),
      BEFORE.replaceAll(' = ', '='),
      [CHANGED],
    ],
    [
      'by a key and a comment inside of our table',
      (text) =>
        text.replace('tool_timeout_sec = 300', 'tool_timeout_sec = 300 # mine\nenabled = true'),
      BEFORE,
      [CHANGED],
    ],
    [
      'by a table of its own inside of ours',
      (text) => `${text}\n[mcp_servers.cc-orchestrator.env]\nA = "b"\n`,
      BEFORE,
      [CHANGED],
    ],
    [
      'by our titles gone',
      (text) => text.replaceAll(`# ${OWN_COMMENT}\n`, ''),
      `${BEFORE}\n`,
      [CHANGED],
    ],
    [
      'by another value of the setting beside our table',
      (text) => text.replace('grace_ms = 5000', 'grace_ms = 9000'),
      `# ${OWN_COMMENT}\nmcp_optional_startup_grace_ms = 9000\n\n${BEFORE}`,
      [CHANGED, 'mcp_optional_startup_grace_ms was set by setup and changed since'],
    ],
  ])('%s', async (_, change, expected, notes) => {
    const machine = new Machine();
    machine.write(machine.config, BEFORE);
    await machine.setup({ approve: true, startupGrace: true });
    machine.write(machine.config, change(textOf(machine.config)));
    const plan = await machine.uninstall();
    expect(textOf(machine.config)).toBe(expected);
    expect(plan.notes.map(({ text }) => text)).toEqual(
      notes.map((note) => expect.stringContaining(note)),
    );
    expect(existsSync(machine.skill)).toBe(false);
  });

  it("by another name of our entry: it is the user's now, and named", async () => {
    const machine = new Machine();
    machine.write(machine.config, BEFORE);
    await machine.setup({ startupGrace: true });
    const renamed = textOf(machine.config).replaceAll(
      'mcp_servers.cc-orchestrator',
      'mcp_servers.mine',
    );
    machine.write(machine.config, renamed);
    const { notes } = await machine.uninstall();
    expect(notes).toMatchObject([
      { level: 'kept', text: expect.stringContaining('[mcp_servers.mine]') },
    ]);
    expect(textOf(machine.config)).toContain('[mcp_servers.mine]');
    expect(textOf(machine.config)).not.toContain('grace_ms');
  });

  it('by a link in its place', async () => {
    const machine = new Machine();
    machine.write(machine.config, BEFORE);
    await machine.setup();
    const real = join(machine.dir, 'dotfiles.toml');
    renameSync(machine.config, real);
    symlinkSync(real, machine.config);
    await machine.uninstall();
    expect(textOf(real)).toBe(BEFORE);
  });

  it('by a second installation: one entry, taken away by whichever', async () => {
    const [machine, second] = [new Machine(), new Machine()];
    machine.write(machine.config, BEFORE);
    await machine.setup();
    Object.assign(machine.host, { cli: second.host.cli });
    await machine.setup();
    expect(textOf(machine.config).split('[mcp_servers.cc-orchestrator]')).toHaveLength(2);
    expect(textOf(machine.config)).toContain(second.installation);
    await machine.uninstall();
    expect(textOf(machine.config)).toBe(BEFORE);
  });
});

describe('a .mcp.json that was changed between setup and uninstall', () => {
  const PROJECT = { clients: ['claude'], scope: 'project' } as const;
  const path = (machine: Machine) => join(machine.project, '.mcp.json');

  it('twice in it after a merge: both go', async () => {
    const machine = new Machine();
    machine.write(path(machine), '{"mcpServers": {"a": {"command": "x"}}}');
    await machine.setup(PROJECT);
    const own = '"cc-orchestrator"';
    machine.write(path(machine), textOf(path(machine)).replace(own, `${own}: {}, ${own}`));
    await machine.uninstall(PROJECT);
    expect(textOf(path(machine))).toBe('{"mcpServers": {"a": {"command": "x"}}}');
  });

  it('under another name: named, and left', async () => {
    const machine = new Machine();
    await machine.setup(PROJECT);
    machine.write(path(machine), textOf(path(machine)).replace('"cc-orchestrator"', '"mine"'));
    const { notes } = await machine.uninstall(PROJECT);
    expect(notes).toMatchObject([
      { level: 'kept', text: expect.stringContaining('mcpServers.mine') },
    ]);
  });
});

describe('the record of setup is gone, as the whole home was removed first', () => {
  it('the entry of Codex is known by its title and goes, the skill is named', async () => {
    const machine = new Machine();
    machine.write(machine.config, BEFORE);
    await machine.setup({ approve: true, startupGrace: true });
    rmSync(machine.host.home.root, { recursive: true });
    const plan = await machine.uninstall();
    expect(textOf(machine.config)).toBe(BEFORE);
    expect(plan.notes).toMatchObject([{ level: 'kept', fix: `rm -r ${machine.skill}` }]);
    expect(changesOf(plan)).toEqual([machine.config]);
  });

  it("an entry of the user's own is named, and one that cannot be read is none of ours", async () => {
    const machine = new Machine();
    const own = '[mcp_servers.cc-orchestrator]\ncommand = "mine"\n';
    machine.write(machine.config, own);
    const { notes } = await machine.uninstall();
    expect(notes).toMatchObject([{ level: 'kept', text: expect.stringContaining('no record of') }]);
    expect(textOf(machine.config)).toBe(own);
    machine.write(machine.config, 'a = = 1');
    expect((await machine.uninstall()).notes).toEqual([]);
  });

  it('the entry of Claude Code goes where it starts this installation, else it is named', async () => {
    const machine = new Machine();
    machine.env.CC_CLAUDE_PATH = '/nowhere/claude';
    const config = join(machine.dir, 'home/.claude.json');
    const [script] = machine.host.cli?.args ?? [];
    const entry = { type: 'stdio', command: process.execPath, args: [script, 'mcp'] };
    for (const [command, left] of [
      [undefined, 0],
      ['/other/node', 1],
    ] as const) {
      const servers = { z: {}, 'cc-orchestrator': { ...entry, ...(command ? { command } : {}) } };
      machine.write(config, JSON.stringify({ mcpServers: servers }));
      machine.env.PATH = '/nonexistent';
      const { notes } = await machine.uninstall({ clients: ['claude'] });
      expect(textOf(config).includes('cc-orchestrator')).toBe(left === 1);
      expect(notes.map(({ fix }) => fix)).toEqual(
        left === 1 ? ['claude mcp remove --scope user cc-orchestrator'] : [],
      );
    }
  });
});
