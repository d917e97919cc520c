import { availableParallelism } from 'node:os'
import { defineConfig, type ViteUserConfig } from 'vitest/config'
import FileOrder from './test/file-order.ts'
import { allProjects } from './test/projects.ts'

/** What holds of every run, whatever its projects. */
export const COMMON: ViteUserConfig['test'] = {
  // More than cores where there are few: many tests wait for a server, for a process, or for a time to pass.
  maxWorkers: Math.max(3, availableParallelism() - 1),
  // Transformed modules are kept for the next run, and each project need not transform them for itself.
  experimental: { fsModuleCache: true },
  sequence: { sequencer: FileOrder },
  reporters: ['default', './test/skipped-reporter.ts'],
}

export default defineConfig(async () => ({ test: { ...COMMON, projects: await allProjects() } }))
