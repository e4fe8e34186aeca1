import { toErrorFacts } from '../../core/errors.ts';
import { applyParts } from '../../setup/apply.ts';
import { newBackups } from '../../setup/backup.ts';
import { claudeConfigPath, planClaudeConfig } from '../../setup/claude-config.ts';
import { onPath } from '../../setup/clients.ts';
import { codexConfigPath, planCodexConfig } from '../../setup/codex-config.ts';
import { entryIn } from '../../setup/inspect.ts';
import { CLIENTS, SCOPES } from '../../setup/names.ts';
import type { Part, Setting } from '../../setup/plan.ts';
import { settingsOf } from '../../setup/setup.ts';
import type { Host } from '../../workspace/host.ts';
import { repairEntry } from './entry.ts';
import type { OtherServer } from './others.ts';
import { planProjectRepair } from './project-file.ts';

export type RepairedFile = {
  path: string;
  /** `kept`: something is wrong with an entry of the user's own; `hint` says how to replace it. */
  state: 'ok' | 'repair' | 'kept' | 'unreadable';
  problems?: string[];
  diff?: string;
  hint?: string;
};

export type Repair = {
  files: RepairedFile[];
  /** Servers of others in the project's file that cannot start; never changed. */
  others: OtherServer[];
  backups?: string;
};

/**
 * Looks at every file in which Codex and Claude Code would find our server here, and repairs what
 * points nowhere: in the project's `.mcp.json` any entry of ours, elsewhere those that setup owns.
 */
export async function repairEntries(
  host: Host,
  project: string,
  { apply }: { apply: boolean },
): Promise<Repair> {
  const files: RepairedFile[] = [];
  const others: OtherServer[] = [];
  const parts: Part[] = [];
  for (const scope of SCOPES) {
    const options = { clients: CLIENTS, scope, replace: false };
    const { settings } = await settingsOf(host, project, options, { absent: true });
    for (const setting of settings) {
      const path = pathOf(setting);
      // Where the home is the project, both scopes name one file.
      if (files.some((file) => file.path === path)) continue;
      try {
        const found = await planFile(setting, path, others);
        if (found === undefined) continue;
        files.push(found.file);
        if (found.part !== undefined) parts.push(found.part);
      } catch (error) {
        const { message, hint } = toErrorFacts(error);
        const told = hint === undefined ? {} : { hint };
        files.push({ path, state: 'unreadable', problems: [message], ...told });
      }
    }
  }
  if (!apply || parts.length === 0) return { files, others };
  const backups = newBackups(host);
  const { backedUp } = await applyParts(host, parts, backups);
  return { files, others, ...(backedUp > 0 ? { backups } : {}) };
}

function pathOf(setting: Setting): string {
  return setting.client.client === 'codex' ? codexConfigPath(setting) : claudeConfigPath(setting);
}

type Found = { file: RepairedFile; part?: Part };

async function planFile(
  setting: Setting,
  path: string,
  others: OtherServer[],
): Promise<Found | undefined> {
  const isOnPath = (name: string) => onPath(setting.host.env, programNames(name)) !== undefined;
  const isProjects = setting.scope === 'project' && setting.client.client === 'claude';
  const own = isProjects
    ? await planProjectRepair(setting.project, setting.installation, isOnPath)
    : undefined;
  if (isProjects && own === undefined) return undefined;
  others.push(...(own?.others ?? []));
  const entry = await entryIn(setting.client, path);
  if (entry === undefined) return own === undefined ? undefined : toFile(path, own);
  const { problems } = repairEntry(entry, setting.installation.server, isOnPath);
  const part = await planSetupsOwn(setting);
  if (part.changes.length > 0) {
    const what = problems.length > 0 ? problems : ['it was written by another version'];
    return toFile(path, { problems: what, part });
  }
  if (own !== undefined) return toFile(path, own);
  if (problems.length === 0) return { file: { path, state: 'ok' } };
  const hint = part.notes.find(({ level }) => level === 'kept')?.fix;
  return { file: { path, state: 'kept', problems, ...(hint === undefined ? {} : { hint }) } };
}

/** What setup would do with an entry that is there: bring its own up to date, or keep the user's. */
function planSetupsOwn(setting: Setting): Promise<Part> {
  return setting.client.client === 'codex' ? planCodexConfig(setting) : planClaudeConfig(setting);
}

function toFile(path: string, { problems, part }: { problems: string[]; part?: Part }): Found {
  if (part === undefined) {
    if (problems.length === 0) return { file: { path, state: 'ok' } };
    const hint = 'cc-orchestrator setup --client claude --scope project';
    return { file: { path, state: 'kept', problems, hint } };
  }
  const diff = part.changes.map((change) => change.diff).join('\n');
  return { file: { path, state: 'repair', problems, diff }, part };
}

function programNames(name: string): string[] {
  return process.platform === 'win32' ? [name, `${name}.exe`, `${name}.cmd`] : [name];
}
