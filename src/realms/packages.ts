/** Optional packages: where they are found. */
import { readFileSync } from 'node:fs'
import nodeModule from 'node:module'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

/** The part of `require` that finds and loads a package; tests give their own. */
export interface PackageRequire {
  (id: string): unknown
  resolve(id: string): string
}

/** The exports of each copy of a package that is found, loaded one after the other. */
export function* loadCopies(name: string): Generator<unknown, void> {
  for (const require of placesToLook()) {
    try {
      yield require(name)
    } catch {
      // not there, or it does not load
    }
  }
}

/**
 * Where to look: beside this library (or the bundle that holds it), beside the script that was started, and in the working
 * directory at the time of the search.
 */
export function placesToLook(): PackageRequire[] {
  const places = [ownFile, () => process.argv[1], () => join(process.cwd(), 'package.json')]
  return places.flatMap((place) => {
    try {
      const path = place()
      // Not imported by its name: webpack would take it for a `require` of its own, and put `undefined` in its place.
      return path ? [nodeModule.createRequire(path)] : []
    } catch {
      return [] // no path of a file system: evaluated code, a folder that is gone
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
      // None here: further up.
    }
  }
  return undefined
}

/** Node and Jest say the first, Deno and Bun the second, and what Bun throws is no `Error`. */
const NOT_FOUND: ReadonlySet<unknown> = /* @__PURE__ */ new Set(['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND'])

/** Whether a package is not there. */
export const isNotFound = (error: unknown): boolean =>
  NOT_FOUND.has((error as { readonly code?: unknown } | null | undefined)?.code)
