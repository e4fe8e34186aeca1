import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { GUIDANCE_BYTES, projectGuidance } from '../../src/prompts/guidance.ts';
import { cpuMs } from '../support/cpu-time.ts';
import { scratch } from '../support/scratch.ts';

function project(files: Record<string, string | Buffer> = {}) {
  const base = scratch();
  const root = join(base, 'project');
  mkdirSync(join(root, 'a/b'), { recursive: true });
  mkdirSync(join(root, '.git'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  return { root, base, path: (name: string) => join(root, name) };
}

describe('project guidance', () => {
  it('goes from the root down to the working directory, and no further', () => {
    const { root, path } = project({
      'CLAUDE.md': 'root claude\n',
      'AGENTS.md': 'root agents\n',
      'a/CLAUDE.md': 'a claude',
      'a/b/AGENTS.md': '\n\nb agents\n\n',
      'a/b/c/AGENTS.md': 'below',
      'z/AGENTS.md': 'beside',
    });
    const guidance = projectGuidance(root, path('a/b'));
    expect(guidance).toEqual({
      text: [
        '## AGENTS.md\n\nroot agents',
        '## CLAUDE.md\n\nroot claude',
        '## a/CLAUDE.md\n\na claude',
        '## a/b/AGENTS.md\n\nb agents',
      ].join('\n\n'),
      files: ['AGENTS.md', 'CLAUDE.md', 'a/CLAUDE.md', 'a/b/AGENTS.md'],
      truncated: false,
    });
    expect(projectGuidance(root, root).files).toEqual(['AGENTS.md', 'CLAUDE.md']);
  });

  it('is empty where there is none', () => {
    const none = { text: '', files: [], truncated: false };
    const { root, path } = project({ 'a/AGENTS.md': ' \n\t\n', 'a/CLAUDE.md': '' });
    expect(projectGuidance(root, path('a/b'))).toEqual(none);
    expect(projectGuidance(root, path('missing'))).toEqual(none);
  });

  it('never comes from above or beside the project', () => {
    const { root, base } = project({ 'AGENTS.md': 'mine' });
    writeFileSync(join(base, 'AGENTS.md'), 'not mine');
    for (const cwd of [base, dirname(base), join(base, 'project-2'), '/']) {
      expect(projectGuidance(root, cwd).files, cwd).toEqual([]);
    }
    expect(projectGuidance(root, root).text).not.toContain('not mine');
  });

  it('says the same thing once', () => {
    const { root, path } = project({ 'AGENTS.md': 'same', 'CLAUDE.md': 'same' });
    symlinkSync('../AGENTS.md', path('a/CLAUDE.md'));
    writeFileSync(path('a/AGENTS.md'), 'other');
    const { text, files } = projectGuidance(root, path('a'));
    expect(files).toEqual(['AGENTS.md', 'a/AGENTS.md', 'a/CLAUDE.md']);
    expect(text.match(/same/g)).toHaveLength(2);
  });

  it('follows a link to another file of the project', () => {
    const { root, path } = project({ 'docs/agents.md': 'from docs' });
    symlinkSync('docs/agents.md', path('CLAUDE.md'));
    expect(projectGuidance(root, root).text).toBe('## CLAUDE.md\n\nfrom docs');
  });

  it.each<[string, (base: string) => string]>([
    ['/etc/passwd', () => '/etc/passwd'],
    ['a file beside the project', (base) => join(base, 'secret')],
    ['that file, relatively', () => '../secret'],
    ['a directory with a similar name', () => '../project-2/secret'],
    ['a link that leads on', () => 'hop'],
    ["git's own files", () => '.git/config'],
    ['a directory', () => 'a'],
    ['a device', () => '/dev/zero'],
    ['itself', () => 'CLAUDE.md'],
    ['nothing', () => 'missing'],
  ])('does not follow a link to %s', (_what, target) => {
    const { root, base, path } = project({ '.git/config': 'url = https://token@host' });
    mkdirSync(join(base, 'project-2'));
    writeFileSync(join(base, 'secret'), 'secret');
    writeFileSync(join(base, 'project-2/secret'), 'secret');
    symlinkSync('../secret', path('hop'));
    symlinkSync(target(base), path('CLAUDE.md'));
    expect(projectGuidance(root, root)).toEqual({ text: '', files: [], truncated: false });
  });

  it('does not wait for a pipe or fail on what it may not read', () => {
    const { root, path } = project({ 'a/CLAUDE.md': 'closed' });
    if (process.platform !== 'win32') execFileSync('mkfifo', [path('AGENTS.md')]);
    mkdirSync(path('CLAUDE.md'));
    chmodSync(path('a/CLAUDE.md'), 0o000);
    const { files } = projectGuidance(root, path('a'));
    expect(files.filter((file) => file !== 'a/CLAUDE.md')).toEqual([]);
  });

  it('passes over binary files and takes control characters out of text', () => {
    const { root } = project({
      'AGENTS.md': Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1]),
      'CLAUDE.md': '\ufeffdo \u001b[31mthis\u202e\r\nand that\u0007\n',
    });
    expect(projectGuidance(root, root).text).toBe('## CLAUDE.md\n\ndo this\nand that');
  });
});

describe('the cap', () => {
  const size = (text: string) => Buffer.byteLength(text);

  it('keeps what is nearest', () => {
    const { root, path } = project({
      'AGENTS.md': 'r'.repeat(20_000),
      'a/AGENTS.md': 'a'.repeat(20_000),
      'a/b/AGENTS.md': 'b'.repeat(10_000),
    });
    const { text, files, truncated } = projectGuidance(root, path('a/b'));
    expect(files).toEqual(['AGENTS.md', 'a/AGENTS.md', 'a/b/AGENTS.md']);
    expect(truncated).toBe(true);
    expect(text.match(/a{9,}/)?.[0]).toHaveLength(20_000);
    expect(text.match(/b{9,}/)?.[0]).toHaveLength(10_000);
    expect(size(text)).toBeLessThanOrEqual(GUIDANCE_BYTES);
    expect(size(text)).toBeGreaterThan(GUIDANCE_BYTES - 10);
  });

  it('leaves out what has no room at all, and says so', () => {
    const { root, path } = project({ 'AGENTS.md': 'root', 'a/AGENTS.md': 'a'.repeat(40_000) });
    const { files, truncated } = projectGuidance(root, path('a'));
    expect(files).toEqual(['a/AGENTS.md']);
    expect(truncated).toBe(true);
  });

  it('cuts between characters', () => {
    const { root } = project({ 'AGENTS.md': `x${'\u20ac'.repeat(20_000)}` });
    const { text } = projectGuidance(root, root);
    expect(text.endsWith('\u20ac')).toBe(true);
    expect(text).not.toContain('\ufffd');
    expect(size(text)).toBeLessThanOrEqual(GUIDANCE_BYTES);
  });

  it('counts the headings, however many there are', () => {
    const files: Record<string, string> = {};
    let directory = '';
    for (let at = 0; at < 200; at += 1) {
      directory += `${'d'.repeat(12)}/`;
      files[`${directory}AGENTS.md`] = `${at}`;
    }
    const { root, path } = project(files);
    const guidance = projectGuidance(root, path(directory.slice(0, -1)));
    expect(guidance.truncated).toBe(true);
    expect(size(guidance.text)).toBeLessThanOrEqual(GUIDANCE_BYTES);
  });

  it('does not read a file of any size', () => {
    const { root, path } = project();
    // Sparse: a gigabyte that takes no room, and binary as such.
    execFileSync('truncate', ['-s', '1G', path('AGENTS.md')]);
    const ms = cpuMs(() => expect(projectGuidance(root, root).files).toEqual([]));
    expect(ms).toBeLessThan(200);
  });
});
