/** Our own directory at the root of a project; what is in it is never the project's source. */
export const AGENT_WORKSPACE = '.agent-workspace';

/** Only at the repository's root: a directory of that name deeper down could hide source. */
export function isArtifact(path: string): boolean {
  return path === AGENT_WORKSPACE || path.startsWith(`${AGENT_WORKSPACE}/`);
}
