import { expect, test } from 'vitest';
import { readMarkdown } from '../support/markdown.ts';
import { commandProblems, linesOf, toolProblems } from '../support/markdown-commands.ts';
import { DOCUMENTS, documentAt, textOf } from './documents.ts';

test.each(DOCUMENTS)('%s names only commands, flags and choices there are', (path) => {
  expect(commandProblems(documentAt(path))).toEqual([]);
});

/** Old names, and what became of them. */
const OF_OLD = new Set(['docs/parity.md', 'CHANGELOG.md']);

test.each(DOCUMENTS.filter((path) => !OF_OLD.has(path)))(
  '%s names only tools there are',
  (path) => {
    expect(toolProblems(documentAt(path))).toEqual([]);
  },
);

test('the template for Codex names only tools there are', () => {
  const block = { language: 'toml', text: textOf('install/codex.config.toml'), line: 1 };
  expect(toolProblems({ blocks: [block], headings: [], links: [], spans: [] })).toEqual([]);
});

test.each([
  ['`cc-orchestrator pol-run`', 'no such command'],
  ['`cc-orchestrator poll-run <run id> --al`', '--al'],
  ['`cc-orchestrator setup --aprove`', 'no such flag: --aprove'],
  ['`wait --timout 3`', 'no such flag: --timout'],
  ['`cc-orchestrator send-instruction <run id> --when soon`', 'when'],
  ['`cc-orchestrator last-run a b`', 'Unexpected argument'],
  ['```sh\nnode dist/cc-orchestrator.js setup \\\n  --nothing\n```', '--nothing'],
  ['```sh\ninstall/install.sh --nothing\n```', 'no such flag'],
  ['```sh\ntrue && cc-orchestrator nothing\n```', 'no such command'],
])('the check itself finds %s', (text, what) => {
  expect(commandProblems(readMarkdown(text))).toEqual([expect.stringContaining(what)]);
});

test.each([
  '`cc-orchestrator send-instruction <run id> --when now --instruction "Not # a comment; no"`',
  '```sh\ncc-orchestrator wait run_… run_… --any   # --nonsense\n```',
  '```text\ncc-orchestrator nonsense\n```',
  '```sh\ninstall/install.sh doctor --strict\n```',
])('the check itself passes %s', (text) => {
  expect(commandProblems(readMarkdown(text))).toEqual([]);
});

test('the check itself finds tools that do not exist', () => {
  const document = readMarkdown(
    'cc_prose `cc_nothing` `tools.cc_poll_run` `mcp__x__cc_nope` `cc_*`',
  );
  expect(toolProblems(document)).toEqual([
    'line 1: there is no tool cc_nothing',
    'line 1: there is no tool cc_nope',
  ]);
});

test('a command is read as a shell reads it', () => {
  expect(linesOf("a \\\n  --b '# c'   # d\n\n# e\nf#g\n")).toEqual([
    { text: "a --b '# c'", line: 1 },
    { text: 'f#g', line: 5 },
  ]);
});
