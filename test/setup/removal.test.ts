import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Client, GRACE_KEY, type Scope } from '../../src/setup/names.ts';
import type { Setting } from '../../src/setup/plan.ts';
import { removalOfUnrecorded, unrecordedPath } from '../../src/setup/removal.ts';
import { planUninstall } from '../../src/setup/setup.ts';
import { Machine } from './machine.ts';

const ENTRY = '{"mcpServers": {"cc-orchestrator": {"command": "x"}}}';
const TABLE = '[mcp_servers.cc-orchestrator]\ncommand = "x"\n';
const GRACE = `${GRACE_KEY} = 1\n`;

async function settingOf(machine: Machine, client: Client, scope: Scope): Promise<Setting> {
  const options = { clients: [client], scope, replace: false };
  const { settings } = await planUninstall(machine.host, machine.project, options);
  const [setting] = settings;
  if (setting === undefined) throw new Error('no setting');
  return { ...setting, client: { ...setting.client, binary: '/opt/claude' } };
}

describe('an entry that setup has no record of', () => {
  it.each([
    ['claude', 'user', 'home/.claude.json', ENTRY, 'command', undefined],
    ['claude', 'project', 'project/.mcp.json', ENTRY, 'file', '{"mcpServers": {}}'],
    ['codex', 'user', 'home/.codex/config.toml', GRACE + TABLE, 'file', GRACE],
    ['codex', 'project', 'project/.codex/config.toml', GRACE + TABLE, 'file', GRACE],
  ] as const)('of %s for the %s goes the way it came', async (...row) => {
    const [client, scope, name, text, kind, left] = row;
    const machine = new Machine();
    const file = join(machine.dir, name);
    const setting = await settingOf(machine, client, scope);
    expect(unrecordedPath(setting)).toBe(file);
    expect(await removalOfUnrecorded(setting, file, [])).toBeUndefined();
    machine.write(file, text);
    const [change] = (await removalOfUnrecorded(setting, file, []))?.changes ?? [];
    expect(change).toMatchObject({ kind, client, path: file });
    expect(change?.kind === 'file' ? change.after?.toString() : undefined).toBe(left);
  });

  it('is not looked for where setup has one on record', async () => {
    const machine = new Machine();
    await machine.setup();
    expect(unrecordedPath(await settingOf(machine, 'codex', 'user'))).toBeUndefined();
    expect(unrecordedPath(await settingOf(machine, 'codex', 'project'))).toBeTypeOf('string');
  });
});
