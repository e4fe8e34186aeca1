/** Lines that enclose what is ours in somebody else's file; each stands alone on its line. */
export const BEGIN =
  '<!-- cc-orchestrator:begin (written by write-claude-md, which replaces what is between these lines) -->';
export const END = '<!-- cc-orchestrator:end -->';

/** The same for every project, so that an unchanged version writes an unchanged section. */
const SECTION = `## Delegated work (cc-orchestrator)

- \`.agent-workspace/\` holds the records of delegated runs. Do not edit, move or commit it, and put nothing of your own there.
- Worker (cc-orchestrator started you): do the task you were given and nothing beside it. Change only what its scope allows; a refusal is an answer, not an obstacle. No commit and no push unless the task says so. Never weaken, skip or delete a test to make it pass. End with what you changed, how you checked it, and what is still open.
- Controller (you start workers with \`cc_run_agent\` or \`cc_run_streaming_agent\`): one task per run, with a scope and a command that checks it. Wait with \`cc_wait_runs\`. Accept on \`cc_verify_run\` and the diff, never on what a worker says of itself.`;

export function guidanceBlock(eol: string): string {
  return [BEGIN, SECTION, END, ''].join('\n').replaceAll('\n', eol);
}
