import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/e2e/**'],
    // Two cores are the smallest machine we promise; the third worker has what the others leave while
    // they wait for git and other processes, and more only make those slower.
    maxWorkers: 3,
    // Only what hangs comes here: a machine that is busy must not fail.
    testTimeout: 180_000,
    hookTimeout: 120_000,
  },
});
