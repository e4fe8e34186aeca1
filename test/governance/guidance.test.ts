import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { writeGuidance } from '../../src/governance/guidance.ts';
import { removeGuidance } from '../../src/governance/guidance-removal.ts';
import { BEGIN, END, guidanceBlock } from '../../src/governance/guidance-text.ts';
import { knownWorkspaces } from '../../src/workspace/home.ts';
import type { Host } from '../../src/workspace/host.ts';
import { userWithProject } from '../support/history.ts';
import { scratch } from '../support/scratch.ts';

const ASKED = { agents: false, force: false, apply: true };

let dir: string;
let host: Host;
let root: string;
let path: string;

beforeEach(async () => {
  dir = scratch();
  const made = await userWithProject(dir);
  host = made.host;
  root = made.workspace.root;
  path = join(root, 'CLAUDE.md');
});

const write = (change: Partial<typeof ASKED> = {}) =>
  writeGuidance(host, root, { ...ASKED, ...change });
const text = () => readFileSync(path, 'utf8');

/** The bytes of the files that were copied before a change. */
function backedUp(backups: string | undefined): string[] {
  const names = backups === undefined ? [] : readdirSync(backups);
  return names
    .filter((name) => name !== 'manifest.json')
    .map((name) => readFileSync(join(backups ?? '', name), 'utf8'));
}

describe('writing guidance', () => {
  it('shows what it would write, then writes that, then nothing more', async () => {
    const preview = await write({ apply: false });
    expect(preview.files).toMatchObject([{ path, state: 'created' }]);
    expect(preview.files[0]?.diff).toContain('+## Delegated work');
    expect(existsSync(path)).toBe(false);
    expect(await write()).toEqual(preview);
    expect(text()).toBe(guidanceBlock('\n', 'new'));
    expect(await write()).toEqual({ files: [{ path, state: 'current' }] });
  });

  it.each([
    ['plain', '# Mine\n'],
    ['without an end of line', '# Mine'],
    ['with CRLF', '# Mine\r\n\r\n- rule\r\n'],
    ['with a BOM', '\ufeff# Mine\n'],
    ['only a BOM', '\ufeff'],
    ['empty', ''],
    ['with a marker inside of a line', `Look for "${END}".\n  ${BEGIN}\n`],
  ])('adds to a file %s and keeps every byte of it', async (_, before) => {
    writeFileSync(path, before, { mode: 0o640 });
    const done = await write();
    expect(done.files[0]?.state).toBe('added');
    expect(text().startsWith(before)).toBe(true);
    const section = guidanceBlock(before.includes('\r\n') ? '\r\n' : '\n');
    expect(text().replace(' unended -->', ' -->')).toContain(section);
    if (before.includes('\r\n')) expect(text().replaceAll('\r\n', '')).not.toContain('\n');
    expect(backedUp(done.backups)).toEqual([before]);
    expect((await write()).files[0]?.state).toBe('current');
  });

  it.each([
    ['in the middle', '# Above\r\n', '# Below\r\n'],
    ['at the top behind a BOM', '\ufeff', 'below'],
    ['at the end without an end of line', '# Above\n', undefined],
  ])('brings only its own section up to date, %s', async (_, above, below) => {
    const old = `${BEGIN} (written by an earlier version) -->\nold words\n${END}`;
    const before = below === undefined ? above + old : `${above}${old}\n${below}`;
    writeFileSync(path, before);
    expect((await write()).files[0]?.state).toBe('updated');
    expect(text()).not.toContain('old words');
    expect(text().startsWith(above)).toBe(true);
    expect(text().endsWith(below ?? END)).toBe(true);
    expect((await write()).files[0]?.state).toBe('current');
  });

  it('replaces the whole file only when forced, and keeps a copy', async () => {
    writeFileSync(path, 'mine\n');
    const { backups, files } = await write({ force: true });
    expect(files[0]?.state).toBe('replaced');
    expect(text()).toBe(guidanceBlock('\n'));
    expect(backedUp(backups)).toEqual(['mine\n']);
  });

  it('writes one section when several write at once, and loses no edit', async () => {
    writeFileSync(path, '# Mine\n');
    const all = await Promise.allSettled(Array.from({ length: 8 }, () => write()));
    expect(all.some(({ status }) => status === 'fulfilled')).toBe(true);
    for (const one of all) {
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'BUSY' });
    }
    expect(text()).toBe(`# Mine\n\n${guidanceBlock('\n')}`);
  });

  it('writes AGENTS.md too when asked, once where one is a link to the other', async () => {
    expect((await write({ agents: true })).files.map(({ state }) => state)).toEqual([
      'created',
      'created',
    ]);
    const other = join(dir, 'other');
    mkdirSync(other);
    writeFileSync(join(other, 'AGENTS.md'), '# Ours\n');
    symlinkSync('AGENTS.md', join(other, 'CLAUDE.md'));
    const done = await writeGuidance(host, other, { ...ASKED, agents: true });
    expect(done.files).toHaveLength(1);
    expect(readFileSync(join(other, 'AGENTS.md'), 'utf8').split(BEGIN)).toHaveLength(2);
    expect((await writeGuidance(host, other, { ...ASKED, agents: true })).files).toMatchObject([
      { state: 'current' },
      { state: 'current' },
    ]);
  });
});

describe('writing guidance refuses and changes nothing', () => {
  it.each([
    ['a begin without an end', `# Mine\n${BEGIN}\n`],
    ['two sections', `${guidanceBlock('\n')}${guidanceBlock('\n')}`],
    ['an end above its begin', `${END}\n${BEGIN}\n`],
  ])('%s', async (_, before) => {
    writeFileSync(path, before);
    await expect(write()).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    expect(text()).toBe(before);
  });

  it('a link that leads out of the project', async () => {
    const outside = join(dir, 'outside.md');
    writeFileSync(outside, 'theirs');
    symlinkSync(outside, path);
    await expect(write()).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    await expect(write({ force: true })).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    expect(readFileSync(outside, 'utf8')).toBe('theirs');
  });

  it('a link to nothing, a directory, a read-only file, one that is no UTF-8, a huge one', async () => {
    symlinkSync('nowhere.md', path);
    await expect(write()).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    const made = async (name: string, make: (path: string) => void) => {
      const project = join(dir, name);
      mkdirSync(project);
      make(join(project, 'CLAUDE.md'));
      await expect(writeGuidance(host, project, ASKED)).rejects.toMatchObject({
        code: 'NOT_ALLOWED',
      });
    };
    await made('directory', (file) => mkdirSync(file));
    await made('read-only', (file) => {
      writeFileSync(file, 'mine');
      chmodSync(file, 0o444);
    });
    await made('latin', (file) => writeFileSync(file, Buffer.from([0x66, 0xfc, 0x72])));
    await made('huge', (file) => {
      writeFileSync(file, '');
      truncateSync(file, 1 << 30);
    });
  });

  it('AGENTS.md is refused: CLAUDE.md stays, too', async () => {
    mkdirSync(join(root, 'AGENTS.md'));
    writeFileSync(path, 'mine\n');
    await expect(write({ agents: true })).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    expect(text()).toBe('mine\n');
  });
});

describe('taking the section out again', () => {
  const remove = (change: { force?: boolean; apply?: boolean } = {}) =>
    removeGuidance(host, root, { force: false, apply: true, ...change });

  it.each([
    ['plain', '# Mine\n'],
    ['without an end of line', '# Mine'],
    ['with CRLF', '# Mine\r\n\r\n- rule\r\n'],
    ['with CRLF and no end of line', '# Mine\r\n- rule'],
    ['with a BOM', '\ufeff# Mine\n'],
    ['only a BOM', '\ufeff'],
    ['empty', ''],
    ['one empty line', '\n'],
    ['empty lines at the end', '# Mine\n\n\n'],
  ])('gives a file %s back, byte for byte, also after an update', async (_, before) => {
    writeFileSync(path, before, { mode: 0o640 });
    await write();
    const written = text();
    expect((await remove({ apply: false })).files).toMatchObject([{ path, state: 'removed' }]);
    expect(text()).toBe(written);
    const { files, backups } = await remove();
    expect(files[0]?.state).toBe('removed');
    expect(backedUp(backups)).toEqual([written]);
    expect(text()).toBe(before);
    expect(await remove()).toEqual({ files: [] });
    await write();
    writeFileSync(path, text().replace(/ [0-9a-f]{12}/, ' 0123456789ab'));
    await write();
    await remove();
    expect(text()).toBe(before);
  });

  it('removes the files that came with it, and no others', async () => {
    await write({ agents: true });
    const { files } = await remove();
    expect(files.map(({ state }) => state)).toEqual(['deleted', 'deleted']);
    expect(readdirSync(root)).toEqual(['.agent-workspace']);
    await write();
    writeFileSync(path, `${text()}\nMy own rule.\n`);
    expect((await remove()).files).toMatchObject([{ state: 'removed' }]);
    expect(text()).toBe('\nMy own rule.\n');
  });

  it('keeps a link in place of the file that came with it', async () => {
    await write();
    renameSync(path, join(root, 'GUIDE.md'));
    symlinkSync('GUIDE.md', path);
    expect((await remove()).files).toMatchObject([{ state: 'removed' }]);
    expect(text()).toBe('');
  });

  it('keeps what the user has put around it apart', async () => {
    writeFileSync(path, '# Mine\n');
    await write();
    writeFileSync(path, `\n${text()}Directly below.\n`);
    await remove();
    expect(text()).toBe('\n# Mine\n\nDirectly below.\n');
  });

  it('names a section the user has changed, and needs force for it', async () => {
    writeFileSync(path, '# Mine\n');
    await write({ agents: true });
    writeFileSync(path, text().replace('## Delegated work', '## My title'));
    const before = text();
    const preview = await remove({ apply: false });
    expect(preview.files.map(({ state }) => state)).toEqual(['edited', 'deleted']);
    expect(preview.files[0]?.diff).toContain('-## My title');
    await expect(remove()).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    expect(text()).toBe(before);
    expect(existsSync(join(root, 'AGENTS.md'))).toBe(true);
    const { backups } = await remove({ force: true });
    expect(text()).toBe('# Mine\n');
    expect(existsSync(join(root, 'AGENTS.md'))).toBe(false);
    expect(backedUp(backups)).toContain(before);
  });

  it('is not misled by git, which changes ends of lines', async () => {
    writeFileSync(path, '# Mine\n');
    await write();
    writeFileSync(path, text().replaceAll('\n', '\r\n'));
    expect((await remove()).files).toMatchObject([{ state: 'removed' }]);
    expect(text()).toBe('# Mine\r\n');
  });

  it('knows a section of a version that noted nothing in its marker', async () => {
    const old = guidanceBlock('\n').replace(/ [0-9a-f]{12} -->/, ' -->');
    writeFileSync(path, `# Mine\n\n${old}`);
    await remove();
    expect(text()).toBe('# Mine\n');
    writeFileSync(path, old);
    expect((await remove()).files).toMatchObject([{ state: 'removed' }]);
    expect(text()).toBe('');
  });

  it('takes one section out where one file is a link to the other', async () => {
    writeFileSync(join(root, 'AGENTS.md'), '# Ours\n');
    symlinkSync('AGENTS.md', path);
    await write({ agents: true });
    expect((await remove()).files).toHaveLength(1);
    expect(text()).toBe('# Ours\n');
  });

  const BLOCK = guidanceBlock('\n');
  it.each<[string, (file: string, text: string) => void]>([
    [
      'a link out of the project',
      (file, text) => {
        writeFileSync(join(dir, 'outside.md'), text);
        symlinkSync(join(dir, 'outside.md'), file);
      },
    ],
    ['read-only', (file, text) => writeFileSync(file, text, { mode: 0o444 })],
    ['not UTF-8', (file, text) => writeFileSync(file, Buffer.from(`${text}\n\xfc`, 'latin1'))],
    // Its one marker lies on the border of two chunks.
    [
      'huge',
      (file, text) => writeFileSync(file, `${'x'.repeat(5 * 2 ** 20 - 8)}\n${text.split('\n')[0]}`),
    ],
  ])('minds an AGENTS.md that is %s only where a marker of ours is in it', async (_, make) => {
    const agents = join(root, 'AGENTS.md');
    writeFileSync(path, '# Mine\n');
    await write();
    make(agents, `\ufeff${BLOCK}`);
    const before = text();
    await expect(remove()).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    expect(text()).toBe(before);
    rmSync(agents);
    const theirs = `# Theirs, without "${END}"`;
    make(agents, theirs);
    expect((await remove()).files).toMatchObject([{ path, state: 'removed' }]);
    expect(text()).toBe('# Mine\n');
    expect(readFileSync(agents, 'latin1')).toContain(theirs);
  });

  it.each<[string, (file: string) => void]>([
    ['a directory', (file) => mkdirSync(file)],
    ['a link to nothing', (file) => symlinkSync('nowhere.md', file)],
    ['a link to itself', (file) => symlinkSync('AGENTS.md', file)],
  ])('does not mind an AGENTS.md that is %s', async (_, make) => {
    await write();
    make(join(root, 'AGENTS.md'));
    expect((await remove()).files).toMatchObject([{ path, state: 'deleted' }]);
  });

  it('refuses markers that are no pair', async () => {
    writeFileSync(path, `# Mine\n${END}\n`);
    await expect(remove({ force: true })).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    expect(text()).toBe(`# Mine\n${END}\n`);
  });
});

it('remembers where it has written, also where no run ever was', async () => {
  const other = join(dir, 'other');
  mkdirSync(other);
  await writeGuidance(host, other, { ...ASKED, apply: false });
  expect(await knownWorkspaces(host.home)).not.toContain(other);
  await writeGuidance(host, other, ASKED);
  expect(await knownWorkspaces(host.home)).toContain(other);
});
