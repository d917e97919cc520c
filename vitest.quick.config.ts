import { defineConfig } from 'vitest/config'
import { quickProjects } from './test/projects.ts'
import { COMMON } from './vitest.config.ts'

/** The loop while one works, under a minute: `npm run test:quick`. */
export default defineConfig(async () => ({ test: { ...COMMON, projects: await quickProjects() } }))
