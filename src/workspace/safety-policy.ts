import * as z from 'zod';
import { ROLES } from '../core/vocabulary.ts';

const patterns = z.array(z.string().min(1).max(1000)).max(200);

/** What workers of a role may have at most. A list that is missing limits nothing; `!x` takes away. */
const permissions = z.strictObject({
  /** Names of Claude Code's tools. */
  tools: patterns.optional(),
  /** As in a scope: exact, `prefix *`, `*`. */
  commands: patterns.optional(),
  /** Globs relative to the project directory. */
  paths: patterns.optional(),
});
export type RolePermissions = z.infer<typeof permissions>;

/** The part of policy.yaml that says what workers are kept from. */
export const safetyFields = {
  /** `auto`: where there is one. `require`: rather no worker than one without. */
  sandbox: z.enum(['auto', 'require', 'off']).default('auto'),
  /** Directories outside of projects that a sandboxed worker may write, such as caches; `~` is the home. */
  sandbox_writable: z
    .array(z.string().regex(/^(?:\/|~\/)/))
    .max(50)
    .default([]),
  /** Globs relative to the project directory that no worker may change, beside the built-in ones. */
  protected_paths: z.array(z.string().min(1).max(500)).max(200).default([]),
  permissions: z.partialRecord(z.enum(ROLES), permissions).default({}),
};
