import { digestOf } from '../core/ids.ts';

/**
 * `current`: our section is there already, as it is to be. Of a removal: `removed`, the section;
 * `deleted`, the file; `edited`, somebody has changed the section, so it stays unless forced.
 */
export const GUIDANCE_STATES = [
  'created',
  'added',
  'updated',
  'replaced',
  'current',
  'removed',
  'deleted',
  'edited',
] as const;
export type GuidanceState = (typeof GUIDANCE_STATES)[number];

/** Lines that enclose what is ours in somebody else's file; each stands alone on its line. */
export const BEGIN = '<!-- cc-orchestrator:begin';
export const END = '<!-- cc-orchestrator:end -->';

const ABOUT = '(written by write-claude-md, which replaces what is between these lines)';

/** The same for every project, so that an unchanged version writes an unchanged section. */
const SECTION = `## Delegated work (cc-orchestrator)

- \`.agent-workspace/\` holds the records of delegated runs. Do not edit, move or commit it, and put nothing of your own there.
- Worker (cc-orchestrator started you): do the task you were given and nothing beside it. Change only what its scope allows; a refusal is an answer, not an obstacle. No commit and no push unless the task says so. Never weaken, skip or delete a test to make it pass. End with what you changed, how you checked it, and what is still open.
- Controller (you start workers with \`cc_run_agent\` or \`cc_run_streaming_agent\`): one task per run, with a scope and a command that checks it. Wait with \`cc_wait_runs\`. Accept on \`cc_verify_run\` and the diff, never on what a worker says of itself.`;

/**
 * What the file was before the section came: `new`, not there; `unended`, without an end of its last line.
 * It is in the first marker and not in a record of this user, because the file goes to other machines.
 */
const ORIGINS = ['new', 'unended'] as const;
export type Origin = (typeof ORIGINS)[number] | undefined;

export function guidanceBlock(eol: string, origin?: Origin): string {
  const facts = [markOf(SECTION), ...(origin === undefined ? [] : [origin])].join(' ');
  return [`${BEGIN} ${ABOUT} ${facts} -->`, SECTION, END, ''].join('\n').replaceAll('\n', eol);
}

/** What the first marker tells; of one without facts nothing is known. */
export function markedOrigin(beginLine: string): Origin {
  return ORIGINS.find((origin) => origin === FACTS.exec(beginLine)?.[2]);
}

/** Whether what is between the markers is what was written there, by this version or another. */
export function isAsWritten(beginLine: string, body: string): boolean {
  const digest = FACTS.exec(beginLine)?.[1] ?? markOf(SECTION);
  return markOf(body.replaceAll('\r\n', '\n').replace(/\n$/, '')) === digest;
}

const FACTS = / ([0-9a-f]{12})(?: (\w+))? -->/;

function markOf(text: string): string {
  return digestOf(text).slice(0, 12);
}
