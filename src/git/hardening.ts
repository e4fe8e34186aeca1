import { CcError } from '../core/errors.ts';

export type Setting = readonly [key: string, value: string];

/**
 * Proof that our overrides reach git: it must turn up when git lists its configuration. Git before
 * 2.31 ignores GIT_CONFIG_COUNT without a word, and would run everything we believe to be off.
 */
export const MARKER = 'ccorchestrator.hardened';

/**
 * A repository's configuration can name programs, and a worker can write that configuration.
 * These settings outrank every file (system, user, repository, worktree, includes).
 *
 * The user's own configuration stays readable on purpose: it holds `safe.directory`, the answer to
 * "may git look into a directory of another owner", and the user's global ignore file.
 */
export const FIXED_SETTINGS: readonly Setting[] = [
  [MARKER, 'true'],
  ['core.fsmonitor', 'false'],
  ['core.hooksPath', '/dev/null'],
  ['core.pager', 'cat'],
  ['core.editor', ':'],
  ['sequence.editor', ':'],
  ['core.askPass', ''],
  ['core.sshCommand', 'false'],
  ['core.gitProxy', ''],
  ['core.alternateRefsCommand', ':'],
  ['credential.helper', ''],
  ['protocol.allow', 'never'],
  ['diff.external', ''],
  ['interactive.diffFilter', ''],
  ['gpg.program', 'false'],
  ['commit.gpgSign', 'false'],
  ['tag.gpgSign', 'false'],
  ['log.showSignature', 'false'],
  ['merge.verifySignatures', 'false'],
  ['gc.auto', '0'],
  ['maintenance.auto', 'false'],
  // A submodule has a configuration of its own, which nobody has looked at: never start git in it.
  ['submodule.recurse', 'false'],
  ['fetch.recurseSubmodules', 'false'],
  ['status.submoduleSummary', 'false'],
  ['diff.submodule', 'short'],
  ['diff.ignoreSubmodules', 'dirty'],
  // A directory of objects and a config file inside the project is not a repository we asked for.
  ['safe.bareRepository', 'explicit'],
  // Settings that would let a change go unnoticed.
  ['core.trustctime', 'true'],
  ['core.checkStat', 'default'],
  ['core.ignoreStat', 'false'],
  ['core.untrackedCache', 'false'],
  ['core.quotePath', 'false'],
];

/** Keys whose middle part is a free name (`s`: a carriage return is allowed in it). */
const BY_NAME: readonly (readonly [pattern: RegExp, value: string])[] = [
  [/^filter\..*\.(?:clean|smudge|process)$/s, ''],
  [/^filter\..*\.required$/s, 'false'],
  [/^diff\..*\.(?:command|textconv)$/s, ''],
  [/^diff\..*\.cachetextconv$/s, 'false'],
  [/^(?:difftool|mergetool|browser|man|guitool)\..*\.(?:cmd|path)$/s, 'false'],
  [/^(?:tar|trailer)\..*\.(?:command|cmd)$/s, 'false'],
  [/^merge\..*\.driver$/s, 'false'],
  [/^credential\..*\.helper$/s, ''],
  [/^gpg\..*\.(?:program|defaultkeycommand)$/s, 'false'],
  [/^pager\..+$/s, 'false'],
  [/^alias\..+$/s, ''],
  [/^submodule\..*\.update$/s, 'none'],
  [/^remote\..*\.(?:uploadpack|receivepack)$/s, 'false'],
  [/^remote\..*\.promisor$/s, 'false'],
  [/^hook\..*\.(?:command|event)$/s, ''],
  [/^hook\..*\.enabled$/s, 'false'],
];
const HOOK_NAME = /^(hook\..*)\.(?:command|event)$/s;

// More is no repository of a person, and would not fit into an environment.
const MAX_NAMED = 2_000;

/** The overrides for the keys one repository really has (`git config --list --name-only -z`). */
export function settingsFor(keyList: Buffer): Setting[] {
  const settings = new Map<string, string>();
  for (const key of namesIn(keyList)) {
    const rule = BY_NAME.find(([pattern]) => pattern.test(key));
    if (rule === undefined) continue;
    // The environment carries UTF-8 only, so this name could not be overridden: refuse, do not hope.
    if (key.includes('\ufffd')) throw notOverridable('has a driver name that is not valid UTF-8');
    settings.set(key, rule[1]);
    const hook = HOOK_NAME.exec(key)?.[1];
    if (hook !== undefined) settings.set(`${hook}.enabled`, 'false');
  }
  if (settings.size > MAX_NAMED) throw notOverridable(`sets more than ${MAX_NAMED} program names`);
  return [...FIXED_SETTINGS, ...settings];
}

export function isHardened(keyList: Buffer): boolean {
  return namesIn(keyList).includes(MARKER);
}

function namesIn(keyList: Buffer): string[] {
  return keyList.toString('utf8').split('\0');
}

function notOverridable(what: string): CcError {
  return new CcError('NOT_ALLOWED', `The git configuration of this repository ${what}.`, {
    hint: 'Look at `git config --list --show-origin` and remove the entries that start programs.',
  });
}
