import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { CcError } from '../core/errors.ts';
import { compact } from '../core/json.ts';
import type { Role } from '../core/vocabulary.ts';
import { findSandbox, type Sandbox } from '../proc/sandbox.ts';
import type { Host } from '../workspace/host.ts';
import type { Policy } from '../workspace/policy.ts';
import type { RunRecord } from './record.ts';
import { pathsToMake } from './scope/made-paths.ts';
import { permittedTools } from './scope/permissions.ts';
import { postureOf, shellOf } from './scope/posture.ts';
import { reachOf } from './scope/reach.ts';
import { planScope, type ScopeRequest } from './scope/request.ts';

export type SafetyRequest = {
  allowWrite?: boolean | undefined;
  scope?: ScopeRequest | undefined;
  role: Role;
  officialLogin: boolean;
};

export type Safety = Pick<
  RunRecord,
  'scope' | 'posture' | 'protected_paths' | 'tools' | 'writable_paths' | 'made_paths'
>;

/** What a run may change, and what holds it to that. Refuses what cannot be held but should be. */
export async function planSafety(
  host: Host,
  place: { cwd: string; root: string },
  policy: Policy,
  request: SafetyRequest,
): Promise<Safety & { posture: NonNullable<RunRecord['posture']> }> {
  const sandbox = await findSandbox(policy.sandbox, host.env);
  requireSandbox(policy, sandbox);
  const { role, officialLogin } = request;
  const scope = planScope(request, place, { role, policy, sandbox });
  const protectedPaths = policy.protected_paths;
  const reach = reachOf(scope?.paths ?? [], { ...place, protectedPaths });
  const isHeld = sandbox.kind !== 'none';
  const opened = isHeld ? openedBy(policy, host) : [];
  const made = isHeld ? pathsToMake(reach, place, shellOf(scope) !== 'none') : [];
  return {
    scope,
    posture: postureOf({ scope, sandbox, reach, root: place.root, opened, officialLogin }),
    ...compact({
      protected_paths: filled(protectedPaths),
      tools: permittedTools(role, policy.permissions[role], scope),
      writable_paths: filled(opened),
      made_paths: filled(made),
    }),
  };
}

function requireSandbox(policy: Policy, sandbox: Sandbox): void {
  if (policy.sandbox !== 'require' || sandbox.kind !== 'none') return;
  throw new CcError(
    'NOT_ALLOWED',
    `The policy requires a sandbox, and there is none: ${sandbox.why}.`,
    {
      hint: 'Install bubblewrap (Debian, Ubuntu: apt-get install bubblewrap), or set `sandbox: auto` in policy.yaml.',
    },
  );
}

/** `sandbox_writable` of the policy, as far as it exists. */
function openedBy(policy: Policy, host: Host): string[] {
  const home = host.env.HOME || homedir();
  return policy.sandbox_writable.map((path) => path.replace(/^~(?=\/)/, home)).filter(existsSync);
}

function filled(list: string[]): string[] | undefined {
  return list.length === 0 ? undefined : list;
}
