/** What went wrong, for programs: stable across versions, one code a meaning. */
export type FuncCacheErrorCode =
  | 'ERR_OPTION'
  | 'ERR_IDENTITY'
  | 'ERR_ARGUMENTS'
  | 'ERR_POLICY'
  | 'ERR_SERIALIZER'
  | 'ERR_STORE'
  | 'ERR_MISS'
  | 'ERR_TIMEOUT'

/**
 * The base of every error this library throws of its own.
 *
 * The errors of a wrapped function are never wrapped in it: they pass through untouched.
 */
export abstract class FuncCacheError extends Error {
  /** Stable, machine-readable meaning. */
  abstract readonly code: FuncCacheErrorCode

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
  }
}

/** An option has a value it cannot have. Thrown where the option is given, never at a call. */
export class OptionError extends FuncCacheError {
  readonly code = 'ERR_OPTION'
}

/** A function cannot be told apart from another one, or cannot be named at all. */
export class IdentityError extends FuncCacheError {
  readonly code = 'ERR_IDENTITY'
}

/** Arguments that cannot be told apart safely, and so have no call hash. */
export class ArgumentsError extends FuncCacheError {
  readonly code = 'ERR_ARGUMENTS'
  /** Where the offending part stands, such as `arguments[0].user.onChange`. */
  readonly path: string

  constructor(path: string, message: string) {
    super(message)
    this.path = path
  }
}

/** A policy is used in a way it does not allow, or does not know how to do what was asked of it. */
export class PolicyError extends FuncCacheError {
  readonly code = 'ERR_POLICY'
}

/** A serializer is not installed, or could not encode a value. */
export class SerializerError extends FuncCacheError {
  readonly code = 'ERR_SERIALIZER'
}

/** The store did not do what it was asked to: not reached, refused, or too late. */
export class StoreError extends FuncCacheError {
  readonly code = 'ERR_STORE'
}

/** There is no stored result, and the mode of this context forbids to execute the function. */
export class CacheMissError extends FuncCacheError {
  readonly code = 'ERR_MISS'
}

/** A call took longer than its `timeout`. The work goes on, and its result may still be stored. */
export class TimeoutError extends FuncCacheError {
  readonly code = 'ERR_TIMEOUT'
}
