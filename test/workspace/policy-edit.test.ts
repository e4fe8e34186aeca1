import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { userHome } from '../../src/workspace/home.ts';
import { readPolicy } from '../../src/workspace/policy.ts';
import { editPolicy } from '../../src/workspace/policy-edit.ts';
import { scratch } from '../support/scratch.ts';

const TEXT = '# mine\nmax_concurrent: 2 # because\npreferred:\n  review: { profile: glm }\n';
const change = [{ path: ['preferred', 'testing'], value: { profile: 'kimi', model: 'k2' } }];

function homeWith(text?: string) {
  const home = userHome({ CC_ORCHESTRATOR_HOME: scratch() });
  if (text !== undefined) writeFileSync(home.policy, text);
  return home;
}

describe('a change of policy.yaml', () => {
  it('is shown first, and nothing is written', async () => {
    const home = homeWith(TEXT);
    const edit = await editPolicy(home, systemClock, change, false);
    expect(edit).toMatchObject({ applied: false, path: home.policy });
    expect(edit.diff.join('\n')).toMatch(/\+ .*testing/);
    expect(edit.diff.some((line) => line.startsWith('-'))).toBe(false);
    expect(readFileSync(home.policy, 'utf8')).toBe(TEXT);
    expect(readdirSync(home.root)).toEqual(['policy.yaml']);
  });

  it('keeps comments and everything else, and the file as it was', async () => {
    const home = homeWith(TEXT);
    const edit = await editPolicy(home, systemClock, change, true);
    expect(edit.applied).toBe(true);
    const text = readFileSync(home.policy, 'utf8');
    expect(text).toContain('# mine\nmax_concurrent: 2 # because');
    expect((await readPolicy(home)).preferred).toEqual({
      review: { profile: 'glm' },
      testing: { profile: 'kimi', model: 'k2' },
    });
    expect(readFileSync(edit.backup ?? '', 'utf8')).toBe(TEXT);
    expect(statSync(edit.backup ?? '').mode & 0o777).toBe(0o600);
    const again = await editPolicy(home, systemClock, change, true);
    expect(again).toMatchObject({ applied: false, diff: [] });
  });

  it('removes, creates what is missing, and follows a link', async () => {
    const home = homeWith(TEXT);
    await editPolicy(
      home,
      systemClock,
      [{ path: ['preferred', 'review'], value: undefined }],
      true,
    );
    expect((await readPolicy(home)).preferred).toEqual({});
    const fresh = homeWith();
    const edit = await editPolicy(fresh, systemClock, change, true);
    expect(edit).not.toHaveProperty('backup');
    expect((await readPolicy(fresh)).preferred.testing?.model).toBe('k2');
    const linked = homeWith();
    const real = join(scratch(), 'real.yaml');
    writeFileSync(real, TEXT);
    symlinkSync(real, linked.policy);
    await editPolicy(linked, systemClock, change, true);
    expect(lstatSync(linked.policy).isSymbolicLink()).toBe(true);
    expect(readFileSync(real, 'utf8')).toContain('kimi');
  });

  it('is refused where the result, or what is there, is not valid', async () => {
    const bad = [{ path: ['max_concurrent'], value: 'many' }];
    await expect(editPolicy(homeWith(TEXT), systemClock, bad, true)).rejects.toThrow('not valid');
    const broken = homeWith('max_concurrent: [');
    await expect(editPolicy(broken, systemClock, change, true)).rejects.toThrow('not valid');
    expect(existsSync(broken.policy)).toBe(true);
    expect(readFileSync(broken.policy, 'utf8')).toBe('max_concurrent: [');
  });
});
