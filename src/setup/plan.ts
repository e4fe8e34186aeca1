import type { Host } from '../workspace/host.ts';
import type { FoundClient } from './clients.ts';
import type { Installation } from './installation.ts';
import type { Client, Scope } from './names.ts';
import { type Owned, settled } from './receipt.ts';
import type { Target } from './target.ts';

/** A file as it is and as it will be; `undefined` is a file that is not there. */
export type FileChange = {
  kind: 'file';
  client: Client;
  path: string;
  real: string;
  before: Buffer | undefined;
  after: Buffer | undefined;
  diff: string;
  /** A file of the skill: what comes is a copy of this, what goes is as we wrote it. */
  copyOf?: string;
  /** More than `diff` shows changes, and this is why it tells nothing. */
  whole?: string;
};

/** The text of a file as it will be; `undefined`: it goes. */
export function fileChange(
  client: Client,
  { path, real, bytes }: Target,
  after: string | undefined,
  diff: string,
): FileChange {
  return {
    kind: 'file',
    client,
    path,
    real,
    before: bytes,
    after: after === undefined ? undefined : Buffer.from(after, 'utf8'),
    diff,
  };
}

/** What only the client itself may write: its own commands, run in order. */
export type CommandChange = {
  kind: 'command';
  client: Client;
  /** The file the commands change. */
  path: string;
  before: Buffer | undefined;
  file: string;
  commands: string[][];
  /** The entry must be this afterwards, undefined for gone. */
  expected: Record<string, unknown> | undefined;
  diff: string;
};

export type Change = FileChange | CommandChange;

/** What a person should know beside the changes; `kept` is something of theirs that was left alone. */
export type Note = { level: 'info' | 'kept' | 'warn'; client: Client; text: string; fix?: string };

/** One thing of one client: what is to be done, and what is owned afterwards. */
export type Part = {
  changes: Change[];
  notes: Note[];
  /** Owned afterwards; with `gone` no longer. */
  owned?: Owned;
  /** As the file is left now, uninstall may put the whole of it back: note how that is. */
  restorable?: true;
  gone?: { client: Client; path: string };
};

export type SetupOptions = {
  clients: readonly Client[] | 'all';
  scope: Scope;
  /** Let clients start and end workers unasked; undefined: as before, else no. */
  approve?: boolean | undefined;
  /** Let Codex wait for servers that start slowly (a setting of the user's, not of ours). */
  startupGrace?: boolean | undefined;
  /** Put our entry and skill in place of what the user has changed. */
  replace: boolean;
};

/** Everything a part is planned from. */
export type Setting = {
  host: Host;
  installation: Installation;
  client: FoundClient;
  scope: Scope;
  /** Top of the project, for the scope `project`. */
  project: string;
  owned: readonly Owned[];
  options: SetupOptions;
  /** Where copies of what is changed will lie. */
  backups: string;
};

/** All is as it should be; what an earlier call could not finish is noted as finished. */
export function nothingToDo(owned: Owned | undefined): Part {
  const isCut = owned?.former !== undefined;
  return { changes: [], notes: [], ...(isCut ? { owned: settled(owned) } : {}) };
}

export function ownedAt(owned: readonly Owned[], client: Client, path: string): Owned | undefined {
  return owned.find((entry) => entry.client === client && entry.path === path);
}

/** How to run setup again for one client. */
function setupCommand({ client, scope }: Pick<Setting, 'client' | 'scope'>, flags = ''): string {
  const project = scope === 'project' ? ' --scope project' : '';
  return `cc-orchestrator setup --client ${client.client}${project}${flags === '' ? '' : ` ${flags}`}`;
}

/** Something of the user's stays, and how to have ours all the same. */
export function keptNote(setting: Setting, path: string, what: string): Note {
  return {
    level: 'kept',
    client: setting.client.client,
    text: `${path}: ${what} is yours, or you have changed it; it stays as it is.`,
    fix: setupCommand(setting, '--replace'),
  };
}

/** Ours goes although it was changed, because it would lead nowhere; the change is not lost. */
export function changedSince({ client, backups }: Setting, path: string): Note {
  return {
    level: 'warn',
    client: client.client,
    text: `${path}: our entry was changed after setup. It is removed all the same; the file as it was is in ${backups}.`,
  };
}
