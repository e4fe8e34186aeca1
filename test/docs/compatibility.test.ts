import { expect, test } from 'vitest';
import { claudeArguments } from '../../src/workers/claude/arguments.ts';
import { MEASURED_CLAUDE, MINIMUM_CLAUDE } from '../../src/workers/claude/locate.ts';
import { documentAt, textOf } from './documents.ts';

const text = textOf('docs/compatibility.md');
const facts = {
  sessionId: '00000000-0000-4000-8000-000000000000',
  model: 'some-model',
  allowWrite: true,
  mayAsk: true,
  maxTurns: 1,
  maxUsd: 1,
  outputSchema: {},
  systemPromptFile: '/file',
  readableDirs: ['/directory'],
  officialLogin: false,
};

test('docs/compatibility.md names the flags a worker is started with', () => {
  const real = [true, false].flatMap((resume) =>
    claudeArguments({ ...facts, resume }).filter((word) => /^--?[a-z]/.test(word)),
  );
  const spans = documentAt('docs/compatibility.md').spans.map((span) => span.text);
  const named = spans.filter((span) => /^--?[a-z-]+$/.test(span));
  expect([...new Set(named)].sort()).toEqual([...new Set(real)].sort());
});

test('docs/compatibility.md names the versions of the code', () => {
  const [major, minor, patch = 0] = MEASURED_CLAUDE.split('.').map(Number);
  expect(text).toContain(`older than ${MINIMUM_CLAUDE}`);
  expect(text).toContain(`${MINIMUM_CLAUDE} to ${major}.${minor}.${patch - 1}`);
  expect(text).toContain(`| ${MEASURED_CLAUDE} | tested`);
  const constant = (path: string, name: string) =>
    new RegExp(`const ${name} = '?([\\d.]+)'?;`).exec(textOf(path))?.[1] ?? 'no such constant';
  expect(text).toContain(`Codex ${constant('src/health/doctor.ts', 'MEASURED_CODEX')}`);
  expect(text).toContain(
    `schema ${constant('src/profiles/ccswitch/database.ts', 'KNOWN_VERSION')} `,
  );
  const { engines, devDependencies } = JSON.parse(textOf('package.json'));
  expect(text).toContain(`\`${engines.node}\``);
  // What the tests run is what is called tested.
  expect(devDependencies['@anthropic-ai/claude-code']).toBe(MEASURED_CLAUDE);
  expect(text).toContain(`Codex ${devDependencies['@openai/codex']}`);
});

test('docs/compatibility.md names every ability that doctor looks for', () => {
  const code = textOf('src/health/worker-abilities.ts');
  const without = [...code.matchAll(/without: '([^']+)'/g)].map(([, what]) => what);
  expect(without.length).toBeGreaterThan(5);
  for (const what of without) expect(text).toContain(`| ${what} |`);
});
