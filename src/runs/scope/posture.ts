import type { Sandbox } from '../../proc/sandbox.ts';
import { ANY_COMMAND } from '../../workers/claude/allowed-commands.ts';
import type { Posture, RunRecord } from '../record.ts';
import type { Reach } from './reach.ts';

export type PostureFacts = {
  scope: RunRecord['scope'];
  sandbox: Sandbox;
  reach: Reach;
  root: string;
  /** Directories outside of the project that the policy opens. */
  opened: readonly string[];
  officialLogin: boolean;
};

const SHOWN_DIRECTORIES = 5;

/** Both are processes of the same user. */
const ITSELF =
  'itself: a command can reach into the worker and forge what it reports, and end processes of yours';

/**
 * The controller can allow a worker that asks more than its scope says, so the sandbox must be open for
 * it; beside a shell that would open it for everything, and such a worker cannot be allowed more files.
 */
export function mayBeAllowedMore(run: Pick<RunRecord, 'scope' | 'ask'>): boolean {
  return run.scope !== null && run.ask !== undefined && shellOf(run.scope) === 'none';
}

/** What really holds a worker, and in plain words what that does not see. */
export function postureOf(facts: PostureFacts): Posture {
  const { sandbox, scope } = facts;
  const shell = shellOf(scope);
  if (sandbox.kind !== 'none') {
    return { sandbox: sandbox.kind, shell, blind: shell === 'none' ? [] : blindSandbox(facts) };
  }
  return { sandbox: 'none', why_none: sandbox.why, shell, blind: blindWithout(shell) };
}

export function shellOf(scope: RunRecord['scope']): Posture['shell'] {
  const given = scope?.commands.filter((command) => !command.startsWith('!')) ?? [];
  if (given.length === 0) return 'none';
  return given.includes(ANY_COMMAND) ? 'any' : 'listed';
}

function blindSandbox({ reach, root, opened, officialLogin, sandbox }: PostureFacts): string[] {
  const lines = [
    'network: open, the model is reached through it; a service that acts for its callers is not held',
    'reading: a command can read what you can, except the private store of cc-orchestrator',
    'hard links: a file in scope that has a second name outside changes there, too',
    ITSELF,
  ];
  if (reach.coarse.length > 0) {
    lines.push(
      `globs: a command can change or add more in ${shown(reach.coarse, root)} than the globs name; that is found at the end`,
    );
  }
  if (reach.writable.length + reach.files.length > 0) {
    lines.push(
      'protected names: those that do not exist yet, deeper than the top, can be created; found at the end',
    );
  }
  if (opened.length > 0) lines.push(`sandbox_writable: ${opened.join(', ')} can be changed unseen`);
  if (officialLogin) {
    lines.push('your login: ~/.claude and ~/.claude.json stay writable, the CLI renews it there');
  }
  if (sandbox.kind === 'seatbelt') lines.push('macOS: this sandbox has not been tested');
  return lines;
}

function blindWithout(shell: Posture['shell']): string[] {
  const hook = 'no second guard: file tools are held by the hook in Claude Code alone';
  if (shell === 'none') return [hook];
  return [
    'commands: an allowed one can change whatever you can: in the project that is found at the end, elsewhere (home, /tmp, other projects, the records of cc-orchestrator) it is not seen at all',
    'what commands run: scripts, tests and configuration can be changed by the worker first',
    ITSELF,
    hook,
  ];
}

/** One line for who starts a run, where something that matters is not held; else nothing. */
export function postureNote({ sandbox, why_none, shell }: Posture): string | undefined {
  if (sandbox !== 'none' || shell === 'none') return undefined;
  return `no sandbox (${why_none ?? 'unknown'}): its commands can write anywhere`;
}

function shown(directories: readonly string[], root: string): string {
  const names = directories.map((path) =>
    path === root
      ? 'the project'
      : path.startsWith(`${root}/`)
        ? path.slice(root.length + 1)
        : path,
  );
  const more = names.length - SHOWN_DIRECTORIES;
  return `${names.slice(0, SHOWN_DIRECTORIES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
