import { edits, handOver, type Persona, read, runs } from './actor.ts';
import { PRICE } from './shop.ts';

const SHARED = `import { pad } from 'pad';

/** 1999 is \`19.99 EUR\`. */
export function priceText(cents) {
  return text(cents);
}

/** The tax in it, rounded to the cent. */
export function taxText(cents) {
  return text(Math.trunc(cents * 0.19));
}

function text(cents) {
  const euros = Math.floor(cents / 100);
  return \`\${euros}.\${pad(cents % 100, 2)} EUR\`;
}
`;

export const BLOCKER = 'taxText cuts the tax where it was rounded: 1003 cents gave 1.91 EUR.';

/**
 * safe-refactor in the shop: the first attempt passes the tests and changes what the code does, which
 * only the reviewer sees. The second one is told, and puts it right.
 */
export const REFACTOR: Readonly<Record<string, Persona>> = {
  requirements: ({ path }) => [
    { tools: [read(path('src/price.mjs')), read(path('test/price.test.mjs'))] },
    handOver('requirements', {
      summary: 'Two functions write the same text; what they answer must stay.',
      requirements: ['priceText and taxText answer the same texts as before'],
      acceptance_criteria: ['The text is written in one place', 'npm test passes'],
    }),
  ],
  implementation: ({ path, isAgain, prompt }) => {
    const change =
      isAgain && prompt.includes('rounded')
        ? edits(path('src/price.mjs'), 'Math.trunc(', 'Math.round(')
        : edits(path('src/price.mjs'), PRICE, SHARED);
    return [
      ...change,
      runs('npm test'),
      handOver('implementation', {
        summary: isAgain ? 'The tax is rounded again.' : 'The text is written in one place.',
        changed_files: ['src/price.mjs'],
        commands_run: ['npm test: exit 0'],
      }),
    ];
  },
  testing: ({ path }) => [
    { tools: [read(path('test/price.test.mjs'))] },
    runs('npm test'),
    handOver('testing', {
      summary: 'All tests pass.',
      tests_run: ['npm test: 4 passed'],
      coverage_gaps: [],
    }),
  ],
  review: ({ path, call }) => {
    const seen = call.toolResults.map(({ text }) => text).join('\n');
    const isWrong = seen.includes('Math.trunc');
    return [
      { tools: [read(path('src/price.mjs'))] },
      runs('git diff'),
      handOver('review', {
        summary: isWrong ? 'It rounds differently now.' : 'It does what it did before.',
        findings: isWrong
          ? [{ severity: 'blocker', text: BLOCKER, file: 'src/price.mjs', line: 10 }]
          : [],
        blocking_issues: isWrong ? [BLOCKER] : [],
      }),
    ];
  },
};
