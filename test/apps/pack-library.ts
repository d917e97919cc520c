import { cpSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './run.ts'

const ROOT = join(import.meta.dirname, '../..')

/** What is packed comes out of these. */
const SOURCES = [
  'package.json',
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
  'tsconfig.json',
  'tsconfig.build.json',
  'tsdown.config.ts',
  'src',
  'scripts',
]

/**
 * Packs the library as users get it, into this folder, and returns the path of the tarball.
 *
 * It is built in a copy: in the checkout itself, other tests may be reading what is being built.
 */
export async function packLibrary(folder: string): Promise<string> {
  const copy = join(folder, 'library')
  for (const source of SOURCES) cpSync(join(ROOT, source), join(copy, source), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'), 'junction')
  await run(copy, 'npm', ['pack', '--pack-destination', folder])
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
  return join(folder, `redis-func-cache-${version}.tgz`)
}
