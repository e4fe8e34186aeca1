import type { SourceEnvironment } from './environment.ts';
import { openGit } from './git.ts';

/** Makes a repository of a directory of ours and commits all of it, whatever the user's git is told. */
export async function firstCommit(
  directory: string,
  env: SourceEnvironment,
  { email, message }: { email: string; message: string },
): Promise<void> {
  const git = await openGit(directory, { env });
  await git.run(['init', '--quiet', '--initial-branch=main', '--template=']);
  for (const [key, value] of [
    ['user.name', 'cc-orchestrator'],
    ['user.email', email],
    ['core.autocrlf', 'false'],
  ] as const) {
    await git.run(['config', '--local', key, value]);
  }
  await git.run(['add', '--all']);
  await git.run(['commit', '--quiet', `--message=${message}`]);
}
