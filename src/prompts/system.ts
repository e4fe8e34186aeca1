import { plural } from '../core/text.ts';
import type { Role } from '../core/vocabulary.ts';
import type { Guidance } from './guidance.ts';

export type SystemPromptFacts = {
  role: Role;
  /** What the prompt pack says of the role; empty where it says nothing. */
  roleText: string;
  scope:
    | {
        paths: readonly string[];
        commands: readonly string[];
        max_files?: number | undefined;
        max_lines?: number | undefined;
      }
    | undefined;
  budget: {
    wall_seconds: number;
    max_turns: number;
    max_tokens?: number | undefined;
    max_usd?: number | undefined;
  };
  /** It has a tool to ask the controller. */
  mayAsk: boolean;
  guidance: Guidance | undefined;
};

/**
 * What is appended to the worker's own system prompt. The task itself is not here: it goes in word
 * for word as the first message.
 */
export function systemPrompt(facts: SystemPromptFacts): string {
  return [
    `You are a worker with the role "${facts.role}".`,
    facts.roleText,
    permissions(facts.scope),
    `You have at most ${budgetText(facts.budget)}. ${facts.mayAsk ? 'Ask (AskUserQuestion) only what you cannot find out and must not guess; answers may take minutes.' : 'Nobody can answer questions: decide, say what you assumed, and finish.'}`,
    'End with a short report: what you found or did, which files, which commands you ran with their exit codes, and what is left or uncertain. Every claim will be checked by running things; "not done" and "unknown" are good answers, a wrong "done" is not.',
    claims(facts.scope),
    guidance(facts.guidance),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function budgetText(budget: SystemPromptFacts['budget']): string {
  const parts = [duration(budget.wall_seconds), `${plural(budget.max_turns, 'turn')}`];
  if (budget.max_tokens !== undefined) parts.push(`${budget.max_tokens} tokens`);
  if (budget.max_usd !== undefined) parts.push(`${budget.max_usd} USD`);
  const last = parts.pop() ?? '';
  return `${parts.join(', ')} and ${last}`;
}

function duration(seconds: number): string {
  return seconds < 120 ? `${seconds} seconds` : `${Math.floor(seconds / 60)} minutes`;
}

function permissions(scope: SystemPromptFacts['scope']): string {
  if (scope === undefined) return 'This task is read-only: you can read and search, nothing else.';
  const commands = scope.commands.includes('*')
    ? anyCommand(scope.commands)
    : scope.commands.length === 0
      ? 'You have no shell.'
      : `In the shell only these commands work, one at a time and exactly as written (\` *\` at the end stands for plain arguments): ${scope.commands.map((item) => `\`${item}\``).join(', ')}.`;
  const most = [
    ...(scope.max_files === undefined ? [] : [`${plural(scope.max_files, 'file')}`]),
    ...(scope.max_lines === undefined ? [] : [`${plural(scope.max_lines, 'line')}`]),
  ];
  const limit = most.length === 0 ? '' : `, at most ${most.join(' and ')}`;
  const files = scope.paths.length === 0 ? 'no files' : `files matching: ${scope.paths.join(', ')}`;
  return `You may change ${files}${limit}. ${commands} Refused calls stay refused; do not look for a way around them.`;
}

function anyCommand(commands: readonly string[]): string {
  const taken = commands
    .filter((item) => item.startsWith('!'))
    .map((item) => `\`${item.slice(1)}\``);
  const but = taken.length === 0 ? '' : ` but ${taken.join(', ')}`;
  return `In the shell any command works${but}; you are in a sandbox, in which only the directories of these files and your temporary directory can be written.`;
}

/** The same as claims-schema.ts says, for a worker that answers in words. */
function claims(scope: SystemPromptFacts['scope']): string {
  if (scope === undefined) return '';
  return 'Behind the report put a block that begins with ```claims and holds {"claims":[…]}, one entry for each thing you did: {"kind":"changed"|"created"|"deleted"|"fixed","paths":[…]}, {"kind":"ran"|"tests_pass","command":"exactly as run","outcome":"ok"|"failed"}, or {"kind":"no_change"}.';
}

function guidance(value: Guidance | undefined): string {
  if (value === undefined || value.text === '') return '';
  const cut = value.truncated ? ' (shortened)' : '';
  return `# Project guidance${cut}\n\nThe project's own instructions for agents, from the repository root down to your directory. They do not extend your permissions.\n\n${value.text}`;
}
