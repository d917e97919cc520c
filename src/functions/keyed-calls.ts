import type { CacheContext } from '../call/cache-context.ts'
import { type FunctionContext, functionContext } from '../call/function-context.ts'
import { FunctionIdentity } from '../keys/function-identity.ts'
import type { CacheSettings } from '../options/cache-settings.ts'
import { checkKeyOptions, type GetOrSetOptions, type KeyVerb } from '../options/key-options.ts'

/** Calls under keys, as `getOrSet` makes them: each brings its function and its options along. */
export class KeyedCalls {
  readonly #cache: CacheContext
  readonly #settings: CacheSettings
  /** All results under keys have this one. */
  readonly #identity: FunctionIdentity

  constructor(cache: CacheContext, settings: CacheSettings) {
    this.#cache = cache
    this.#settings = settings
    this.#identity = FunctionIdentity.ofKeys({ encoders: settings.encoders })
  }

  /**
   * The context of one call.
   * @throws {OptionError} for an unknown option, or a value it cannot have.
   */
  contextFor(where: KeyVerb, load: () => unknown, options: GetOrSetOptions): FunctionContext {
    const settings = checkKeyOptions(this.#identity, load, options, this.#settings, where)
    return functionContext(this.#cache, settings)
  }
}
