import { FuncCacheError, StoreError } from '../errors.ts'
import { cureFor } from '../warnings/cures.ts'
import { isError } from '../realms/native.ts'

/**
 * Kinds of failures that concern some commands and not the others: a full server still reads, and another program's data under
 * one key is in nobody else's way. A client that is out of step is left alone until it is in step again, which takes a moment.
 */
const OF_SOME_COMMANDS: ReadonlySet<string> = /* @__PURE__ */ new Set([
  'not-allowed',
  'no-scripts',
  'old-server',
  'read-only',
  'cross-slot',
  'full',
  'wrong-type',
  'disk',
  'no-replicas',
  'out-of-step',
])

/** How the replies of a server begin that refuse a command, such as `ERR` or `TRYAGAIN`. */
const REPLY_CODE = /^-?[A-Z]{3,} /

/** Whether a failure says that the store cannot be used at all: then other commands would fail, too. */
export function isUnavailable(error: unknown): boolean {
  if (!isError(error)) return true
  if (error instanceof FuncCacheError && !(error instanceof StoreError)) return false
  const { kind, cure } = cureFor(error)
  if (OF_SOME_COMMANDS.has(kind)) return false
  const reply = isError(error.cause) ? error.cause.message : error.message
  return cure !== undefined || !REPLY_CODE.test(reply)
}
