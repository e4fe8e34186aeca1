import { edits, handOver, type Persona, read, runs } from './actor.ts';

/** dependency-upgrade in the shop: the newer version names its function differently. */
export const UPGRADE: Readonly<Record<string, Persona>> = {
  plan: ({ path }) => [
    { tools: [read(path('package.json')), read(path('vendor/pad-2/index.mjs'))] },
    runs('npm ls --all'),
    handOver('compatibility', {
      summary: 'pad 2 is there; pad is called padStart in it.',
      upgrades: [{ name: 'pad', from: '1.0.0', to: '2.0.0', breaks: 'pad is now padStart' }],
    }),
  ],
  upgrade: ({ path }) => [
    runs('npm install ./vendor/pad-2'),
    ...edits(
      path('src/price.mjs'),
      "import { pad } from 'pad';",
      "import { padStart as pad } from 'pad';",
    ),
    runs('npm test'),
    handOver('implementation', {
      summary: 'pad is at 2.0.0, and the code calls it by its new name.',
      changed_files: ['package.json', 'package-lock.json', 'src/price.mjs'],
      commands_run: ['npm install ./vendor/pad-2: exit 0', 'npm test: exit 0'],
    }),
  ],
  hand_over: () => [
    handOver('ops', { summary: 'pad 2.0.0. Nobody has to do anything.', release_risk: 'Low.' }),
  ],
};

/** Nothing is behind. */
export const UP_TO_DATE: Readonly<Record<string, Persona>> = {
  plan: () => [handOver('compatibility', { summary: 'Nothing is behind.', upgrades: [] })],
};
