import { neutralise } from '../core/text.ts';
import { CLIENT_TITLES } from '../setup/names.ts';
import type { Change, Note } from '../setup/plan.ts';
import { quoted } from '../setup/quote.ts';
import type { SetupPlan } from '../setup/setup.ts';

type Command = 'setup' | 'uninstall';

/** Everything a plan would do: what was found, each change as a diff, what stays and why. */
export function renderPlan(command: Command, plan: SetupPlan): string {
  const changes = plan.parts.flatMap((part) => part.changes);
  const lines = [
    ...plan.clients.map(
      ({ client, present, version, binary, home }) =>
        `${CLIENT_TITLES[client]}: ${present ? `${version ?? 'unknown version'} (${binary ?? 'no program found'}), ${home}` : 'not found'}`,
    ),
    '',
    ...changes.flatMap((change) => [...heading(change), ...body(change), '']),
    ...plan.notes.flatMap(noteLines),
  ];
  if (changes.length === 0) {
    lines.push(
      command === 'setup' ? 'Nothing to do: all is as it should be.' : 'Nothing to take away.',
    );
  }
  return neutralise(`${lines.join('\n')}\n`);
}

export function renderReport(
  plan: SetupPlan,
  report: {
    command: Command;
    dryRun: boolean;
    written: boolean;
    backedUp: number;
    home: string;
    program: string | undefined;
  },
): string {
  const lines: string[] = [];
  if (report.dryRun) lines.push('Nothing was written (--dry-run).');
  else if (report.written) {
    lines.push('Written.');
    if (report.backedUp > 0) lines.push(`Copies of what was there: ${plan.backups}`);
    lines.push(
      ...(report.command === 'setup'
        ? ['Start a new session of the client, then: cc-orchestrator doctor']
        : [
            `Left, because it is yours: ${report.home} (policy, profiles, private records, backups) and .agent-workspace in your projects.`,
            `To remove that too: rm -r ${quoted(report.home)}`,
          ]),
    );
  }
  if (report.program !== undefined) lines.push(report.program);
  return lines.length === 0 ? '' : `${neutralise(lines.join('\n'))}\n`;
}

function heading(change: Change): string[] {
  if (change.kind === 'command') {
    return [
      `~ ${change.path}, by Claude Code itself:`,
      ...change.commands.map((args) => `  $ claude ${args.map(quoted).join(' ')}`),
    ];
  }
  if (change.before === undefined) return [`+ ${change.path}${linked(change)}`];
  return [`${change.after === undefined ? '-' : '~'} ${change.path}${linked(change)}`];
}

function linked({ path, real }: { path: string; real: string }): string {
  return path === real ? '' : ` -> ${real}`;
}

/** A copy of a file that everybody can read needs no repetition. */
function body(change: Change): string[] {
  if (change.kind === 'file' && change.whole !== undefined) {
    const what = change.after === undefined ? 'the file goes' : 'the file of before comes back';
    return [`  ${what}, ${change.whole}; of the entries only ours:`, shown(change.diff)];
  }
  if (change.kind === 'command' || change.copyOf === undefined) return [shown(change.diff)];
  if (change.after === undefined) return ['  removed; it is as setup wrote it'];
  return [`  a copy of ${change.copyOf} (${change.after.length} bytes)`];
}

function shown(diff: string): string {
  return diff
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
}

function noteLines({ level, text, fix }: Note): string[] {
  const mark = { info: 'note', kept: 'kept', warn: 'warning' }[level];
  return [`${mark}: ${text}`, ...(fix === undefined ? [] : [`  -> ${fix}`]), ''];
}
