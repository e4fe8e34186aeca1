import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/e2e/**'],
    // To load the modules anew for each file would take as long as a fifth of the tests. So no file may
    // leave anything behind in its process; `--isolate` tells whether one that fails depends on another.
    isolate: false,
    // Two cores are the smallest machine we promise; the third worker has what the others leave while
    // they wait for git and other processes, and more only make those slower.
    maxWorkers: 3,
    // Only what hangs comes here: a machine that is busy must not fail.
    testTimeout: 180_000,
    hookTimeout: 120_000,
  },
});
