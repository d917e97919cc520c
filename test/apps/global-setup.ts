// Packs the library once for all example applications.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type {} from 'vitest'
import type { TestProject } from 'vitest/node'
import { packLibrary } from './pack-library.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** The path of the library as users get it. */
    tarball: string
  }
}

export default async function setup(project: TestProject): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), 'redis-func-cache-packed-'))
  project.provide('tarball', await packLibrary(folder))
  return () => rmSync(folder, { recursive: true, force: true })
}
