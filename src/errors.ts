/** What went wrong, as a code that programs can rely on: codes stay the same across versions. */
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
 * The base class of all errors that this library throws; errors of wrapped functions pass through unchanged.
 *
 * @example
 * try {
 *   await getUser(42)
 * } catch (error) {
 *   if (error instanceof FuncCacheError && error.code === 'ERR_TIMEOUT') return undefined
 *   throw error
 * }
 */
export abstract class FuncCacheError extends Error {
  /** What went wrong, as a code that programs can rely on. */
  abstract readonly code: FuncCacheErrorCode

  /** The name of the errors of this class; written out, because minifiers rename classes. */
  static readonly errorName: string = 'FuncCacheError'

  /** The name of the error's class, unless another name is assigned. */
  override get name(): string {
    return (this.constructor as typeof FuncCacheError).errorName
  }

  override set name(name: string) {
    Object.defineProperty(this, 'name', { value: name, writable: true, enumerable: true, configurable: true })
  }

  /** Marks errors of this library, of whatever copy of it. */
  get isFuncCacheError(): true {
    return true
  }

  /**
   * Makes `instanceof` hold also for errors of another copy of this library: one copy may be a module, another CommonJS.
   *
   * Subclasses of users are recognized within their own copy only.
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

/** Thrown for an unknown option, and for a value that an option cannot have; by the function that takes the option. */
export class OptionError extends FuncCacheError {
  static override readonly errorName: string = 'OptionError'
  readonly code = 'ERR_OPTION'
}

/** Thrown for a function without a name, and for a name that another function of the cache has. */
export class IdentityError extends FuncCacheError {
  static override readonly errorName: string = 'IdentityError'
  readonly code = 'ERR_IDENTITY'
}

/** Thrown for arguments and keys that cannot be told apart safely, and so have no call hash. */
export class ArgumentsError extends FuncCacheError {
  static override readonly errorName: string = 'ArgumentsError'
  readonly code = 'ERR_ARGUMENTS'
  /**
   * The path of the refused part, such as `arguments[0].user.onChange`.
   *
   * It begins with `this` for what the option `this` picked, with `key` for a key of `getOrSet`, with `id` for an id of
   * `wrapMany`, and with `key(…)` for what the option `key` returned.
   */
  readonly path: string

  constructor(path: string, message: string) {
    super(message)
    this.path = path
  }
}

/** Thrown for a policy that another cache has already, and for one that lacks what was asked of it, such as scripts. */
export class PolicyError extends FuncCacheError {
  static override readonly errorName: string = 'PolicyError'
  readonly code = 'ERR_POLICY'
}

/** Thrown for a serializer whose package is not installed, and for a value that it cannot encode. */
export class SerializerError extends FuncCacheError {
  static override readonly errorName: string = 'SerializerError'
  readonly code = 'ERR_SERIALIZER'
}

/**
 * What the store did:
 *
 * - `'failed'`: it could not be reached, or refused a command.
 * - `'timeout'`: it did not answer within `storeTimeout`. Whether it has carried out the command is not known.
 * - `'out-of-step'`: a reply came that is none to the command. The client is not used until its replies are in step again.
 * - `'open'`: it was not asked, because it had failed several times in a row (`breaker`).
 */
export type StoreFailure = 'failed' | 'timeout' | 'out-of-step' | 'open'

/** Thrown if the store cannot be reached, refuses a command, or answers too late; `cause` is the error of the client. */
export class StoreError extends FuncCacheError {
  static override readonly errorName: string = 'StoreError'
  readonly code = 'ERR_STORE'
  /** What the store did. */
  readonly reason: StoreFailure

  constructor(message?: string, options?: ErrorOptions & { readonly reason?: StoreFailure }) {
    super(message, options)
    this.reason = options?.reason ?? 'failed'
  }
}

/** Thrown for a call without a stored result in a context that forbids to execute the function. */
export class CacheMissError extends FuncCacheError {
  static override readonly errorName: string = 'CacheMissError'
  readonly code = 'ERR_MISS'
}

/** Thrown for a call that took longer than its `timeout`; the function goes on, and its result may still be stored. */
export class TimeoutError extends FuncCacheError {
  static override readonly errorName: string = 'TimeoutError'
  readonly code = 'ERR_TIMEOUT'
}

/** Thrown for a call that would wait for itself: its function waits for that same call, directly or through others. */
export class DeadlockError extends FuncCacheError {
  static override readonly errorName: string = 'DeadlockError'
  readonly code = 'ERR_DEADLOCK'
}

/**
 * The step of a call that failed:
 *
 * - `'get'`: a lookup in the store.
 * - `'put'`: storing a result.
 * - `'touch'`: reporting reads to the policy.
 * - `'lease'`: asking for a lease, or releasing it.
 * - `'serialize'`: turning a result into bytes.
 * - `'refresh'`: running the function in the background.
 * - `'callback'`: a callback of the options.
 * - `'near'`: asking for the changes of what is held near.
 * - `'record'`: writing a recording, which has ended by that.
 */
export type ErrorPhase =
  | 'get'
  | 'put'
  | 'touch'
  | 'lease'
  | 'serialize'
  | 'refresh'
  | 'callback'
  | 'near'
  | 'record'
