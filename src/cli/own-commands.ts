/** A command that is no tool: what only makes sense at a shell. */
export type OwnCommand = {
  name: string;
  summary: string;
  /** What stands behind the name, and what that means; for those that have a help of their own. */
  usage?: string;
  options?: readonly (readonly [flag: string, text: string])[];
  notes?: readonly string[];
};

export const OWN_COMMANDS: readonly OwnCommand[] = [
  {
    name: 'demo',
    summary: 'Watch a real worker fix a failing test, offline, without any key.',
    usage: '[--keep] [--replay] [--json]',
    options: [
      ['--keep', 'Keep the directory it worked in.'],
      ['--replay', 'Show a recorded demo.'],
    ],
  },
  { name: 'selftest', summary: 'Prove the installation offline in a temporary directory.' },
  {
    name: 'setup',
    summary: 'Wire the server and the skill into Codex and Claude Code; previews, backs up, asks.',
    usage: '[--client codex|claude|all] [--scope user|project] [--dry-run] [--yes] …',
    options: [
      ['--client <name>', 'codex, claude or all (those found here); default all.'],
      ['--scope <scope>', 'user (every project) or project (this one); default user.'],
      ['--dry-run', 'Show every change, write nothing.'],
      ['--yes', 'Write without asking.'],
      ['--approve', 'Codex may start and stop workers unasked; --no-approve takes it back.'],
      ['--startup-grace', 'Codex waits up to 5 s for slow servers before its first request.'],
      ['--replace', 'Put ours in place of what you have changed; a backup is kept.'],
      ['--prompt', 'Print a text to paste into Codex that makes it do all this itself.'],
      ['--json', 'The changes as JSON.'],
    ],
    notes: ['Safe to repeat: the second time there is nothing to do.'],
  },
  {
    name: 'doctor',
    summary: 'Check everything: healthcheck, clients, server start, abilities of the CLIs.',
    usage: '[--strict] [--fix [--yes]] [--live] [--json]',
    options: [
      ['--strict', 'A warning fails too.'],
      ['--fix', 'First bring up to date what setup has written, after a preview.'],
      ['--yes', 'With --fix: without asking.'],
      ['--live', 'Also one short conversation with every usable profile; costs some tokens.'],
      ['--json', 'As JSON: {ok, checks: [{name, status, detail, fix}]}.'],
    ],
    notes: [
      'Exit codes: 0 all is well, 1 it is not. Each finding names the command that mends it.',
    ],
  },
  {
    name: 'uninstall',
    summary: 'Take away again what setup has written; your own changes stay.',
    usage:
      '[--client codex|claude|all] [--scope user|project] [--projects] [--dry-run] [--yes] [--json]',
    options: [
      ['--client <name>', 'codex, claude or all; default all.'],
      ['--scope <scope>', 'user (everything) or project (only this one); default user.'],
      ['--projects', 'What projects hold, too (CLAUDE.md, .mcp.json); by default only named.'],
      ['--dry-run', 'Show every change, write nothing.'],
      ['--yes', 'Write without asking.'],
      ['--json', 'The changes as JSON.'],
    ],
    notes: ['Your policy, profiles, records and backups stay; it says where.'],
  },
  {
    name: 'plugin',
    summary: 'Write a plugin of Codex and Claude Code, and say how to install it.',
    usage: '[directory] [--json]',
    notes: ['Default: plugin/ in the user home. Once there it is replaced; clients copy it.'],
  },
  {
    name: 'mcp',
    summary: 'Run the MCP server on stdin and stdout (--toolsets a,b  --read-only).',
  },
  {
    name: 'wait',
    summary: 'Wait until runs have ended, one line each; for a background shell.',
    usage: '[run id …] [--any] [--timeout <seconds>] [--cwd <text>] [--json]',
    options: [
      ['--all', 'Until all have ended; this is the default.'],
      ['--any', 'Until one has ended, or needs an answer.'],
      ['--timeout <seconds>', 'Longest wait; default none.'],
      ['--cwd <text>', 'Project directory.'],
    ],
    notes: [
      'Without run ids: the active runs of the project, and those that ended untold.',
      'With one workflow id: until it is over or waits for a decision.',
      'Exit codes: 0 all succeeded, 1 not all did, 124 the time was up, 130 interrupted.',
    ],
  },
  {
    name: 'watch',
    summary: 'Watch a worker or a workflow live; Ctrl-C leaves, it goes on.',
    usage: '<run or workflow id> [--all] [--cwd <text>]',
    options: [
      ['--all', 'From its beginning; default: its latest lines.'],
      ['--stay', 'Wait for Enter at the end, where its window would close.'],
      ['--cwd <text>', 'Project directory.'],
    ],
    notes: ['Exit codes: 0 it succeeded, 1 it did not, 130 left before its end.'],
  },
];

export function ownCommand(name: string): OwnCommand | undefined {
  return OWN_COMMANDS.find((command) => command.name === name);
}
