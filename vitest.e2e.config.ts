import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/e2e/**/*.test.ts'],
    // Real CLIs: two cores for each file, or they starve each other.
    maxWorkers: Math.max(1, Math.floor(availableParallelism() / 2)),
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
});
