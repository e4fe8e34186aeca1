import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { writeGuidance } from '../../src/governance/guidance.ts';
import { planLeftovers } from '../../src/governance/leftovers.ts';
import { CLIENTS } from '../../src/setup/names.ts';
import { applyPlan, planUninstall } from '../../src/setup/setup.ts';
import { Machine, textOf } from '../setup/machine.ts';

const ALL = { clients: CLIENTS, scope: 'user', replace: false } as const;
const ENTRY = '"cc-orchestrator": {"command": "node", "args": ["/elsewhere/cc.js", "mcp"]}';
const TOML = '[mcp_servers.cc-orchestrator]\ncommand = "node"\n';

let machine: Machine;
let other: string;

beforeEach(() => {
  machine = new Machine();
  other = join(machine.dir, 'another project');
  mkdirSync(other);
});

async function leftovers(remove: boolean, projects = [machine.project, other]) {
  const plan = await planUninstall(machine.host, machine.project, ALL);
  const found = await planLeftovers(plan.settings, projects, { remove });
  if (remove) await applyPlan(machine.host, { ...plan, parts: [...plan.parts, ...found.parts] });
  return found;
}

const guide = (root: string) =>
  writeGuidance(machine.host, root, { agents: true, force: false, apply: true });

describe('what projects hold when everything is taken away', () => {
  it('is named with the command that removes it, and is not touched', async () => {
    await guide(machine.project);
    machine.write(join(other, '.mcp.json'), `{"mcpServers": {${ENTRY}}}`);
    machine.write(join(other, '.codex/config.toml'), TOML);
    const { parts, notes, named } = await leftovers(false);
    expect(parts).toEqual([]);
    expect(named).toBe(4);
    const cd = `cd '${other}' && cc-orchestrator uninstall`;
    expect(notes.map(({ text, fix }) => [text.split(' holds ')[0], fix])).toEqual([
      [join(machine.project, 'AGENTS.md'), expect.stringContaining('--client codex')],
      [join(machine.project, 'CLAUDE.md'), expect.stringContaining('--client claude')],
      [join(other, '.codex/config.toml'), `${cd} --client codex --scope project --projects`],
      [join(other, '.mcp.json'), `${cd} --client claude --scope project --projects`],
    ]);
    expect(textOf(join(machine.project, 'CLAUDE.md'))).toContain('Delegated work');
  });

  it('goes when the user says so, and nothing beside it', async () => {
    machine.write(join(machine.project, 'CLAUDE.md'), '# Mine\n');
    await guide(machine.project);
    machine.write(join(other, '.mcp.json'), `{"mcpServers": {"z": {}, ${ENTRY}}, "x": 1}`);
    machine.write(join(other, '.codex/config.toml'), `# mine\nmodel = "a"\n\n${TOML}`);
    const { notes } = await leftovers(true);
    expect(notes).toEqual([]);
    expect(textOf(join(machine.project, 'CLAUDE.md'))).toBe('# Mine\n');
    expect(existsSync(join(machine.project, 'AGENTS.md'))).toBe(false);
    expect(textOf(join(other, '.mcp.json'))).toBe('{"mcpServers": {"z": {}}, "x": 1}');
    expect(textOf(join(other, '.codex/config.toml'))).toBe('# mine\nmodel = "a"\n\n');
    expect(await leftovers(true)).toEqual({ parts: [], notes: [], named: 0 });
  });

  it('keeps a section that somebody has changed, with the command for it', async () => {
    await guide(other);
    const path = join(other, 'CLAUDE.md');
    machine.write(path, textOf(path).replace('## Delegated', '## My'));
    const { notes, named } = await leftovers(true);
    expect(named).toBe(0);
    const fix = `cc-orchestrator write-claude-md --remove --force --apply --cwd '${other}'`;
    expect(notes).toMatchObject([{ level: 'kept', client: 'claude', fix }]);
    expect(textOf(path)).toContain('## My');
    expect(existsSync(join(other, 'AGENTS.md'))).toBe(false);
  });

  it('says what it cannot read, and goes on with the others', async () => {
    const outside = join(machine.dir, 'outside.json');
    machine.write(outside, `{"mcpServers": {${ENTRY}}}`);
    symlinkSync(outside, join(machine.project, '.mcp.json'));
    machine.write(join(machine.project, 'AGENTS.md'), '<!-- cc-orchestrator:end -->\n');
    await guide(other);
    const gone = join(machine.dir, 'no-more');
    const { notes } = await leftovers(true, [machine.project, gone, other]);
    expect(notes.map(({ level, text }) => [level, text])).toEqual([
      ['warn', expect.stringContaining('AGENTS.md')],
      ['warn', expect.stringContaining('.mcp.json leads out of the project')],
    ]);
    expect(textOf(outside)).toContain('cc-orchestrator');
    expect(existsSync(join(other, 'CLAUDE.md'))).toBe(false);
  });

  it('goes on where the file system itself refuses', async () => {
    const loop = join(machine.dir, 'loop');
    symlinkSync(loop, loop);
    symlinkSync('.codex', join(other, '.codex'));
    await guide(other);
    const { notes } = await leftovers(true, [loop, other]);
    const at = (path: string) => ['warn', expect.stringContaining(path)];
    const told = notes.map(({ level, text }) => [level, text]);
    expect(told).toEqual(
      expect.arrayContaining([
        at(join(loop, '.mcp.json')),
        at(join(loop, '.codex/config.toml')),
        at(join(other, '.codex/config.toml')),
      ]),
    );
    expect(told.join()).toContain('ELOOP');
    expect(told.join()).not.toContain('defect');
    expect(existsSync(join(other, 'CLAUDE.md'))).toBe(false);
    expect(existsSync(join(other, 'AGENTS.md'))).toBe(false);
  });

  it('leaves what setup has on record to setup, and one file of two names is one', async () => {
    await machine.setup({ clients: CLIENTS, scope: 'project' });
    machine.write(join(machine.project, 'AGENTS.md'), '# Ours\n');
    symlinkSync('AGENTS.md', join(machine.project, 'CLAUDE.md'));
    await guide(machine.project);
    const { parts } = await leftovers(true);
    expect(parts.flatMap(({ changes }) => changes.map(({ path }) => path))).toEqual([
      join(machine.project, 'AGENTS.md'),
    ]);
    expect(textOf(join(machine.project, 'AGENTS.md'))).toBe('# Ours\n');
    expect(existsSync(join(machine.project, '.mcp.json'))).toBe(false);
  });
});
