import { runCall } from '../call/call-runner.ts'
import type { FunctionContext } from '../call/function-context.ts'
import { shown } from '../validation/checks.ts'
import { define, keepProperties } from './function-properties.ts'
import { OptionError } from '../errors.ts'
import type { AnyFunction } from '../keys/function-identity.ts'
import { type CacheAddress, markCached, unwrap } from '../keys/unwrapping.ts'
import type { WrapOptions } from '../options/function-options.ts'

/**
 * Options of a cached method: the options of `wrap`, of which `this` is required.
 *
 * Callbacks get the result and the arguments of the decorated method.
 */
export interface CachedOptions<Self = never, F extends AsyncMethod = AsyncMethod>
  extends Omit<WrapOptions<F>, 'this'> {
  /** What of `this` tells calls apart: a function that picks it, or `'shared'` if all instances share their results. */
  readonly this: 'shared' | ((self: Self) => unknown)
}

/** A method that can be decorated: one that returns promises, since a decorator cannot change the type of a method. */
export type AsyncMethod = (...args: never[]) => Promise<unknown>

/**
 * A method decorator, both of the TC39 proposal and of TypeScript's `experimentalDecorators`.
 *
 * Written above other decorators, it caches what they make of the method. Written below others, it caches the method alone, and
 * `cache.method()` does not find it.
 * @see https://github.com/tc39/proposal-decorators
 */
export type CachedDecorator<Self = never, F extends AsyncMethod = AsyncMethod> = (
  ...decorated:
    | [method: F, context: ClassMethodDecoratorContext<OrAnything<Self>>]
    | [target: OrAnything<Self>, name: string | symbol, descriptor: { readonly value?: F | undefined }]
) => never // `never` fits both kinds: one expects the method, the other nothing

/** The type of `this`, as far as the options tell it. */
type OrAnything<Self> = [Self] extends [never] ? object : Self

/** Wraps a method under its own name, `Class.method`, if the user gave no name. */
export type WrapMethod = (method: AnyFunction, ownName?: string) => FunctionContext

/** The decorated methods of one cache. */
export class DecoratedMethods {
  readonly #contextOf = new WeakMap<object, ContextOf>()
  readonly #address: CacheAddress

  constructor(address: CacheAddress) {
    this.#address = address
  }

  /**
   * Makes the decorator.
   * @throws {OptionError} if the options do not say what of `this` tells calls apart.
   */
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
   * Finds what caches a decorated method.
   * @throws {OptionError} if the method is not decorated by this cache.
   */
  contextOf(self: object, name: PropertyKey): FunctionContext {
    const method: unknown = Object(self) === self ? Reflect.get(self, name) : undefined
    const contextOf = typeof method === 'function' ? this.#contextOf.get(method) : undefined
    if (contextOf === undefined) {
      throw new OptionError(
        `method: ${shown(self)} has no method ${String(name)} decorated with cached() of this cache, or another decorator above ` +
          'hides it. Decorate the method, and write cached() above other decorators.',
      )
    }
    return contextOf(self)
  }

  /** Legacy decorators know the class when they run: the target is its prototype, or the class for a static method. */
  #legacy(
    wrap: WrapMethod,
    options: Pick<CachedOptions, 'name'>,
    target: object,
    name: string | symbol,
    descriptor: PropertyDescriptor | undefined,
  ): void {
    const method: unknown = descriptor?.value
    if (descriptor === undefined || typeof method !== 'function') throw notAMethod(name)
    const fn = wrap(method as AnyFunction, options.name === undefined ? fullName(target, name) : undefined)
    descriptor.value = this.#replace(method as AnyFunction, () => fn)
  }

  /** Standard decorators learn the class when it is complete (static methods), or when the first instance is made. */
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
    const owners = new ContextsByOwner(context, (owner) => wrap(method, fullName(owner, context.name)))
    const replacement = this.#replace(method, (self) => owners.contextOf(self, replacement))
    // A clash of names is then reported before the first call.
    context.addInitializer(function (this: unknown) {
      owners.contextOf(this as object, replacement)
    })
    return replacement
  }

  #replace(method: AnyFunction, contextOf: ContextOf): AnyFunction {
    function cached(this: object, ...args: readonly unknown[]): Promise<unknown> {
      let fn: FunctionContext
      try {
        fn = contextOf(this)
      } catch (error) {
        return Promise.reject(error)
      }
      return runCall(fn, this, args)
    }
    const { name, length } = method
    const replacement = define(keepProperties(cached, method), { name, length })
    this.#contextOf.set(replacement, contextOf)
    return markCached(replacement, unwrap(method, this.#address).original, this.#address)
  }
}

type ContextOf = (self: object) => FunctionContext

/**
 * What caches one method, by the class that owns it.
 *
 * The owner is the class that declares the method; its subclasses share results under its name. JavaScript does not reveal that
 * class for a private method, nor for a method that another decorator covers. Then each class has results of its own: less is
 * shared, but the same in every process.
 */
class ContextsByOwner {
  readonly #context: ClassMethodDecoratorContext
  readonly #wrap: (owner: object) => FunctionContext
  readonly #byClass = new WeakMap<object, FunctionContext>()
  #declared: FunctionContext | undefined

  constructor(context: ClassMethodDecoratorContext, wrap: (owner: object) => FunctionContext) {
    this.#context = context
    this.#wrap = wrap
  }

  contextOf(self: object | undefined, method: AnyFunction): FunctionContext {
    if (this.#declared !== undefined) return this.#declared
    if (self === undefined || self === null) {
      throw new OptionError(
        `${String(this.#context.name)}: the method was called without its object, before the first object was made. Call it as a method, or bind it.`,
      )
    }
    const own: object = this.#context.static ? self : Object.getPrototypeOf(self)
    const declaring = this.#declaring(own, method)
    if (declaring !== undefined) {
      this.#declared = this.#wrap(declaring)
      return this.#declared
    }
    let fn = this.#byClass.get(own)
    if (fn === undefined) {
      fn = this.#wrap(own)
      this.#byClass.set(own, fn)
    }
    return fn
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
  if (typeof options === 'function') {
    throw new OptionError(
      "cached: this is the method, where options are expected. Call cached() above it, as in @cache.cached({ this: 'shared' }).",
    )
  }
  if (options?.this !== 'shared' && typeof options?.this !== 'function') {
    throw new OptionError(
      "cached: the option this is missing. Give { this: 'shared' } if all instances share results, or a function that picks " +
        'what tells instances apart: { this: (self) => self.tenant }.',
    )
  }
}

const notAMethod = (name: string | symbol): OptionError =>
  new OptionError(
    `cached: ${String(name)} is not a method. Decorate methods only, and use wrap() for functions.`,
  )

/** Some compilers implement the proposal of 2018, which calls a decorator with one object that describes the method. */
const oldForm = (): OptionError =>
  new OptionError(
    'cached: your compiler uses the decorator proposal of 2018, which is not supported. Set experimentalDecorators: true ' +
      'in tsconfig.json, or use wrap().',
  )

/** The names that compilers give to nameless classes: unrelated classes get the same one. */
const NAMELESS = /^(default|(default|class)_\d+|_[a-z])?$/

function fullName(owner: object, name: string | symbol): string {
  const declaring: unknown = typeof owner === 'function' ? owner : owner.constructor
  const className: unknown = typeof declaring === 'function' ? declaring.name : undefined
  if (typeof className !== 'string' || NAMELESS.test(className)) {
    throw new OptionError(
      `cached: the class of the method ${String(name)} has no name. Name the method: cached({ name: … }).`,
    )
  }
  return `${className}.${String(name)}`
}
