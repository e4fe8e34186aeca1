import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/e2e/**/*.test.ts'],
    // Half of their time they wait, for retries, budgets and stalled models. Three keep the two cores of
    // the smallest machine we promise busy; a larger one has two cores for each, so that real CLIs do not
    // starve each other.
    maxWorkers: Math.max(3, Math.floor(availableParallelism() / 2)),
    testTimeout: 400_000,
    hookTimeout: 180_000,
  },
});
