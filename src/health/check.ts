import { access, constants, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { toErrorFacts } from '../core/errors.ts';
import { plural } from '../core/text.ts';
import { runCommand } from '../proc/command.ts';
import { allowedEnvironment } from '../proc/env.ts';
import { findSandbox } from '../proc/sandbox.ts';
import { profileHostOf } from '../profiles/host-of.ts';
import { listProfiles } from '../profiles/list.ts';
import { readCaps } from '../runs/cost-guard/caps.ts';
import { quoted } from '../setup/quote.ts';
import { compareVersions, MEASURED_CLAUDE, requireClaude } from '../workers/claude/locate.ts';
import type { Host } from '../workspace/host.ts';
import { readPolicy } from '../workspace/policy.ts';
import type { Place } from '../workspace/resolve.ts';

export type Check = {
  name: string;
  status: 'pass' | 'warn' | 'fail';
  detail: string;
  /** What to do, as a command or a sentence. */
  fix?: string;
};

const LOW_DISK_BYTES = 500 << 20;

/** Reads the environment and changes nothing. */
export async function checkHealth(host: Host, place: () => Promise<Place>): Promise<Check[]> {
  return Promise.all([
    check('node', () => nodeVersion()),
    check('claude', () => claude(host)),
    check('git', () => git(host)),
    check('sandbox', () => sandbox(host)),
    check('fifo', () => fifo(host)),
    check('user_home', () => userHome(host)),
    check('policy', () => policy(host)),
    check('caps', () => caps(host)),
    check('profiles', () => profiles(host)),
    check('workspace', () => workspace(place)),
    check('supervisor', () => supervisor(host)),
  ]);
}

export type Finding = Omit<Check, 'name'>;

/** A look that cannot be taken is a finding too. */
export async function check(name: string, look: () => Promise<Finding> | Finding): Promise<Check> {
  try {
    return { name, ...(await look()) };
  } catch (error) {
    const { message, hint } = toErrorFacts(error);
    return { name, status: 'fail', detail: message, ...(hint === undefined ? {} : { fix: hint }) };
  }
}

function nodeVersion(): Finding {
  return { status: 'pass', detail: `Node ${process.versions.node} on ${process.platform}` };
}

async function claude(host: Host): Promise<Finding> {
  const { claude_path } = await readPolicy(host.home).catch(() => ({ claude_path: undefined }));
  const found = await requireClaude(host.env, join(host.home.root, 'cache'), claude_path);
  const detail = `Claude Code ${found.version} at ${found.path} (${found.source})`;
  if (compareVersions(found.version, MEASURED_CLAUDE) >= 0) return { status: 'pass', detail };
  return {
    status: 'warn',
    detail: `${detail}; older than ${MEASURED_CLAUDE}, with which this was tested`,
    fix: 'npm install -g @anthropic-ai/claude-code@latest',
  };
}

async function git(host: Host): Promise<Finding> {
  const result = await runCommand('git', ['--version'], {
    cwd: '/',
    env: allowedEnvironment(host.env),
    timeoutMs: 10_000,
  });
  return { status: 'pass', detail: result.stdout.trim() };
}

async function sandbox(host: Host): Promise<Finding> {
  const { sandbox: mode } = await readPolicy(host.home);
  const found = await findSandbox(mode, host.env);
  if (found.kind !== 'none') return { status: 'pass', detail: `${found.kind} at ${found.file}` };
  return {
    status: mode === 'require' ? 'fail' : 'warn',
    detail: `none: ${found.why}; workers get only shell commands that are named, and these can write anywhere`,
    ...(mode === 'off' ? {} : { fix: 'apt-get install bubblewrap  (Linux; see docs/safety.md)' }),
  };
}

async function fifo(host: Host): Promise<Finding> {
  if (process.platform === 'win32') {
    return {
      status: 'warn',
      detail: 'Windows: a worker ends when its supervisor does (untested platform)',
    };
  }
  await runCommand('mkfifo', ['--version'], {
    cwd: '/',
    env: allowedEnvironment(host.env),
    timeoutMs: 10_000,
  });
  return {
    status: 'pass',
    detail: 'named pipes: a supervisor can be replaced while a worker runs',
  };
}

async function userHome(host: Host): Promise<Finding> {
  const { root } = host.home;
  if (!(await exists(root))) {
    await access(dirname(root), constants.W_OK);
    return { status: 'pass', detail: `${root} (will be created)` };
  }
  await access(root, constants.W_OK);
  const { bavail, bsize } = await statfs(root);
  const mode = (await stat(root)).mode & 0o077;
  if (mode !== 0 && process.platform !== 'win32') {
    return {
      status: 'fail',
      detail: `${root} can be read by others`,
      fix: `chmod 700 ${quoted(root)}`,
    };
  }
  if (bavail * bsize < LOW_DISK_BYTES) {
    return {
      status: 'warn',
      detail: `${root}: less than 500 MB free`,
      fix: 'Free some disk space.',
    };
  }
  return { status: 'pass', detail: root };
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function policy(host: Host): Promise<Finding> {
  const { max_concurrent, budget } = await readPolicy(host.home);
  return {
    status: 'pass',
    detail: `at most ${plural(max_concurrent, 'run')} per profile, ${budget.wall_seconds} s each`,
  };
}

async function caps(host: Host): Promise<Finding> {
  const subjects = Object.keys(await readCaps(host.home));
  return { status: 'pass', detail: subjects.length === 0 ? 'none' : `for ${subjects.join(', ')}` };
}

async function profiles(host: Host): Promise<Finding> {
  const list = await listProfiles(profileHostOf(host));
  const usable = list.profiles.filter((profile) => profile.usable);
  if (usable.length === 0) {
    return {
      status: 'fail',
      detail: `${plural(list.profiles.length, 'profile')}, none usable`,
      fix: 'cc-orchestrator list-profiles --all  (says what each one lacks)',
    };
  }
  const detail = `${usable.length} of ${list.profiles.length} usable: ${usable
    .slice(0, 5)
    .map((profile) => profile.id)
    .join(', ')}`;
  const [warning, ...others] = list.warnings;
  if (warning === undefined) return { status: 'pass', detail };
  return {
    status: 'warn',
    detail: `${detail}; ${warning}`,
    ...(others.length === 0
      ? {}
      : { fix: `cc-orchestrator list-profiles  (says ${others.length} more)` }),
  };
}

async function workspace(place: () => Promise<Place>): Promise<Finding> {
  const found = await place();
  await access(found.workspace.root, constants.W_OK);
  return { status: 'pass', detail: `${found.workspace.root} (from ${found.source})` };
}

async function supervisor(host: Host): Promise<Finding> {
  const [script = ''] = host.supervisor.args;
  await access(script, constants.R_OK);
  return { status: 'pass', detail: script };
}
