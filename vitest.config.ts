import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** The servers that the tests know, and none; each runs the whole suite of `test/server`. */
const SERVERS = ['redis-7.0', 'redis-8.0', 'valkey-8.1', 'valkey-9', 'cluster', 'memory']

const LIMITS = {
  testTimeout: 30_000,
  hookTimeout: 30_000,
  // Replays of traces mostly wait for a server; together they keep it busy.
  maxConcurrency: 100,
}

/** The replays take by far the longest: begun last, they would leave the other cores idle. */
class ReplaysFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isReplay = ({ moduleId }: TestSpecification): boolean => moduleId.endsWith('traces.test.ts')
    const sorted = await super.sort(files)
    return [...sorted.filter(isReplay), ...sorted.filter((file) => !isReplay(file))]
  }
}

export default defineConfig({
  test: {
    // Vitest would leave one core to itself; on two cores that is half of them.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    sequence: { sequencer: ReplaysFirst },
    // Here and not in the projects, each of which would start all servers for itself.
    globalSetup: ['test/servers/global-setup.ts'],
    projects: [
      {
        test: {
          ...LIMITS,
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/{server,apps,matrix}/**', 'test/docs/.recipes/**'],
        },
      },
      ...SERVERS.map((server) => ({
        test: {
          ...LIMITS,
          name: server,
          include: ['test/server/**/*.test.ts'],
          setupFiles: ['test/server/skip-unavailable.ts'],
          provide: { server },
        },
      })),
    ],
  },
})
