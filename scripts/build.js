// Compiles src/ into dist/. Plain JavaScript, since `prepare` runs it before anything can be expected to be there.
//
// npm runs `prepare` after `npm ci` here, before `npm pack`, and where somebody installs this package from git, which is
// why it builds. With --prepare a type error is told but is no reason to stop: `npm ci` must not fail for it, and what
// runs is compiled all the same. `npm run check` is where it counts.
import { spawnSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')
const preparing = process.argv.includes('--prepare')

const tsc = findCompiler()
if (tsc === undefined) {
  console.warn('build: typescript is not installed (npm ci --omit=dev?), so dist/ stays as it is.')
  process.exit(preparing ? 0 : 1)
}
rmSync(dist, { recursive: true, force: true })
const { status } = spawnSync(process.execPath, [tsc, '-p', join(root, 'tsconfig.build.json')], {
  stdio: 'inherit',
})
const compiled = existsSync(join(dist, 'index.js'))
process.exit(status === 0 || (preparing && compiled) ? 0 : 1)

function findCompiler() {
  try {
    return createRequire(import.meta.url).resolve('typescript/bin/tsc')
  } catch {
    return undefined
  }
}
