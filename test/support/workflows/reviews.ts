import { handOver, type Persona, read, runs } from './actor.ts';

const FINDING = {
  severity: 'major',
  text: 'An order of exactly 100 EUR gets no discount.',
  file: 'src/order.mjs',
  line: 4,
};

/** repository-audit in the shop: three parts, of which one cannot be read. */
export const AUDIT: Readonly<Record<string, Persona>> = {
  survey: () => [
    { tools: [{ name: 'Glob', input: { pattern: '**/*.mjs' } }] },
    handOver('architecture', {
      summary: 'Prices, orders, scripts.',
      parts: [
        { name: 'prices', paths: ['src/price.mjs'] },
        { name: 'orders', paths: ['src/order.mjs'] },
        { name: 'lost', paths: ['src/lost.mjs'] },
      ],
    }),
  ],
  audit: ({ path, prompt }) => {
    const part = /"name": "(\w+)"/.exec(prompt)?.[1];
    const file = { prices: 'src/price.mjs', orders: 'src/order.mjs' }[part ?? ''] ?? 'src/lost.mjs';
    const fields =
      part === 'lost'
        ? { status: 'blocked', summary: 'There is no such file.' }
        : { summary: `${part} are read.`, findings: part === 'orders' ? [FINDING] : [] };
    return [
      { tools: [read(path(file))] },
      handOver('review', { findings: [], blocking_issues: [], ...fields }),
    ];
  },
  secrets: () => [
    { tools: [{ name: 'Grep', input: { pattern: 'token|password' } }] },
    handOver('security', { summary: 'None.', findings: [], blocking_issues: [] }),
  ],
  report: ({ prompt }) => [
    handOver('documentation', {
      summary: 'One defect; one part was not read.',
      report: prompt.includes(FINDING.text)
        ? `# Audit\n\n- ${FINDING.text}`
        : '# Audit\n\nNothing.',
    }),
  ],
};

/** review-pull-request in the shop: one finding of three does not stand. */
export const PULL_REQUEST: Readonly<Record<string, Persona>> = {
  correctness: ({ path }) => [
    runs('git diff main...HEAD'),
    { tools: [read(path('src/order.mjs'))] },
    handOver('review', { summary: 'One defect.', findings: [FINDING], blocking_issues: [] }),
  ],
  security: () => [
    runs('git log --oneline main..HEAD'),
    handOver('security', { summary: 'Nothing.', findings: [], blocking_issues: [] }),
  ],
  performance: () => [
    runs('git diff --stat main...HEAD'),
    handOver('performance', { summary: 'Nothing that matters.' }),
  ],
  cross_check: ({ prompt }) => [
    runs('git diff main...HEAD'),
    handOver('review', {
      summary: 'It stands, and is no blocker.',
      findings: prompt.includes(FINDING.text) ? [FINDING] : [],
      blocking_issues: [],
    }),
  ],
  verdict: () => [
    handOver('supervisor', { summary: 'Good enough once the limit is right.', verdict: 'revise' }),
  ],
};
