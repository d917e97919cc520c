import { defineConfig } from 'vitest/config'

/** The servers that the tests know; each runs the whole suite of `test/server`. */
const SERVERS = ['redis-7.0', 'redis-8.0', 'valkey-8.1', 'valkey-9', 'cluster', 'memory']

export default defineConfig({
  test: {
    globalSetup: ['test/servers/global-setup.ts'],
    // Replays of traces mostly wait for a server; together they keep it busy.
    maxConcurrency: 100,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: ['test/server/**'] },
      },
      ...SERVERS.map((server) => ({
        extends: true as const,
        test: {
          name: server,
          include: ['test/server/**/*.test.ts'],
          setupFiles: ['test/server/skip-unavailable.ts'],
          provide: { server },
        },
      })),
    ],
  },
})
