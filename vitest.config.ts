import { availableParallelism } from 'node:os'
import { defineConfig, type ViteUserConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { allProjects } from './test/projects.ts'

/** The replays take by far the longest: begun last, they would leave the other cores idle. */
class ReplaysFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isReplay = ({ moduleId }: TestSpecification): boolean => moduleId.endsWith('traces.test.ts')
    const sorted = await super.sort(files)
    return [...sorted.filter(isReplay), ...sorted.filter((file) => !isReplay(file))]
  }
}

/** What holds of every run, whatever its projects. */
export const COMMON: ViteUserConfig['test'] = {
  // Vitest would leave one core to itself; on two cores that is half of them.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  sequence: { sequencer: ReplaysFirst },
  reporters: ['default', './test/skipped-reporter.ts'],
}

export default defineConfig(async () => ({ test: { ...COMMON, projects: await allProjects() } }))
