import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROLES } from '../../../src/core/vocabulary.ts';
import { readPacks } from '../../../src/prompts/pack/manifest.ts';
import { ownPack } from '../../../src/prompts/pack/packed-text.ts';
import { listTemplates, renderTemplate } from '../../../src/prompts/pack/render.ts';
import { roleText } from '../../../src/prompts/pack/role-text.ts';
import { scratch } from '../../support/scratch.ts';

const NOWHERE = '/nowhere/prompt-pack';

function userPack(files: Record<string, string>): string {
  const dir = scratch();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), text);
  }
  return dir;
}

const OWN_TEMPLATE = `schema_version: 1
templates:
  greet:
    summary: Greet
    role: documentation
    variables: { task: { about: whom } }
`;

describe('what comes with us', () => {
  it('has a text for every role, and a manifest that names them all', async () => {
    const [pack] = await readPacks(NOWHERE);
    expect(Object.keys(pack?.manifest.roles ?? {}).sort()).toEqual([...ROLES].sort());
    for (const role of ROLES) {
      const { text, applied } = await roleText(NOWHERE, role);
      expect(text.length).toBeGreaterThan(100);
      expect(applied).toMatchObject({ source: 'pack', digest: expect.any(String) });
    }
  });

  it('has no file that nobody uses', async () => {
    const names = (folder: string) =>
      readdirSync(join(ownPack(), folder)).map((file) => file.replace(/\.md$/, ''));
    expect([...names('roles'), 'implementation'].sort()).toEqual([...ROLES].sort());
    const templates = await listTemplates(NOWHERE);
    expect(names('templates').sort()).toEqual(templates.map(({ name }) => name));
  });

  it('has templates that declare what they use, and use what they declare', async () => {
    for (const { name, variables } of await listTemplates(NOWHERE)) {
      const text = readFileSync(join(ownPack(), 'templates', `${name}.md`), 'utf8');
      const used = [...text.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1]);
      expect([...new Set(used)].sort(), name).toEqual(Object.keys(variables).sort());
      const given = Object.fromEntries(Object.keys(variables).map((key) => [key, `<${key}>`]));
      const rendered = await renderTemplate(NOWHERE, name, given);
      for (const key of Object.keys(variables)) expect(rendered.text).toContain(`<${key}>`);
      expect(rendered.text).not.toContain('{{');
    }
  });
});

describe('rendering', () => {
  it('takes defaults, and facts before them', async () => {
    const plain = await renderTemplate(NOWHERE, 'bugfix', { task: 'It crashes.' });
    expect(plain.text).toContain('You may change: what your scope allows.');
    const known = await renderTemplate(NOWHERE, 'bugfix', { task: 'x' }, { write_scope: 'src/**' });
    expect(known.text).toContain('You may change: src/**.');
  });

  it('puts values in as they are', async () => {
    const task = 'Use {{check}} and $& and $1.';
    expect((await renderTemplate(NOWHERE, 'investigate', { task })).text).toContain(task);
  });

  it('names what is missing, what is unknown, and what there is', async () => {
    await expect(renderTemplate(NOWHERE, 'bugfix', { tsk: 'x' })).rejects.toThrow(
      'Template bugfix has no variable tsk and needs task.',
    );
    await expect(renderTemplate(NOWHERE, 'bugfix', { task: '  ' })).rejects.toThrow('needs task');
    await expect(renderTemplate(NOWHERE, '../secret', {})).rejects.toMatchObject({
      code: 'NOT_FOUND',
      hint: expect.stringContaining('bugfix'),
    });
  });
});

describe('the user’s own pack', () => {
  it('replaces a role text and a template by a file of the same name', async () => {
    const dir = userPack({
      'roles/review.md': 'Be kind.\n',
      'templates/investigate.md': '{{task}}?',
    });
    expect(await roleText(dir, 'review')).toMatchObject({
      text: 'Be kind.',
      applied: { source: 'user' },
    });
    expect((await renderTemplate(dir, 'investigate', { task: 'Why' })).text).toBe('Why?');
  });

  it('adds templates', async () => {
    const dir = userPack({ 'manifest.yaml': OWN_TEMPLATE, 'templates/greet.md': 'Hello {{task}}' });
    expect((await listTemplates(dir)).find(({ name }) => name === 'greet')).toMatchObject({
      source: 'user',
      write: false,
    });
    expect((await renderTemplate(dir, 'greet', { task: 'you' })).text).toBe('Hello you');
  });

  it('says what is wrong with it', async () => {
    const broken = userPack({ 'manifest.yaml': 'schema_version: 1\ntemplates: { X: {} }\n' });
    await expect(listTemplates(broken)).rejects.toThrow(/manifest\.yaml is not a prompt pack/);
    const undeclared = userPack({
      'manifest.yaml': OWN_TEMPLATE,
      'templates/greet.md': '{{task}} {{mood}}',
    });
    await expect(renderTemplate(undeclared, 'greet', { task: 'x' })).rejects.toThrow('mood');
    const empty = userPack({ 'manifest.yaml': OWN_TEMPLATE });
    await expect(renderTemplate(empty, 'greet', { task: 'x' })).rejects.toThrow('is missing');
  });

  it('costs a run its role text where it is broken, never the run', async () => {
    const empty = userPack({ 'roles/review.md': '\n' });
    expect((await roleText(empty, 'review')).applied.source).toBe('none');
    const directory = userPack({ 'roles/review.md/x': '' });
    const { text, applied } = await roleText(directory, 'review');
    expect(text).toBe('');
    expect(applied).toMatchObject({ source: 'none', reason: expect.any(String) });
  });
});
