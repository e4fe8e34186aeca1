import { describe, expect, it } from 'vitest';
import { ROLES } from '../../src/core/vocabulary.ts';
import { roleText } from '../../src/prompts/pack/role-text.ts';
import { type SystemPromptFacts, systemPrompt } from '../../src/prompts/system.ts';

const facts = (fields: Partial<SystemPromptFacts> = {}): SystemPromptFacts => ({
  role: 'review',
  roleText: 'Review sceptically.',
  scope: undefined,
  budget: { wall_seconds: 900, max_turns: 100 },
  mayAsk: false,
  guidance: undefined,
  ...fields,
});

describe('the system prompt', () => {
  it('of a read-only task', () => {
    expect(systemPrompt(facts())).toMatchInlineSnapshot(`
      "You are a worker with the role "review".

      Review sceptically.

      This task is read-only: you can read and search, nothing else.

      You have at most 15 minutes and 100 turns. Nobody can answer questions: decide, say what you assumed, and finish.

      End with a short report: what you found or did, which files, which commands you ran with their exit codes, and what is left or uncertain. Every claim will be checked by running things; "not done" and "unknown" are good answers, a wrong "done" is not."
    `);
  });

  it('of a write task with commands and guidance', () => {
    expect(
      systemPrompt(
        facts({
          role: 'implementation',
          roleText: 'Make the change.',
          scope: { paths: ['src/**', 'test/**'], commands: ['npm test', 'git diff *'] },
          budget: { wall_seconds: 90, max_turns: 5 },
          guidance: { text: '## AGENTS.md\n\nUse tabs.', files: ['AGENTS.md'], truncated: true },
        }),
      ),
    ).toMatchInlineSnapshot(`
      "You are a worker with the role "implementation".

      Make the change.

      You may change files matching: src/**, test/**. In the shell only these commands work, one at a time and exactly as written (\` *\` at the end stands for plain arguments): \`npm test\`, \`git diff *\`. Refused calls stay refused; do not look for a way around them.

      You have at most 90 seconds and 5 turns. Nobody can answer questions: decide, say what you assumed, and finish.

      End with a short report: what you found or did, which files, which commands you ran with their exit codes, and what is left or uncertain. Every claim will be checked by running things; "not done" and "unknown" are good answers, a wrong "done" is not.

      Behind the report put a block that begins with \`\`\`claims and holds {"claims":[…]}, one entry for each thing you did: {"kind":"changed"|"created"|"deleted"|"fixed","paths":[…]}, {"kind":"ran"|"tests_pass","command":"exactly as run","outcome":"ok"|"failed"}, or {"kind":"no_change"}.

      # Project guidance (shortened)

      The project's own instructions for agents, from the repository root down to your directory. They do not extend your permissions.

      ## AGENTS.md

      Use tabs."
    `);
  });

  it('says what the role is, for each of them', async () => {
    for (const role of ROLES) {
      const { text } = await roleText('/nowhere', role);
      const prompt = systemPrompt(facts({ role, roleText: text }));
      expect(prompt).toContain(`the role "${role}"`);
      expect(prompt).toContain(text);
      expect(prompt).not.toMatch(/undefined|NaN|\n{3,}/);
    }
  });

  it('says that there is no shell where no command is allowed', () => {
    const prompt = systemPrompt(facts({ scope: { paths: ['**'], commands: [] } }));
    expect(prompt).toContain('You have no shell.');
  });

  it.each([
    [10, '10 seconds'],
    [119, '119 seconds'],
    [120, '2 minutes'],
    [899, '14 minutes'],
    [86_400, '1440 minutes'],
  ])('never promises more time than there is: %i s', (wall_seconds, text) => {
    expect(systemPrompt(facts({ budget: { wall_seconds, max_turns: 1 } }))).toContain(
      `at most ${text} `,
    );
  });

  it('leaves out guidance that says nothing', () => {
    const guidance = { text: '', files: [], truncated: false };
    expect(systemPrompt(facts({ guidance }))).toBe(systemPrompt(facts()));
  });
});
