import { SerializerError } from '../errors.ts'
import { isNotFound, type PackageRequire, placesToLook, versionOf } from '../realms/packages.ts'
import { isPromise, messageOf } from '../realms/native.ts'

/** An optional package: a program installs it only if it uses the serializer that needs it. */
export interface Peer {
  readonly serializer: string
  readonly package: string
  /** The lowest major version that works. */
  readonly major: number
}

/**
 * Loads the package of a serializer, synchronously: a missing package is reported where the serializer is chosen, and not by the
 * first call.
 *
 * @throws {SerializerError} for a package that is not found, too old, or fails to load; the message says what to install, and
 *   `cause` is the original error.
 */
export function loadPeer(peer: Peer, places: readonly PackageRequire[] = placesToLook()): unknown {
  const require = find(peer, places)
  try {
    return require(peer.package)
  } catch (error) {
    throw broken(peer, error)
  }
}

/**
 * Checks a package that the program passed in: the module, or an object with the module as `default`, as some bundlers and loaders
 * make it.
 *
 * @param isUsable Whether a module has what the serializer needs.
 * @throws {SerializerError} if it is another package or version.
 */
export function checkPeer<Module>(peer: Peer, given: unknown, isUsable: (module: Module) => boolean): Module {
  const modules = [given, (given as { readonly default?: unknown } | null | undefined)?.default]
  const found = modules.find((module) => isObject(module) && isUsable(module as Module))
  if (found !== undefined) return found as Module
  const { serializer, package: name } = peer
  throw new SerializerError(
    `${needs(peer)}, but was given ${isPromise(given) ? 'a promise' : 'something else, or a version that is too old'}. Run ` +
      `${install(peer)}, then pass ${serializer}(await import('${name}')).`,
  )
}

/**
 * Finds the first place with a sufficient version. In a workspace the nearest copy may belong to another program.
 *
 * Resolving and loading are two steps, so that a package whose own dependency is missing does not count as missing itself.
 */
function find(peer: Peer, places: readonly PackageRequire[]): PackageRequire {
  let cause: unknown
  let tooOld: string | undefined
  for (const require of places) {
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
    throw new SerializerError(`${needs(peer)}, but ${tooOld} is installed. Run ${install(peer)}.`)
  }
  throw new SerializerError(
    `${needs(peer)}, which was not found. Run ${install(peer)}. In a bundle, ${passIn(peer)}`,
    { cause },
  )
}

const needs = ({ serializer, package: name, major }: Peer): string =>
  `Serializer '${serializer}' needs the package '${name}', version ${major} or newer`

const install = ({ package: name, major }: Peer): string => `npm install ${name}@${major}`

/** Some test runners cannot load every module by `require`, but a program can import it. */
const passIn = ({ serializer, package: name }: Peer): string =>
  `import it and pass it in: serializer: ${serializer}(await import('${name}')).`

function broken(peer: Peer, error: unknown): SerializerError {
  const { serializer, package: name } = peer
  const reason = messageOf(error).replace(/\.$/, '')
  return new SerializerError(
    `Serializer '${serializer}' found the package '${name}', but it does not load: ${reason}. Repair the installation, or ` +
      passIn(peer),
    { cause: error },
  )
}

const isObject = (value: unknown): boolean =>
  (typeof value === 'object' && value !== null) || typeof value === 'function'
