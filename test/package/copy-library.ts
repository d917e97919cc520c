import { cpSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '../..')

/** What the package is made of. Not all of the folder, since other tests come and go in it. */
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
  'docs',
]

/**
 * Copies the library, so that it can be built and packed: in the checkout itself, other tests may be reading what is being
 * built.
 *
 * @returns The name of the file that `npm pack` will write.
 */
export function copyLibrary(folder: string): string {
  for (const source of SOURCES) cpSync(join(ROOT, source), join(folder, source), { recursive: true })
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction')
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
  return `redis-func-cache-${version}.tgz`
}
