import { toErrorFacts } from '../../core/errors.ts';
import { lookUpProfile } from '../../profiles/lookup.ts';
import type { Profile } from '../../profiles/profile.ts';
import { globRefusal } from '../../runs/scope/request.ts';
import { directoryIn } from '../commands/order.ts';
import type { Path } from '../format/problems.ts';
import type { Checking } from './context.ts';
import { isAgent } from './roles.ts';

/** Where a workflow is to run, which decides what its paths mean. */
export type Surroundings = {
  root: string;
  cwd: string;
  /** Those there are, where real workers are to start. */
  profiles?: readonly Profile[] | undefined;
};

/** What would be refused when the node starts, which is after others have spent money. */
export function checkSurroundings(checking: Checking, around: Surroundings): void {
  checkPaths(checking, around);
  if (around.profiles !== undefined) checkProfiles(checking, around.profiles);
}

function checkPaths({ source, shape }: Checking, { root, cwd }: Surroundings): void {
  for (const [id, node] of shape.nodes) {
    if (node.type === 'command' && node.directory !== undefined) {
      if (directoryIn(root, cwd, node.directory) !== undefined) continue;
      const message = `${JSON.stringify(node.directory)} lies outside the project`;
      const fix = 'A command runs in the project or below it.';
      source.add('outside_project', ['nodes', id, 'directory'], message, { fix });
    }
    if (!isAgent(node) || !node.allow_write) continue;
    for (const key of ['allow', 'deny'] as const) {
      for (const [at, glob] of (node.write_scope?.[key] ?? []).entries()) {
        const refusal = globRefusal(glob, { root, cwd });
        if (refusal === undefined) continue;
        const message = `${JSON.stringify(glob)} ${refusal}`;
        source.add('outside_project', ['nodes', id, 'write_scope', key, at], message);
      }
    }
  }
}

function checkProfiles({ source, shape }: Checking, profiles: readonly Profile[]): void {
  const check = (path: Path, name: string | undefined) => {
    if (name === undefined) return;
    try {
      const { id, usable, reason } = lookUpProfile(profiles, name);
      if (usable) return;
      const message = `the profile ${id} cannot be used: ${reason ?? 'it is not complete'}`;
      source.add('unknown_profile', path, message.replace(/\.$/, ''));
    } catch (error) {
      const { message, hint } = toErrorFacts(error);
      source.add(
        'unknown_profile',
        path,
        message.replace(/\.$/, ''),
        hint === undefined ? {} : { fix: hint },
      );
    }
  };
  check(['defaults', 'profile'], shape.defaults?.profile);
  for (const [name, role] of Object.entries(shape.roles ?? {})) {
    check(['roles', name, 'profile'], role.profile);
  }
  for (const [id, node] of shape.nodes) {
    if (isAgent(node)) check(['nodes', id, 'profile'], node.profile);
  }
}
