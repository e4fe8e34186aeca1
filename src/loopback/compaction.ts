/**
 * A conversation that its client compacts loses its opening and its turns. The summary we answer
 * carries what step choice needs, so that the script goes on as if nothing had happened. The tags are
 * for Claude Code 2.1.329, which asks a second time for a summary without them.
 */
export function summaryFor(script: string, step: number, opening: string): string {
  return `<summary>\n${opening.slice(0, 500)}\n[loopback script=${script} step=${step}]\n</summary>`;
}

const MARK = /\[loopback script=([\w.-]+) step=(\d+)\]/g;

/** The script and the number of model turns that a compacted opening stands for (newest summary). */
export function inherited(opening: string): { script: string; step: number } | undefined {
  const found = [...opening.matchAll(MARK)].at(-1);
  if (found?.[1] === undefined || found[2] === undefined) return undefined;
  return { script: found[1], step: Number(found[2]) };
}
