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

  /** The name of the class. Written out, since a minifier changes that of the class itself. */
  override get name(): string {
    return 'FuncCacheError'
  }

  /** Tells errors of this library from all others. */
  get isFuncCacheError(): true {
    return true
  }

  /** `instanceof` also holds for errors of another copy of this library: one may be a module, another CommonJS. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (Function.prototype[Symbol.hasInstance].call(this, value)) return true
    const error = value as Partial<FuncCacheError> | null | undefined
    if (error?.isFuncCacheError !== true) return false
    if (this === FuncCacheError) return true
    // A class of the user's that extends one of these is known to this copy alone.
    return Object.hasOwn(this.prototype, 'name') && this.prototype.name === error.name
  }
}

/** An option has a value it cannot have. Thrown where the option is given, never at a call. */
export class OptionError extends FuncCacheError {
  readonly code = 'ERR_OPTION'

  override get name(): string {
    return 'OptionError'
  }
}

/** A function cannot be told apart from another one, or cannot be named at all. */
export class IdentityError extends FuncCacheError {
  readonly code = 'ERR_IDENTITY'

  override get name(): string {
    return 'IdentityError'
  }
}

/** Arguments that cannot be told apart safely, and so have no call hash. */
export class ArgumentsError extends FuncCacheError {
  readonly code = 'ERR_ARGUMENTS'

  override get name(): string {
    return 'ArgumentsError'
  }
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

  override get name(): string {
    return 'PolicyError'
  }
}

/** A serializer is not installed, or could not encode a value. */
export class SerializerError extends FuncCacheError {
  readonly code = 'ERR_SERIALIZER'

  override get name(): string {
    return 'SerializerError'
  }
}

/** The store did not do what it was asked to: not reached, refused, or too late. */
export class StoreError extends FuncCacheError {
  readonly code = 'ERR_STORE'

  override get name(): string {
    return 'StoreError'
  }
}

/** There is no stored result, and the mode of this context forbids to execute the function. */
export class CacheMissError extends FuncCacheError {
  readonly code = 'ERR_MISS'

  override get name(): string {
    return 'CacheMissError'
  }
}

/** A call took longer than its `timeout`. The work goes on, and its result may still be stored. */
export class TimeoutError extends FuncCacheError {
  readonly code = 'ERR_TIMEOUT'

  override get name(): string {
    return 'TimeoutError'
  }
}
