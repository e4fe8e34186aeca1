import { claudeConfigPath, planClaudeRemoval } from './claude-config.ts';
import { codexConfigPath, planCodexRemoval } from './codex-config.ts';
import { entryIn } from './inspect.ts';
import { ownedAt, type Part, type Setting } from './plan.ts';
import type { Owned } from './receipt.ts';
import { planSkillRemoval } from './skill.ts';

/** Takes away one thing that is on record. */
export function removalOf(setting: Setting, owned: Owned): Promise<Part> {
  if (owned.kind === 'skill') return planSkillRemoval(setting, owned);
  return owned.client === 'codex'
    ? planCodexRemoval(setting, owned)
    : planClaudeRemoval(setting, owned);
}

/** Where an entry of the client may stand in this scope; undefined where setup has it on record. */
export function unrecordedPath(setting: Setting): string | undefined {
  const { client } = setting.client;
  const path = client === 'codex' ? codexConfigPath(setting) : claudeConfigPath(setting);
  return ownedAt(setting.owned, client, path) === undefined ? path : undefined;
}

/**
 * Takes away our entry in a file of which there is no record, and `pieces` of the text beside it, as a
 * record has them; undefined where there is no entry.
 */
export async function removalOfUnrecorded(
  setting: Setting,
  path: string,
  pieces: readonly string[],
): Promise<Part | undefined> {
  const { client } = setting.client;
  const value = await entryIn(setting.client, path);
  if (value === undefined) return undefined;
  // A record without pieces is one of an entry that Claude Code's own command made, and takes out again.
  const isOfCommand = client === 'claude' && setting.scope === 'user';
  const { changes } = await removalOf(setting, {
    client,
    kind: 'config',
    path,
    created: false,
    created_dirs: [],
    value: { ...value },
    ...(isOfCommand ? {} : { pieces: [...pieces] }),
  });
  return { changes, notes: [] };
}
