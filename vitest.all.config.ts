import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

// End to end first: those wait for half of their time, for retries, budgets and stalled models, and four
// of them keep the two cores of the smallest machine we promise busy. A larger one has two cores for
// each, so that real CLIs do not starve each other. What is left of the cores at their end the others take.
const maxWorkers = Math.max(4, Math.floor(availableParallelism() / 2));

/** Both levels in one run, so that nothing idles at the end of the one until the other begins. */
export default defineConfig({
  test: {
    maxWorkers,
    projects: [
      { extends: './vitest.e2e.config.ts', test: { name: 'e2e', maxWorkers } },
      { extends: './vitest.config.ts', test: { name: 'unit', maxWorkers } },
    ],
  },
});
