import { OptionError, StoreError } from '../../errors.ts'
import { isError, messageOf } from '../../realms/native.ts'

/** An error of the client, as what an operation of the store fails with. */
export function storeError(what: string, cause: unknown): StoreError {
  if (cause instanceof StoreError) return cause
  // What a function in the option `client` has returned is looked at when it is used.
  const failed = cause instanceof OptionError ? 'The client cannot be used' : 'The server failed'
  return new StoreError(`${failed} at ${what}: ${messageOf(cause)}`, {
    cause: withoutCommands(cause),
  })
}

/** Where errors of clients keep other errors. */
const INNER = ['cause', 'errors', 'lastNodeError', 'previousErrors'] as const

/** Errors are nested no deeper than this. */
const DEEPEST = 4

/**
 * An error without the commands that it carries: ioredis adds the command with all its arguments, and loggers print it. The
 * arguments are the values of the cache.
 */
function withoutCommands(error: unknown, depth = 0): unknown {
  if (!isError(error) || depth > DEEPEST) return error
  Reflect.deleteProperty(error, 'command')
  for (const name of INNER) {
    const inner = (error as { readonly [Name in (typeof INNER)[number]]?: unknown })[name]
    for (const each of Array.isArray(inner) ? inner : [inner]) withoutCommands(each, depth + 1)
  }
  return error
}
