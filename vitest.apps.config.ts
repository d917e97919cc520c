import { defineConfig } from 'vitest/config'

/**
 * The example applications, each installed with the packed library, built, started and asked. They need the npm registry
 * and take a minute, so they run by themselves: `npx vitest run --config vitest.apps.config.ts [fastify | nextjs | …]`.
 */
export default defineConfig({
  test: {
    name: 'apps',
    include: ['test/apps/**/*.test.ts'],
    globalSetup: ['test/apps/global-setup.ts'],
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 600_000,
  },
})
