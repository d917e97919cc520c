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
  | 'ERR_DEADLOCK'

/**
 * The base of every error this library throws of its own.
 *
 * The errors of a wrapped function are never wrapped in it: they pass through untouched.
 */
export abstract class FuncCacheError extends Error {
  /** Stable, machine-readable meaning. */
  abstract readonly code: FuncCacheErrorCode

  /** The name of errors of this class. Written out, since a minifier changes that of the class itself. */
  static readonly errorName: string = 'FuncCacheError'

  /** The name of the class, unless another one is assigned. */
  override get name(): string {
    return (this.constructor as typeof FuncCacheError).errorName
  }

  override set name(name: string) {
    Object.defineProperty(this, 'name', { value: name, writable: true, enumerable: true, configurable: true })
  }

  /** Tells errors of this library from all others. */
  get isFuncCacheError(): true {
    return true
  }

  /**
   * `instanceof` also holds for errors of another copy of this library: one may be a module, another CommonJS. Classes of
   * users that extend these are known to their own copy alone.
   */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (Function.prototype[Symbol.hasInstance].call(this, value)) return true
    const error = value as Partial<FuncCacheError> | null | undefined
    if (error?.isFuncCacheError !== true) return false
    if (this === FuncCacheError) return true
    const { errorName } = error.constructor as Partial<typeof FuncCacheError>
    return Object.hasOwn(this, 'errorName') && this.errorName === errorName
  }
}

/** An option has a value it cannot have. Thrown where the option is given, never at a call. */
export class OptionError extends FuncCacheError {
  static override readonly errorName: string = 'OptionError'
  readonly code = 'ERR_OPTION'
}

/** A function cannot be told apart from another one, or cannot be named at all. */
export class IdentityError extends FuncCacheError {
  static override readonly errorName: string = 'IdentityError'
  readonly code = 'ERR_IDENTITY'
}

/** Arguments that cannot be told apart safely, and so have no call hash. */
export class ArgumentsError extends FuncCacheError {
  static override readonly errorName: string = 'ArgumentsError'
  readonly code = 'ERR_ARGUMENTS'
  /**
   * The path of the refused part: `arguments[0].user.onChange`, `this.…`, `key.…` of `getOrSet`, `id.…` of a function of
   * many ids, or `key(…)` for what the option `key` returned.
   */
  readonly path: string

  constructor(path: string, message: string) {
    super(message)
    this.path = path
  }
}

/** A policy is used in a way it does not allow, or does not know how to do what was asked of it. */
export class PolicyError extends FuncCacheError {
  static override readonly errorName: string = 'PolicyError'
  readonly code = 'ERR_POLICY'
}

/** A serializer is not installed, or could not encode a value. */
export class SerializerError extends FuncCacheError {
  static override readonly errorName: string = 'SerializerError'
  readonly code = 'ERR_SERIALIZER'
}

/** The store did not do what it was asked to: not reached, refused, or too late. */
export class StoreError extends FuncCacheError {
  static override readonly errorName: string = 'StoreError'
  readonly code = 'ERR_STORE'
}

/** There is no stored result, and the mode of this context forbids to execute the function. */
export class CacheMissError extends FuncCacheError {
  static override readonly errorName: string = 'CacheMissError'
  readonly code = 'ERR_MISS'
}

/** A call took longer than its `timeout`. The work goes on, and its result may still be stored. */
export class TimeoutError extends FuncCacheError {
  static override readonly errorName: string = 'TimeoutError'
  readonly code = 'ERR_TIMEOUT'
}

/** A call would wait for itself: its function waits for that very call, directly or by way of others. */
export class DeadlockError extends FuncCacheError {
  static override readonly errorName: string = 'DeadlockError'
  readonly code = 'ERR_DEADLOCK'
}
