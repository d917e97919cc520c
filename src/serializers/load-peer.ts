import { createRequire } from 'node:module'
import { SerializerError } from '../errors.ts'
import { reasonOf } from './encoding.ts'

/** The part of `require` that finds and loads an optional peer; tests give their own. */
export interface PeerRequire {
  (id: string): unknown
  resolve(id: string): string
}

/** Synchronous, so that a missing package is an error where the serializer is chosen, not at the first call. */
const requireFromHere: PeerRequire = createRequire(import.meta.url)

/**
 * Loads the package a serializer needs, which the user installs only when he chooses that serializer.
 *
 * @throws {SerializerError} when it is not installed (the message says what to install), or when it is there and fails
 *   to load. The original error is the `cause`.
 */
export function loadPeer(
  serializer: string,
  packageName: string,
  require: PeerRequire = requireFromHere,
): unknown {
  // Resolving and loading are two steps: a package that is there and lacks one of its own is not "not installed".
  try {
    require.resolve(packageName)
  } catch (error) {
    if (codeOf(error) !== 'MODULE_NOT_FOUND') throw broken(serializer, packageName, error)
    throw new SerializerError(
      `Serializer '${serializer}' needs the package '${packageName}', which is not installed: npm install ${packageName}`,
      { cause: error },
    )
  }
  try {
    return require(packageName)
  } catch (error) {
    throw broken(serializer, packageName, error)
  }
}

function broken(serializer: string, packageName: string, error: unknown): SerializerError {
  return new SerializerError(
    `Serializer '${serializer}' found the package '${packageName}', but it does not load: ${reasonOf(error)}. ` +
      `Repair the installation.`,
    { cause: error },
  )
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
