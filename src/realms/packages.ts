/** Finds optional packages. */
import { readFileSync } from 'node:fs'
import nodeModule from 'node:module'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

/** The part of `require` that finds and loads a package. */
export interface PackageRequire {
  (id: string): unknown
  resolve(id: string): string
}

/** Loads each copy of a package that is found, one after the other. */
export function* loadCopies(name: string): Generator<unknown, void> {
  for (const require of placesToLook()) {
    try {
      yield require(name)
    } catch {
      // The package is not there, or does not load: the next place may have it.
    }
  }
}

/**
 * The places to look for packages: beside this library or the bundle that holds it, beside the script that was started, and in the
 * working directory at the time of the search.
 */
export function placesToLook(): PackageRequire[] {
  const places = [ownFile, () => process.argv[1], () => join(process.cwd(), 'package.json')]
  return places.flatMap((place) => {
    try {
      const path = place()
      // Not imported by its name: webpack would take it for its own `require`, and replace it by `undefined`.
      return path ? [nodeModule.createRequire(path)] : []
    } catch {
      return [] // the place is no file path: evaluated code, or a folder that was removed
    }
  })
}

/**
 * The path of this file, read from a stack trace: modules and CommonJS have no common name for it, and bundlers change both
 * names.
 */
function ownFile(): string | undefined {
  const before: unknown = Reflect.get(Error, 'prepareStackTrace')
  try {
    Error.prepareStackTrace = (_, sites) => sites[0]?.getFileName()
    const { stack } = new Error('where') as { readonly stack?: unknown }
    return typeof stack === 'string' ? stack : undefined
  } finally {
    Reflect.set(Error, 'prepareStackTrace', before)
  }
}

/** The version of a package by its `package.json`, which need not be among its exports. */
export function versionOf(name: string, path: string): string | undefined {
  const file = path.startsWith('file:') ? fileURLToPath(path) : path
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    try {
      const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<
        string,
        unknown
      >
      if (manifest['name'] === name) return String(manifest['version'])
    } catch {
      // There is no package.json in this folder: go on in the folder above.
    }
  }
  return undefined
}

/** The codes of a package that is not found: the first of Node and Jest, the second of Deno and Bun. Bun throws no `Error`. */
const NOT_FOUND: ReadonlySet<unknown> = /* @__PURE__ */ new Set(['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND'])

/** Whether an error says that a package is not there. */
export const isNotFound = (error: unknown): boolean =>
  NOT_FOUND.has((error as { readonly code?: unknown } | null | undefined)?.code)
