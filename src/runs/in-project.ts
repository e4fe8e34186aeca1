/**
 * A target of a tool call as people read it: paths inside the project without the project's own path,
 * which every reader knows and pays for.
 */
export function inProject(root: string, target: string): string {
  if (root === '') return target;
  return target.replaceAll(`${root}/`, '').replaceAll(`${root}\\`, '');
}
