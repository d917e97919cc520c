import type { FunctionCache } from '../call/call-runner.ts'
import { shown } from '../options/checks.ts'
import { define, keepProperties } from './function-properties.ts'
import { OptionError } from '../errors.ts'
import type { AnyFunction } from '../keys/function-identity.ts'
import { type CacheAddress, markCached, unwrap } from '../keys/unwrapping.ts'
import type { WrapOptions } from '../options/function-options.ts'

/**
 * Options of a cached method: those of `wrap`, and what of `this` tells calls apart, which has to be said. Callbacks receive
 * the arguments and the result of the decorated method.
 */
export interface CachedOptions<Self = never, F extends AsyncMethod = AsyncMethod>
  extends Omit<WrapOptions<F>, 'this'> {
  /** A function that picks it, or `'shared'` if all instances may share results. */
  readonly this: 'shared' | ((self: Self) => unknown)
}

/** A method that can be cached: one that returns promises already, since a decorator cannot change a type. */
export type AsyncMethod = (...args: never[]) => Promise<unknown>

/**
 * A method decorator of the TC39 standard, and of TypeScript's `experimentalDecorators`. Written above others, it caches
 * what they make of the method; written below others, it caches the method alone, and `cache.method()` does not find it.
 */
export type CachedDecorator<Self = never, F extends AsyncMethod = AsyncMethod> = (
  ...decorated:
    | [method: F, context: ClassMethodDecoratorContext<OrAnything<Self>>]
    | [target: OrAnything<Self>, name: string | symbol, descriptor: { readonly value?: F | undefined }]
) => never // `never` fits both kinds: one expects the method, the other nothing

/** What `this` has to be, if the options say so. */
type OrAnything<Self> = [Self] extends [never] ? object : Self

/** Wraps a method once it is known what to call it where the user gave no name. */
export type WrapMethod = (method: AnyFunction, ownName?: string) => FunctionCache

/** Decorated methods, and what makes their caches. */
export class DecoratedMethods {
  readonly #cacheOf = new WeakMap<object, CacheOf>()
  readonly #address: CacheAddress

  constructor(address: CacheAddress) {
    this.#address = address
  }

  /** @throws {OptionError} if it is not said what `this` means. */
  decorator<Self, F extends AsyncMethod>(
    wrap: WrapMethod,
    options: CachedOptions<Self, F>,
  ): CachedDecorator<Self, F> {
    checkSelf(options)
    const decorate = (
      target: object,
      contextOrName: ClassMethodDecoratorContext | string | symbol,
      descriptor?: PropertyDescriptor,
    ): unknown => {
      if (contextOrName === undefined) throw oldForm()
      if (typeof contextOrName !== 'object')
        return this.#legacy(wrap, options, target, contextOrName, descriptor)
      return this.#standard(wrap, options, target as AnyFunction, contextOrName)
    }
    return decorate as unknown as CachedDecorator<Self, F>
  }

  /**
   * The cache of a decorated method.
   * @throws {OptionError} if there is none.
   */
  cacheOf(self: object, name: PropertyKey): FunctionCache {
    const method: unknown = Object(self) === self ? Reflect.get(self, name) : undefined
    const cacheOf = typeof method === 'function' ? this.#cacheOf.get(method) : undefined
    if (cacheOf === undefined) {
      throw new OptionError(
        `method: ${shown(self)} has no method ${String(name)} that is decorated with cached() of this cache, or another ` +
          'decorator above hides it. Write cached() above the others.',
      )
    }
    return cacheOf(self)
  }

  /** The class is known when the decorator runs: the target is its prototype, or itself for a static method. */
  #legacy(
    wrap: WrapMethod,
    options: Pick<CachedOptions, 'name'>,
    target: object,
    name: string | symbol,
    descriptor: PropertyDescriptor | undefined,
  ): void {
    const method: unknown = descriptor?.value
    if (descriptor === undefined || typeof method !== 'function') throw notAMethod(name)
    const cache = wrap(method as AnyFunction, options.name === undefined ? fullName(target, name) : undefined)
    descriptor.value = this.#replace(method as AnyFunction, () => cache)
  }

  /** The class is known when it is complete (static methods), or when the first instance is made. */
  #standard(
    wrap: WrapMethod,
    options: Pick<CachedOptions, 'name'>,
    method: AnyFunction,
    context: ClassMethodDecoratorContext,
  ): AnyFunction {
    if (context.kind !== 'method') throw notAMethod(context.name)
    if (options.name !== undefined) {
      const named = wrap(method)
      return this.#replace(method, () => named)
    }
    const owners = new OwnerCaches(context, (owner) => wrap(method, fullName(owner, context.name)))
    const replacement = this.#replace(method, (self) => owners.cacheOf(self, replacement))
    // So that a clash of names is told before the first call.
    context.addInitializer(function (this: unknown) {
      owners.cacheOf(this as object, replacement)
    })
    return replacement
  }

  #replace(method: AnyFunction, cacheOf: CacheOf): AnyFunction {
    function cached(this: object, ...args: readonly unknown[]): Promise<unknown> {
      let cache: FunctionCache
      try {
        cache = cacheOf(this)
      } catch (error) {
        return Promise.reject(error)
      }
      return cache.call(this, args)
    }
    const { name, length } = method
    const replacement = define(keepProperties(cached, method), { name, length })
    this.#cacheOf.set(replacement, cacheOf)
    return markCached(replacement, unwrap(method, this.#address).original, this.#address)
  }
}

type CacheOf = (self: object) => FunctionCache

/**
 * The caches of one method, by the class that owns it. That is the class which declares it, under whose name all its
 * subclasses share results. JavaScript does not tell that class of a private method, nor of one that another decorator
 * covers: then each class keeps results of its own, which is less sharing, yet the same in every process.
 */
class OwnerCaches {
  readonly #context: ClassMethodDecoratorContext
  readonly #wrap: (owner: object) => FunctionCache
  readonly #byClass = new WeakMap<object, FunctionCache>()
  #declared: FunctionCache | undefined

  constructor(context: ClassMethodDecoratorContext, wrap: (owner: object) => FunctionCache) {
    this.#context = context
    this.#wrap = wrap
  }

  cacheOf(self: object | undefined, method: AnyFunction): FunctionCache {
    if (this.#declared !== undefined) return this.#declared
    if (self === undefined || self === null) {
      throw new OptionError(
        `${String(this.#context.name)}: called without its object before any was made. Call it as a method, or bind it.`,
      )
    }
    const own: object = this.#context.static ? self : Object.getPrototypeOf(self)
    const declaring = this.#declaring(own, method)
    if (declaring !== undefined) {
      this.#declared = this.#wrap(declaring)
      return this.#declared
    }
    let cache = this.#byClass.get(own)
    if (cache === undefined) {
      cache = this.#wrap(own)
      this.#byClass.set(own, cache)
    }
    return cache
  }

  #declaring(own: object, method: AnyFunction): object | undefined {
    const { name } = this.#context
    for (let owner: object | null = own; owner !== null; owner = Object.getPrototypeOf(owner)) {
      if (Object.getOwnPropertyDescriptor(owner, name)?.value === method) return owner
    }
    return undefined
  }
}

function checkSelf(options: { readonly this?: unknown } | undefined): void {
  if (options?.this !== 'shared' && typeof options?.this !== 'function') {
    throw new OptionError(
      "cached: say what `this` means for the results. Either all instances share them ({ this: 'shared' }), or a function " +
        'picks what tells instances apart ({ this: (self) => self.tenant }).',
    )
  }
}

const notAMethod = (name: string | symbol): OptionError =>
  new OptionError(`cached: ${String(name)} is no method. Decorate methods, or wrap() functions.`)

/** Some compilers use the proposal of 2018: decorators are called with one object that describes the method. */
const oldForm = (): OptionError =>
  new OptionError(
    'cached: your compiler uses the decorator proposal of 2018, which is not supported. Set experimentalDecorators: true ' +
      'in tsconfig.json, or use wrap().',
  )

/** What compilers call a class without a name: the same name for unrelated classes. */
const NAMELESS = /^(default|(default|class)_\d+|_[a-z])?$/

function fullName(owner: object, name: string | symbol): string {
  const declaring: unknown = typeof owner === 'function' ? owner : owner.constructor
  const className: unknown = typeof declaring === 'function' ? declaring.name : undefined
  if (typeof className !== 'string' || NAMELESS.test(className)) {
    throw new OptionError(
      `cached: the class of ${String(name)} has no name. Name the method: cached({ name: … }).`,
    )
  }
  return `${className}.${String(name)}`
}
