import { cp, mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CcError } from '../core/errors.ts';
import { arrayAt, parseJson } from '../core/json.ts';
import { makePrivateDir, writeFileAtomic } from '../store/atomic.ts';
import type { Installation } from './installation.ts';
import { SERVER } from './names.ts';
import { skillFiles } from './skill.ts';

/** In every npm package, whatever its manifest lists. */
const ALWAYS = ['package.json', 'README.md', 'LICENSE'] as const;
/** The skill, which stands elsewhere in a plugin. */
const SKILL = ['SKILL.md', 'skill'];
/** A plugin has it, and hardly anything else does. */
const MARK = join('.claude-plugin', 'plugin.json');

/**
 * Writes the plugin of Codex and Claude Code into a directory: the files of the package and no clone
 * with its node_modules, which both clients would copy whole. The skill goes to `skills/<name>/`, because
 * Codex finds none at the top of a plugin (measured with 0.169.0). What was there is replaced.
 */
export async function writePluginTree(
  installation: Pick<Installation, 'root' | 'skill'>,
  target: string,
): Promise<void> {
  const { root } = installation;
  if (await isThere(target)) {
    if (!(await isThere(join(target, MARK)))) {
      throw new CcError('NOT_ALLOWED', `${target} is there and is no plugin; it stays as it is.`, {
        hint: 'Name a directory that does not exist yet.',
      });
    }
    if (target === root || root.startsWith(join(target, '/'))) {
      throw new CcError('NOT_ALLOWED', `${target} holds the cc-orchestrator that is running.`, {
        hint: 'Run the one that is to become the plugin: npm install -g cc-orchestrator',
      });
    }
  }
  const fresh = `${target}.new`;
  await rm(fresh, { recursive: true, force: true });
  await makePrivateDir(dirname(target));
  for (const name of await packagedNames(root)) {
    if (SKILL.includes(name)) continue;
    await cp(join(root, name), join(fresh, name), { recursive: true, dereference: true });
  }
  for (const [name, bytes] of await skillFiles(installation)) {
    const path = join(fresh, 'skills', SERVER, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFileAtomic(path, bytes);
  }
  // Nobody ever sees half of it.
  await rm(target, { recursive: true, force: true });
  await rename(fresh, target);
}

async function packagedNames(root: string): Promise<string[]> {
  const manifest = parseJson(await readFile(join(root, 'package.json'), 'utf8'));
  const listed = arrayAt(manifest, 'files').filter((item) => typeof item === 'string');
  const names: string[] = [];
  for (const name of new Set([...ALWAYS, ...listed])) {
    if (await isThere(join(root, name))) names.push(name);
  }
  return names;
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
