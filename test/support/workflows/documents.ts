import { edits, handOver, type Persona, read } from './actor.ts';

const WRONG = [
  { file: 'docs/orders.md', what: 'the discount is 10 %' },
  { file: 'docs/prices.md', what: 'it takes cents' },
];

/** documentation-pass in the shop: two documents are wrong, one is right. */
export const DOCUMENTS: Readonly<Record<string, Persona>> = {
  find: ({ path }) => [
    { tools: ['orders', 'prices', 'tax'].map((name) => read(path(`docs/${name}.md`))) },
    { tools: [read(path('src/order.mjs')), read(path('src/price.mjs'))] },
    handOver('documentation', { summary: 'Two are wrong.', wrong: WRONG }),
  ],
  correct: ({ path, prompt }) => {
    const part = prompt.split('# Your part').at(-1)?.split('# Handed over').at(0) ?? '';
    const change = part.includes('docs/orders.md')
      ? edits(path('docs/orders.md'), '20 %', '10 %')
      : edits(path('docs/prices.md'), 'euros', 'cents');
    return [...change, handOver('documentation', { summary: 'It is as in the code now.' })];
  },
  read: ({ path }) => [
    { tools: [read(path('docs/orders.md')), read(path('docs/prices.md'))] },
    handOver('review', { summary: 'Both are so.', findings: [], blocking_issues: [] }),
  ],
};

/** No document is wrong. */
export const ALL_RIGHT: Readonly<Record<string, Persona>> = {
  find: () => [handOver('documentation', { summary: 'All is so.', wrong: [] })],
};
