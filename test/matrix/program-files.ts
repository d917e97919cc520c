import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildSync } from 'esbuild'
import type { Traits } from './programs/checks/check.ts'

const FOLDER = join(import.meta.dirname, 'programs')

/** How programs in TypeScript name the library here, where there is no package of it. */
const HERE = "'../../../src/index.ts'"

/** Programs as they lie in `programs/`, by the same names. */
export function programs(...names: readonly string[]): Record<string, string> {
  const textOf = (name: string) =>
    readFileSync(join(FOLDER, name), 'utf8').replace(HERE, "'redis-func-cache'")
  return Object.fromEntries(names.map((name) => [name, textOf(name)]))
}

/** Tells programs what their environment withholds. */
export const traitsEnv = (traits: Traits): Record<string, string> => ({ TRAITS: JSON.stringify(traits) })

const built = new Map<string, string>()

/** The checks as one file of JavaScript: for `import`, or for `require()`. Decorators are those of the TC39 standard. */
export function checks(file: 'checks.mjs' | 'checks.cjs'): Record<string, string> {
  return { [file]: compiled('checks/index.ts', file.endsWith('.mjs') ? 'esm' : 'cjs') }
}

/** A program and all that it imports of its own, as one file of JavaScript. */
export function compiled(path: string, format: 'esm' | 'cjs'): string {
  const name = `${path} ${format}`
  let text = built.get(name)
  if (text === undefined) {
    const { outputFiles } = buildSync({
      entryPoints: [join(FOLDER, path)],
      bundle: true,
      packages: 'external',
      write: false,
      platform: 'node',
      target: 'es2022',
      format,
    })
    text = outputFiles[0]?.text ?? ''
    built.set(name, text)
  }
  return text
}
