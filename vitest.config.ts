import { defineConfig } from 'vitest/config';

/** `unit` is quick and needs nothing of the machine; `system` raises real sandboxes, servers and processes. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'src/**/*.test.ts',
            'web/src/**/*.test.ts',
            'test/tidy.test.ts',
            'test/{rules,evaluate,pages,journey/docs}/*.test.ts',
          ],
          exclude: ['src/**/*.system.test.ts', 'test/pages/*.system.test.ts'],
          testTimeout: 20_000,
          // They share nothing that one could leave behind for the next; a process for each file costs half of the time.
          isolate: false,
          pool: 'threads',
        },
      },
      {
        test: {
          name: 'system',
          include: [
            'src/**/*.system.test.ts',
            'test/pages/*.system.test.ts',
            'test/{journey,attack,conformance,compat,fuzz}/**/*.test.ts',
          ],
          exclude: ['test/journey/docs/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
