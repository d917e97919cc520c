// The recipes of docs/testing.md are run by the test runners that they are for. Jest runs its own in the matrix.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { pageAt, ROOT } from './pages.ts'

/** Within the checkout, where the packages of the recipes are found. */
const parent = join(import.meta.dirname, '.recipes')
mkdirSync(parent, { recursive: true })
const folder = mkdtempSync(join(parent, 'run-'))
afterAll(() => rmSync(parent, { recursive: true, force: true }))

/** What each runner is started with, given the file of its recipe. */
const RUNNERS: Record<string, { extension: string; args: (file: string) => string[] }> = {
  vitest: {
    extension: 'test.ts',
    args: () => [
      join(ROOT, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--root',
      folder,
      '--config',
      join(folder, 'vitest.config.ts'),
    ],
  },
  'node:test': { extension: 'test.mts', args: (file) => ['--import', 'tsx', '--test', file] },
}

const recipes = pageAt('docs/testing.md').blocks.filter(({ runner }) => runner in RUNNERS)

test('there is one for each', () => {
  expect(recipes.map(({ runner }) => runner).toSorted()).toEqual(Object.keys(RUNNERS).toSorted())
})

describe.each(recipes)('$runner', ({ runner, text }) => {
  test('passes', { timeout: 60_000 }, () => {
    const { extension, args } = RUNNERS[runner] as (typeof RUNNERS)[string]
    const file = join(folder, `recipe.${extension}`)
    writeFileSync(file, text.replace("'redis-func-cache'", JSON.stringify(join(ROOT, 'src/index.ts'))))
    writeFileSync(join(folder, 'vitest.config.ts'), 'export default {}')
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_TEST)/.test(name)),
    )
    const { status, stdout, stderr } = spawnSync(process.execPath, args(file), {
      cwd: ROOT,
      env,
      encoding: 'utf8',
    })
    expect(status, `${stdout}\n${stderr}`).toBe(0)
    expect(stdout).toMatch(/[1-9] passed|pass [1-9]/)
  })
})
