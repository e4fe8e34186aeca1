import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/e2e/**/*.test.ts'],
    // They share the modules they have loaded. What they are about happens in other processes.
    isolate: false,
    testTimeout: 400_000,
    hookTimeout: 180_000,
  },
});
