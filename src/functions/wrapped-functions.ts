import process from 'node:process'
import type { CacheContext } from '../call/cache-context.ts'
import { type FunctionContext, functionContext } from '../call/function-context.ts'
import { IdentityError } from '../errors.ts'
import type { AnyFunction, FunctionIdentity } from '../keys/function-identity.ts'
import type { FunctionSettings } from '../options/function-settings.ts'
import { warn } from '../warnings/process-warning.ts'

/** The functions that a cache has wrapped: no two of them have one identity, or they would get each other's results. */
export class WrappedFunctions {
  readonly #cache: CacheContext
  readonly #originals = new Map<string, AnyFunction>()
  readonly #settings = new WeakMap<FunctionIdentity, FunctionSettings>()

  constructor(cache: CacheContext) {
    this.#cache = cache
  }

  /**
   * Adds a function.
   *
   * @param kind A function of one id and one of many may have the same identity, and share entries.
   * @throws {IdentityError} for the identity of another function, unless it may be replaced.
   */
  register(settings: FunctionSettings, original: AnyFunction, kind: 'one' | 'many'): FunctionContext {
    const { identity } = settings
    const name = `${kind}:${identity.text}`
    const namesake = this.#originals.get(name)
    if (namesake !== undefined && namesake !== original) this.#replace(settings)
    const context = functionContext(this.#cache, settings)
    this.#originals.set(name, original)
    if (kind === 'one') this.#settings.set(identity, settings)
    return context
  }

  /** The settings of a function of one id. */
  settingsOf(identity: FunctionIdentity | undefined): FunctionSettings | undefined {
    return identity === undefined ? undefined : this.#settings.get(identity)
  }

  /** Lets a function take over from another one of its identity, if it may. */
  #replace({ identity, replace = isDevelopment() }: FunctionSettings): void {
    const { name, partitions } = this.#cache
    if (!replace) {
      throw new IdentityError(
        `The cache '${name}' has another function under the name '${identity.name}'. They would get each other's ` +
          'results: wrap it once and share the result, or give it a name or version of its own. If it is the same function, ' +
          'and its module was evaluated again (hot reload, several bundles), keep the client in globalThis and make the cache in ' +
          'the module; or let the newest take over: { replace: true }, the default where NODE_ENV is development. See ' +
          'docs/deployments.md.',
      )
    }
    warn(
      `replace:${name}:${identity.text}`,
      (more) =>
        `Cache '${name}', ${identity.name}: another function takes over this name, as after a hot reload${more}. Results ` +
        'of the older one are still served. If these are two functions, give each a name of its own.',
    )
    // What the older one has in flight is not for callers of the newer one.
    partitions.forgetInFlight()
  }
}

function isDevelopment(): boolean {
  try {
    return process.env['NODE_ENV'] === 'development'
  } catch {
    return false // a runtime may forbid to ask
  }
}
