/** Optional packages: which version of each will do, and where it is found. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { SerializerError } from './errors.ts'
import { isPromise, messageOf } from './realms/native.ts'

/** A package that a serializer needs, and that a program installs only if it chooses that serializer. */
export interface Peer {
  readonly serializer: string
  readonly package: string
  /** The lowest major version that will do. */
  readonly major: number
}

/** The part of `require` that finds and loads a package; tests give their own. */
export interface PeerRequire {
  (id: string): unknown
  resolve(id: string): string
}

/**
 * Loads the package of a serializer. At once, so that a missing one is an error where the serializer is chosen, not at the
 * first call.
 *
 * @throws {SerializerError} if it is not found (the message says what to install), too old, or fails to load; the original
 *   error is the `cause`.
 */
export function loadPeer(peer: Peer, requires: readonly PeerRequire[] = requiresToTry()): unknown {
  const require = find(peer, requires)
  try {
    return require(peer.package)
  } catch (error) {
    throw broken(peer, error)
  }
}

/**
 * The package itself, as a program passes it in: a module, or what a bundler or an older loader makes of one.
 *
 * @param isUsable Whether it has what is needed of it.
 * @throws {SerializerError} if it is another package or version.
 */
export function checkPeer<Module>(peer: Peer, given: unknown, isUsable: (module: Module) => boolean): Module {
  const modules = [given, (given as { readonly default?: unknown } | null | undefined)?.default]
  const found = modules.find((module) => isObject(module) && isUsable(module as Module))
  if (found !== undefined) return found as Module
  const { serializer, package: name } = peer
  throw new SerializerError(
    `${needs(peer)}, and was given ${isPromise(given) ? 'a promise' : 'something else'}: ` +
      `${install(peer)}, then ${serializer}(await import('${name}')).`,
  )
}

/** The exports of each copy of a package that is found. */
export function loadCopies(name: string): unknown[] {
  return requiresToTry().flatMap((require) => {
    try {
      return [require(name)]
    } catch {
      return [] // not there, or not of use
    }
  })
}

/**
 * The first place that has a version which will do. In a workspace the package of another program may be nearer.
 *
 * Resolving and loading are two steps: a package that is there and lacks one of its own is not "not installed".
 */
function find(peer: Peer, requires: readonly PeerRequire[]): PeerRequire {
  let cause: unknown
  let tooOld: string | undefined
  for (const require of requires) {
    try {
      const version = versionOf(peer.package, require.resolve(peer.package))
      if (version === undefined || Number.parseInt(version, 10) >= peer.major) return require
      tooOld ??= version
    } catch (error) {
      if (!isNotFound(error)) throw broken(peer, error)
      cause ??= error
    }
  }
  if (tooOld !== undefined) {
    throw new SerializerError(`${needs(peer)}; ${tooOld} is installed: ${install(peer)}`)
  }
  const { serializer, package: name } = peer
  throw new SerializerError(
    `${needs(peer)}, which was not found: ${install(peer)}. Where it is part of a bundle, pass it in: ` +
      `serializer: ${serializer}(await import('${name}')).`,
    { cause },
  )
}

/**
 * Where to look: beside this library, or the bundle that it has become a part of; from the script that was started; and
 * from the folder in which it was.
 */
function requiresToTry(): PeerRequire[] {
  const places = [ownFile, () => process.argv[1], () => join(process.cwd(), 'package.json')]
  return places.flatMap((place) => {
    try {
      const path = place()
      return path ? [createRequire(path)] : []
    } catch {
      return [] // no path of a file system: code that a bundler evaluates, a folder that is gone
    }
  })
}

/**
 * The file of this code. Modules and CommonJS have each a word of their own for it, of which bundlers make what they like;
 * the stack tells it in all of them.
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

/** What the `package.json` of a package says, which need not be among its exports. */
function versionOf(name: string, path: string): string | undefined {
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

const needs = ({ serializer, package: name, major }: Peer): string =>
  `Serializer '${serializer}' needs the package '${name}', version ${major} or newer`

const install = ({ package: name, major }: Peer): string => `npm install ${name}@${major}`

function broken({ serializer, package: name }: Peer, error: unknown): SerializerError {
  const reason = messageOf(error).replace(/\.$/, '')
  return new SerializerError(
    `Serializer '${serializer}' found the package '${name}', but it does not load: ${reason}. Repair the installation.`,
    { cause: error },
  )
}

/** Node and Jest say the first, Deno and Bun the second, and what Bun throws is no `Error`. */
const NOT_FOUND: ReadonlySet<unknown> = /* @__PURE__ */ new Set(['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND'])

const isNotFound = (error: unknown): boolean =>
  NOT_FOUND.has((error as { readonly code?: unknown } | null | undefined)?.code)

const isObject = (value: unknown): boolean =>
  (typeof value === 'object' && value !== null) || typeof value === 'function'
