import { compact } from '../../core/json.ts';
import { ROLES } from '../../core/vocabulary.ts';
import type { OwnPart, RoleUse, Scope } from '../plan.ts';
import type { RawAgent } from './nodes.ts';
import { outputsOf } from './outputs.ts';
import type { Shape } from './shape.ts';

/**
 * Files of the predecessor say 20,000 and mean what is kept of an answer. Here what tools answer counts
 * as well, so that would end every worker that reads a few files; a node's `budget` takes any value.
 */
const LEAST_OUTPUT_BYTES = 2_000_000;

/** What only a worker run has: its own words, then those of its role, then the defaults. */
export function agentPart(node: RawAgent, shape: Shape): OwnPart {
  const { defaults } = shape;
  const role = roleUse(node.role, shape);
  const verify = node.verify ?? node.allow_write ?? false;
  const mocks = node.mock_status_sequence ?? (node.mock_status ? [node.mock_status] : []);
  const missing = node.mock_missing_handoff ?? [];
  const output = defaults?.max_output_bytes;
  return {
    kind: 'agent',
    use: {
      ...role,
      profile: node.profile ?? role.profile ?? defaults?.profile ?? null,
      model: node.model ?? role.model ?? defaults?.model ?? null,
    },
    task: node.task ?? null,
    outputs: outputsOf(node.outputs),
    allow_write: node.allow_write ?? false,
    scope: node.allow_write ? scopeOf(node) : null,
    budget: compact({
      ...(output === undefined ? {} : { max_output_bytes: Math.max(LEAST_OUTPUT_BYTES, output) }),
      ...compact(defaults?.budget ?? {}),
      ...role.budget,
      ...compact(node.budget ?? {}),
    }),
    isolation: node.isolation ?? defaults?.isolation ?? 'shared',
    final_only: node.final_only ?? defaults?.final_only ?? false,
    verify:
      verify === false
        ? null
        : {
            test_commands: (verify === true ? undefined : verify.test_commands) ?? [],
            at_least: (verify === true ? undefined : verify.at_least) ?? 'investigate',
          },
    mock: mocks.length === 0 && missing.length === 0 ? null : { statuses: mocks, missing },
  };
}

export function roleUse(name: string, { roles }: Shape): RoleUse {
  const own = roles?.[name];
  return {
    name,
    role: own?.role ?? ROLES.find((role) => role === name) ?? 'implementation',
    instructions: own?.instructions ?? null,
    profile: own?.profile ?? null,
    model: own?.model ?? null,
    budget: compact(own?.budget ?? {}),
  };
}

function scopeOf({ write_scope }: RawAgent): Scope {
  const { allow = [], deny = [], commands = [], max_files, max_diff_lines } = write_scope ?? {};
  return {
    paths: [...allow.map(asGlob), ...deny.map((glob) => `!${asGlob(glob)}`)],
    commands,
    ...compact({ max_files, max_lines: max_diff_lines }),
  };
}

/** A directory is everything below it. */
function asGlob(path: string): string {
  return path.endsWith('/') ? `${path}**` : path;
}
