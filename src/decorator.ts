import type { FunctionCache } from './cached-function.ts'
import { OptionError } from './errors.ts'
import type { AnyFunction } from './keys/function-identity.ts'
import type { WrapOptions } from './options.ts'

/** Options of a cached method: those of `wrap`, and what of `this` tells calls apart, which has to be said. */
export interface CachedOptions<Self = never> extends Omit<WrapOptions, 'this' | 'key'> {
  /** A function that picks it, or `'shared'` if all instances may share results. */
  readonly this: 'shared' | ((self: Self) => unknown)
  /** What tells its calls apart, instead of the arguments. */
  readonly key?: (...args: never[]) => unknown
}

/** A method that can be cached: one that returns promises already, since a decorator cannot change a type. */
type AsyncMethod = (...args: never[]) => Promise<unknown>

/** A method decorator of the TC39 standard, and of TypeScript's `experimentalDecorators`. */
export interface CachedDecorator {
  <F extends AsyncMethod>(method: F, context: ClassMethodDecoratorContext): F
  <F extends AsyncMethod>(target: object, name: string | symbol, descriptor: TypedPropertyDescriptor<F>): void
}

/** Wraps a method once its full name is known. */
export type WrapMethod = (method: AnyFunction, name: string) => FunctionCache

/** Decorated methods, and what makes their caches. */
export class DecoratedMethods {
  readonly #cacheOf = new WeakMap<object, (self: object) => FunctionCache>()

  /** @throws {OptionError} if it is not said what `this` means. */
  decorator<Self>(wrap: WrapMethod, options: CachedOptions<Self>): CachedDecorator {
    checkSelf(options)
    const decorate = (
      target: object,
      contextOrName: ClassMethodDecoratorContext | string | symbol,
      descriptor?: PropertyDescriptor,
    ): unknown => {
      if (typeof contextOrName !== 'object')
        return this.#legacy(wrap, options, target, contextOrName, descriptor)
      return this.#standard(wrap, options, target as AnyFunction, contextOrName)
    }
    return decorate as CachedDecorator
  }

  /** The cache of a decorated method. */
  cacheOf(self: object, name: PropertyKey): FunctionCache {
    const method: unknown = Reflect.get(self, name)
    const cacheOf = typeof method === 'function' ? this.#cacheOf.get(method) : undefined
    if (cacheOf === undefined)
      throw new OptionError(`method: ${String(name)} is not decorated with this cache's cached().`)
    return cacheOf(self)
  }

  /** The class is known when the decorator runs: the target is its prototype, or itself for a static method. */
  #legacy(
    wrap: WrapMethod,
    options: CachedOptions,
    target: object,
    name: string | symbol,
    descriptor: PropertyDescriptor | undefined,
  ): void {
    const method: unknown = descriptor?.value
    if (descriptor === undefined || typeof method !== 'function') throw notAMethod(name)
    const cache = wrap(method as AnyFunction, options.name ?? fullName(target, name))
    descriptor.value = this.#replace(method as AnyFunction, () => cache)
  }

  /** The class is known when the first instance is made, or at the first call without one. */
  #standard(
    wrap: WrapMethod,
    options: CachedOptions,
    method: AnyFunction,
    context: ClassMethodDecoratorContext,
  ): AnyFunction {
    if (context.kind !== 'method') throw notAMethod(context.name)
    let cache = options.name === undefined ? undefined : wrap(method, options.name)
    const cacheOf = (self: object): FunctionCache => {
      cache ??= wrap(method, fullName(ownerOf(self, context.name, replacement), context.name))
      return cache
    }
    const replacement = this.#replace(method, cacheOf)
    // So that a clash of names is told before the first call.
    if (!context.private) {
      context.addInitializer(function (this: unknown) {
        cacheOf(this as object)
      })
    }
    return replacement
  }

  #replace(method: AnyFunction, cacheOf: (self: object) => FunctionCache): AnyFunction {
    function cached(this: object, ...args: readonly unknown[]): Promise<unknown> {
      return cacheOf(this).call(this, args)
    }
    Object.defineProperty(cached, 'name', { value: method.name })
    Object.defineProperty(cached, 'length', { value: method.length })
    this.#cacheOf.set(cached, cacheOf)
    return cached
  }
}

function checkSelf(options: Partial<CachedOptions>): void {
  if (options.this !== 'shared' && typeof options.this !== 'function') {
    throw new OptionError(
      "cached: say what `this` means for the results. Either all instances share them ({ this: 'shared' }), or a function " +
        'picks what tells instances apart ({ this: (self) => self.tenant }).',
    )
  }
}

const notAMethod = (name: string | symbol): OptionError =>
  new OptionError(`cached: ${String(name)} is no method. Decorate methods, or wrap() functions.`)

/** The prototype (or class) that declares a method, so that all its subclasses give it the same name. */
function ownerOf(self: object, name: string | symbol, method: AnyFunction): object {
  for (let owner: object | null = self; owner !== null; owner = Object.getPrototypeOf(owner)) {
    if (Object.getOwnPropertyDescriptor(owner, name)?.value === method) return owner
  }
  return Object.getPrototypeOf(self) ?? self
}

function fullName(owner: object, name: string | symbol): string {
  const declaring = typeof owner === 'function' ? owner : owner.constructor
  if (declaring.name === '') {
    throw new OptionError(
      `cached: the class of ${String(name)} has no name. Name the method: cached({ name: … }).`,
    )
  }
  return `${declaring.name}.${String(name)}`
}
