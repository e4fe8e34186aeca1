import { chmodSync, existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Repair, repairEntries } from '../../src/governance/mcp-repair/repair.ts';
import { Machine, textOf } from '../setup/machine.ts';

const DOLLAR = '$';

let machine: Machine;
let path: string;
let server: { command: string; args: string[] };

beforeEach(() => {
  machine = new Machine();
  path = join(machine.project, '.mcp.json');
  const script = join(machine.installation, 'dist/cc-orchestrator.js');
  server = { command: process.execPath, args: [script, 'mcp'] };
});

const repair = (apply = true): Promise<Repair> =>
  repairEntries(machine.host, machine.project, { apply });
const fileOf = ({ files }: Repair, at = path) => files.find((file) => file.path === at);
const put = (entry: unknown, more: object = {}) =>
  machine.write(path, `${JSON.stringify({ mcpServers: { 'cc-orchestrator': entry }, ...more })}\n`);
const entryNow = () => JSON.parse(textOf(path).replace('\ufeff', '')).mcpServers['cc-orchestrator'];

describe('repairing .mcp.json', () => {
  it.each<[string, (good: typeof server) => unknown, string]>([
    [
      'a stale script',
      ({ command }) => ({ command, args: ['/gone/cc.js', 'mcp'] }),
      'is not there',
    ],
    [
      'a relative script',
      ({ command }) => ({ command, args: ['dist/cc.js', 'mcp'] }),
      'is relative',
    ],
    ['a Node that is gone', ({ args }) => ({ command: '/gone/node', args }), 'is not there'],
    ['a program that is gone', () => ({ command: 'cc-gone', args: ['mcp'] }), 'not on the PATH'],
    ['a wrong type', (good) => ({ type: 'local', ...good }), 'its type'],
    ['args that are a text', ({ command }) => ({ command, args: 'x mcp' }), 'no list'],
    ['no command', ({ args }) => ({ args }), 'names no command'],
    ['no script', ({ command }) => ({ command, args: [] }), 'no script'],
    ['no subcommand', ({ command, args }) => ({ command, args: args.slice(0, 1) }), 'lack'],
    ['an entry that is null', () => null, 'no object'],
  ])('%s: a preview, the repair with a backup, then nothing more', async (_, bad, problem) => {
    put(bad(server));
    const before = textOf(path);
    const preview = await repair(false);
    expect(fileOf(preview)).toMatchObject({ state: 'repair', diff: expect.any(String) });
    expect(fileOf(preview)?.problems?.join()).toContain(problem);
    expect(textOf(path)).toBe(before);
    const { backups = '', ...done } = await repair();
    expect(done).toEqual(preview);
    expect(entryNow()).toMatchObject(server);
    const copies = readdirSync(backups).filter((name) => name.endsWith('.mcp.json'));
    expect(readFileSync(join(backups, copies[0] ?? ''), 'utf8')).toBe(before);
    expect(await repair()).toEqual({ files: [{ path, state: 'ok' }], others: [] });
  });

  it('another Node, although it is there', async () => {
    symlinkSync('/bin/sh', join(machine.dir, 'node'));
    put({ ...server, command: join(machine.dir, 'node') });
    expect(fileOf(await repair())?.problems?.join()).toContain('another Node');
    expect(entryNow()).toEqual(server);
  });

  it('keeps what the user added, and every byte of the rest', async () => {
    const own = '  "mcpServers": {\r\n    "other": {"command":   "sh"},\r\n    "cc-orchestrator": ';
    const stale = {
      command: '/gone/node',
      args: ['--no-warnings', '/gone/cc.js', 'mcp', '--read-only'],
      env: { A: 'b' },
      odd: 1,
    };
    const [head, tail] = [
      `\ufeff{\r\n${own}`,
      ',\r\n    "third": {"url": "https://x.invalid"}\r\n  },\r\n  "more": [1,   2]\r\n}',
    ];
    machine.write(path, head + JSON.stringify(stale) + tail, 0o640);
    await repair();
    expect(textOf(path).startsWith(head)).toBe(true);
    expect(textOf(path).endsWith(tail)).toBe(true);
    const [script = ''] = server.args;
    const args = ['--no-warnings', script, 'mcp', '--read-only'];
    expect(entryNow()).toEqual({ ...stale, command: server.command, args });
    expect(textOf(path).replaceAll('\r\n', '')).not.toContain('\n');
  });

  it.each<[string, unknown]>([
    ['a bare name', { command: 'sh', args: ['x'] }],
    ['variables', { command: `${DOLLAR}{NODE:-node}`, args: [`${DOLLAR}{HOME}/cc.js`, 'mcp'] }],
    ['a server elsewhere', { type: 'http', url: 'https://x.invalid/mcp' }],
  ])('leaves alone what works on several machines: %s', async (_, entry) => {
    put(entry);
    expect(await repair()).toEqual({ files: [{ path, state: 'ok' }], others: [] });
    expect(entryNow()).toEqual(entry);
  });

  it('puts an entry where Claude Code looks for it', async () => {
    machine.write(path, JSON.stringify({ 'cc-orchestrator': server, other: 1 }));
    await repair();
    expect(JSON.parse(textOf(path))).toEqual({
      other: 1,
      mcpServers: { 'cc-orchestrator': server },
    });
    expect((await repair()).files).toEqual([{ path, state: 'ok' }]);
  });

  it('tells of other servers that cannot start, and never changes them', async () => {
    const other = { command: '/gone/tool', env: { TOKEN: 'other-secret-value-1' } };
    machine.write(
      path,
      JSON.stringify({ mcpServers: { 'cc-orchestrator': { command: 'x-gone' }, other } }),
    );
    const done = await repair();
    expect(done.others).toEqual([{ server: 'other', problem: '/gone/tool is not there' }]);
    expect(JSON.parse(textOf(path)).mcpServers.other).toEqual(other);
    expect(JSON.stringify(done)).not.toContain('other-secret');
    expect(fileOf(done)?.diff).not.toContain('other');
  });

  it.each([
    ['invalid JSON', '{"mcpServers": {,}}'],
    ['a comment', '{ // mine\n}'],
    ['a list', '[]'],
    ['servers that are a list', '{"mcpServers": []}'],
    ['a name twice', '{"mcpServers": {"cc-orchestrator": 1, "cc-orchestrator": 2}}'],
    ['empty', ''],
  ])('does not touch %s', async (_, text) => {
    machine.write(path, text);
    const file = fileOf(await repair());
    expect(file).toMatchObject({ state: 'unreadable', hint: expect.any(String) });
    expect(textOf(path)).toBe(text);
  });

  it('refuses a link out of the project and a read-only file', async () => {
    const outside = join(machine.dir, 'outside.json');
    machine.write(outside, '{"mcpServers": {"cc-orchestrator": {}}}');
    machine.link(outside, path);
    expect(fileOf(await repair())?.state).toBe('unreadable');
    expect(textOf(outside)).toBe('{"mcpServers": {"cc-orchestrator": {}}}');
    machine = new Machine();
    path = join(machine.project, '.mcp.json');
    put({ command: 'x-gone' });
    chmodSync(path, 0o444);
    expect(fileOf(await repair())?.state).toBe('unreadable');
  });

  it('creates nothing', async () => {
    expect(await repair()).toEqual({ files: [], others: [] });
    expect(existsSync(path)).toBe(false);
    machine.write(path, '{}');
    expect(fileOf(await repair())).toMatchObject({ state: 'kept', hint: expect.any(String) });
    expect(textOf(path)).toBe('{}');
  });
});

describe('repairing what setup wrote', () => {
  it('brings its own entry up to date after the installation has moved', async () => {
    machine.write(machine.config, '# mine\nmodel = "x"\n');
    await machine.setup();
    const before = textOf(machine.config);
    const moved = { ...machine.host, cli: new Machine().host.cli ?? { file: '', args: [] } };
    const { files } = await repairEntries(moved, machine.project, { apply: true });
    expect(files).toMatchObject([{ path: machine.config, state: 'repair' }]);
    expect(textOf(machine.config)).toBe(
      before.replaceAll(
        machine.installation,
        String(moved.cli.args[0]).replace('/dist/cc-orchestrator.js', ''),
      ),
    );
    expect((await repairEntries(moved, machine.project, { apply: true })).files).toEqual([
      { path: machine.config, state: 'ok' },
    ]);
  });

  it("keeps an entry of the user's own, and says how to replace it", async () => {
    const own =
      '[mcp_servers.cc-orchestrator]\ncommand = "/gone/node"\nargs = ["/gone.js", "mcp"]\n';
    machine.write(machine.config, own);
    expect((await repair()).files).toMatchObject([
      { path: machine.config, state: 'kept', hint: expect.stringContaining('--replace') },
    ]);
    expect(textOf(machine.config)).toBe(own);
  });
});

it('never shows what a file of one line hands the server', async () => {
  put({ command: '/gone/node', args: server.args, env: { K: 'never-shown' } });
  const shown = fileOf(await repair())?.diff ?? '';
  expect(shown).toContain('/gone/node');
  expect(shown).not.toContain('never-shown');
  expect(entryNow()).toMatchObject({ ...server, env: { K: 'never-shown' } });
});

it('names a file once where the home is the project', async () => {
  machine.write(machine.config, '');
  await machine.setup();
  const home = join(machine.dir, 'home');
  const { files } = await repairEntries(machine.host, home, { apply: false });
  expect(files).toEqual([{ path: machine.config, state: 'ok' }]);
});
