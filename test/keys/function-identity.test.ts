import { transform } from 'esbuild'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  IdentityError,
  LruTPolicy,
  MemoryStore,
  OptionError,
  RedisFuncCache,
  type WrapOptions,
} from '../../src/index.ts'
import type { AnyFunction } from '../../src/keys/function-identity.ts'
import { DECORATOR_KINDS, type DecoratorKind, loadFixture } from '../functions/load-fixture.ts'
import type * as Twins from '../functions/twins.fixture.ts'

let store: MemoryStore
const newCache = (name = 'identity', prefix = 'fcache:'): RedisFuncCache =>
  new RedisFuncCache(name, new LruTPolicy(), { store, prefix })

const warned: string[] = []

beforeEach(() => {
  store = new MemoryStore()
  warned.length = 0
  vi.spyOn(process, 'emitWarning').mockImplementation((warning) => void warned.push(String(warning)))
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

type GetProduct = (id: number) => Promise<string>

/** One module as two bundles have it: minified, and with other names, as other things stand beside it. */
async function bundled(beside: string): Promise<GetProduct> {
  const source = `${beside}
    const titleOf = (id, title = 'Product ' + id) => title
    export const getProduct = async (id, of = titleOf(id)) => of`
  const { code } = await transform(source, { minify: true })
  const module = (await import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(code)}`)) as {
    getProduct: GetProduct
  }
  return module.getProduct
}

const bundles = () => Promise.all([bundled(''), bundled('const one = 1; export const two = one + one;')])

describe('a name that is given', () => {
  test('is one function in every bundle: what one invalidates, the other computes anew', async () => {
    const [ofWeb, ofWorker] = await bundles()
    expect(String(ofWeb)).not.toBe(String(ofWorker))
    const web = newCache().wrap(ofWeb, { name: 'getProduct', ttl: '1h' })
    const worker = newCache().wrap(ofWorker, { name: 'getProduct', ttl: '1h' })
    await web(42)
    expect(worker.keyOf(42)).toEqual(web.keyOf(42))
    expect(await worker.peek(42)).toBe('Product 42')
    expect(await worker.invalidate(42)).toBe(true)
    expect(await web.peek(42)).toBeUndefined()
  })

  test.each<[given: string, options: WrapOptions, isShared: boolean]>([
    ['no name', {}, false],
    ['a version alone', { version: 1 }, false],
    ['a name', { name: 'f' }, true],
    ['a name and a version', { name: 'f', version: 1 }, true],
    ['a name, and source: false', { name: 'f', source: false }, true],
    ['a name, and source: undefined', { name: 'f', source: undefined }, true],
    ['a name, and source: true', { name: 'f', source: true }, false],
    ['source: false', { source: false }, true],
  ])('takes the place of the source text: %s', (_, options, isShared) => {
    const named = (fn: AnyFunction) => Object.defineProperty(fn, 'name', { value: 'f' })
    const texts = [named(() => 1), named(() => 2)] as const
    const [one, other] = texts.map((fn) => newCache().wrap(fn, options).identity.text)
    expect(one === other).toBe(isShared)
    const [ones, others] = texts.map(
      (fn) => newCache().wrapMany(fn as () => [], options as object).identity.text,
    )
    expect(ones === others).toBe(isShared)
    expect(ones).toBe(one)
  })

  test('and a version distinguish changed code', async () => {
    const before = newCache().wrap((id: number) => `before ${id}`, { name: 'getProduct', version: 1 })
    const after = newCache().wrap((id: number) => `after ${id}`, { name: 'getProduct', version: 2 })
    await before(1)
    expect(await after(1)).toBe('after 1')
    expect(await before(1)).toBe('before 1')
  })

  test('is for one function of a cache', () => {
    const cache = newCache()
    cache.wrap((id: number) => id, { name: 'same' })
    expect(() => cache.wrap((id: number) => id + 1, { name: 'same' })).toThrow(IdentityError)
    expect(() => cache.wrap((id: number) => id + 1, { name: 'same', version: 1 })).not.toThrow()
    cache.wrapMany((ids: readonly number[]) => ids, { name: 'rows' })
    expect(() => cache.wrapMany((ids: readonly number[]) => [...ids], { name: 'rows' })).toThrow(
      IdentityError,
    )
  })
})

describe.each(Object.keys(DECORATOR_KINDS) as DecoratorKind[])('a decorated method (%s)', async (kind) => {
  const fixture = await loadFixture<typeof Twins>('twins', kind)

  test('is identified by its text too: a minifier may give two classes one name', async () => {
    const [One, Other] = [fixture.makeOne(newCache()), fixture.makeOther(newCache())]
    expect(One.name).toBe(Other.name)
    expect(await new One().list(1)).toBe('one 1')
    expect(await new Other().list(1)).toBe('other 1')
  })

  test('is one method in every bundle if it has a name', async () => {
    const [one, other] = [newCache(), newCache()]
    const [One, Other] = [fixture.makeOne(one), fixture.makeOther(other)]
    expect(await new One().named(1)).toBe('one 1')
    expect(await new Other().named(1)).toBe('one 1')
    expect(await other.method(new Other(), 'named').invalidate(1)).toBe(true)
    expect(await one.method(new One(), 'named').peek(1)).toBeUndefined()
  })

  test('of one object needs a name to be wrapped again', async () => {
    const cache = newCache('inner')
    const products = new (fixture.makeOne(cache))()
    const list = cache.method(products, 'list')
    expect(() => newCache().wrap(list)).toThrow(IdentityError)
    for (const outer of [cache, newCache()]) {
      expect(await outer.wrap(list, { name: 'list of one' })(1)).toBe('one 1')
    }
    expect(await list.peek(1)).toBe('one 1')
  })

  test('that is wrapped again is identified by its own text', async () => {
    const [One, Other] = [fixture.makeOne(newCache()), fixture.makeOther(newCache())]
    const [one, other] = [newCache().wrap(new One().list), newCache().wrap(new Other().list)]
    expect(await one(1)).toBe('one 1')
    expect(await other(1)).toBe('other 1')
  })
})

describe('a function without a source text', () => {
  const load = async (id: number): Promise<number> => id
  class Products {
    async list(id: number): Promise<number> {
      return id
    }
  }
  const handler: ProxyHandler<typeof load> = {}

  test.each<[given: string, fn: AnyFunction]>([
    ['a bound function', load.bind(undefined)],
    ['a bound method', new Products().list.bind(new Products())],
    ['a function bound twice', load.bind(undefined).bind(undefined)],
    ['a built-in function', Math.max],
    ['a built-in class', Map as unknown as AnyFunction],
    ['a proxy', new Proxy(load, handler)],
    ['a proxy of a bound function', new Proxy(load.bind(undefined), handler)],
    [
      'one that says another text of itself',
      Object.assign(load.bind(undefined), { toString: () => '() => 1' }),
    ],
  ])('needs a name: %s', async (_, fn) => {
    const cache = newCache()
    for (const options of [{}, { version: 1 }, { source: false }, { source: true }]) {
      const wraps = [() => cache.wrap(fn, options), () => cache.wrapMany(fn as () => [], options)]
      for (const wrap of wraps) {
        expect(wrap).toThrow(IdentityError)
        expect(wrap).toThrow(/has no source text .*Name it: wrap\(fn, \{ name: … \}\)/)
      }
    }
    expect(cache.wrap(fn, { name: 'named' }).original).toBe(fn)
    expect(() => cache.wrap(fn, { name: 'named', source: true })).toThrow(/^source: named has no source text/)
  })

  test('is not one that only speaks of native code', () => {
    const cache = newCache()
    cache.wrap(function quotes() {
      return 'function () { [native code] }'
    })
    cache.wrap(function comments() {
      /* { [native code] } */
    })
    expect(cache.wrap(Object.assign(load, { toString: () => '{ [native code] }' })).name).toBe('load')
  })

  test('made by a wrapper: a second one of that text is refused', () => {
    const withRetry = (fn: AnyFunction) =>
      async function retried(...args: never[]) {
        return fn(...args)
      }
    const cache = newCache()
    cache.wrap(withRetry(load))
    expect(() => cache.wrap(withRetry(Math.max))).toThrow(IdentityError)
    expect(cache.wrap(withRetry(Math.max), { name: 'max' }).name).toBe('max')
  })
})

describe('what is not a function to be called', () => {
  class Products {
    readonly id = 1
  }
  const { class: method } = { class: async () => 1 }

  test.each([
    ['a class', Products],
    ['a class without a name', class {}],
    ['a derived class', class extends Products {}],
  ])('is refused: %s', (_, fn) => {
    const wrap = () => newCache().wrap(fn as unknown as AnyFunction, { name: 'products' })
    expect(wrap).toThrow(OptionError)
    expect(wrap).toThrow(/^wrap: .* is a class, which cannot be called without new/)
  })

  test('but not a method that is called class, nor a constructor of old', async () => {
    const methods = {
      class(id: number) {
        return id
      },
    }
    function Old(this: unknown) {
      return 1
    }
    expect(await newCache().wrap(method, { name: 'method' })()).toBe(1)
    expect(await newCache().wrap(methods.class)(1)).toBe(1)
    expect(await newCache().wrap(Old)()).toBe(1)
  })
})

describe('a function that is cached already', () => {
  const runs: string[] = []
  beforeEach(() => void (runs.length = 0))
  const getUser = async (id: number): Promise<string> => {
    runs.push(`user ${id}`)
    return `user ${id}`
  }
  const getTeam = async (id: number): Promise<string> => {
    runs.push(`team ${id}`)
    return `team ${id}`
  }

  test('is known by its original in the same cache, and does not wait for itself', async () => {
    for (const cache of [newCache('same'), newCache('same')]) {
      const once = cache.wrap(getUser, { singleFlight: 'global' })
      const twice = cache.wrap(once, { singleFlight: 'global' })
      const thrice = newCache('same').wrap(twice.with({}), { singleFlight: 'global' })
      for (const again of [twice, thrice]) {
        expect(again.original).toBe(getUser)
        expect(again.identity.text).toBe(once.identity.text)
        expect(await again(1)).toBe('user 1')
      }
    }
    expect(runs).toEqual(['user 1'])
  })

  test('is distinguished from another one by another cache, and still cached by its own', async () => {
    const far = newCache('far')
    const [user, team] = [far.wrap(getUser, { name: 'get' }), far.wrap(getTeam, { name: 'get', version: 2 })]
    const [near, other] = [newCache('near').wrap(user), newCache('near').wrap(team)]
    expect([near.original, other.original]).toEqual([getUser, getTeam])
    expect(near.name).toBe('get')
    expect([await near(1), await other(1)]).toEqual(['user 1', 'team 1'])
    expect([await user(1), await team(1)]).toEqual(['user 1', 'team 1'])
    expect(runs).toEqual(['user 1', 'team 1'])
  })

  test('is another cache with another prefix, or in another store', async () => {
    const far = newCache('twin').wrap(getUser)
    await newCache('twin', 'other:').wrap(far)(1)
    expect(await far.peek(1)).toBe('user 1')
    const elsewhere = new RedisFuncCache('twin', new LruTPolicy(), { store: new MemoryStore() })
    await elsewhere.wrap(far)(2)
    expect(await far.peek(2)).toBe('user 2')
  })

  test('of many ids, too', async () => {
    const load = async (ids: readonly number[]): Promise<string[]> => ids.map(String)
    const cache = newCache()
    const again = cache.wrapMany(cache.wrapMany(load))
    expect(again.original).toBe(load)
    expect(await again([1, 2])).toEqual(['1', '2'])
    const near = newCache('near').wrapMany(cache.wrapMany(load))
    expect(await near([3])).toEqual(['3'])
    expect(await again.peek([1, 3])).toEqual(['1', '3'])
  })

  test('behind a wrapper that copies all properties is not looked through', async () => {
    const cached = newCache().wrap(getUser)
    const loud = Object.defineProperties(
      async (id: number) => `${await cached(id)}!`,
      Object.getOwnPropertyDescriptors(cached),
    )
    expect(await newCache().wrap(loud, { name: 'loud' })(1)).toBe('user 1!')
    expect(() => newCache().wrap(new Proxy(cached, {}))).toThrow(IdentityError)
  })
})

describe('another function under a name of the cache', () => {
  const evaluated = (cache: RedisFuncCache, text: string, options: WrapOptions = {}) =>
    cache.wrap(async (id: number) => `${text} ${id}`, { name: 'getProduct', ...(options as object) })

  test('is refused, and the error says what to do where a module is evaluated again', () => {
    const cache = newCache()
    evaluated(cache, 'old')
    for (const options of [{}, { replace: false }, { replace: undefined }]) {
      expect(() => evaluated(cache, 'new', options)).toThrow(IdentityError)
      expect(() => evaluated(cache, 'new', options)).toThrow(
        /wrap it once.*client in globalThis.*cache in the module.*\{ replace: true \}.*docs\/deployments\.md/,
      )
    }
    expect(warned).toEqual([])
  })

  test('takes over with { replace: true }, and one warning', async () => {
    const cache = newCache('takes-over')
    const old = evaluated(cache, 'old')
    const newest = ['new', 'newer'].map((text) => evaluated(cache, text, { replace: true })).at(-1)
    expect(warned).toEqual([
      expect.stringMatching(/^Cache 'takes-over', getProduct: another function takes over/),
    ])
    expect(await newest?.(1)).toBe('newer 1')
    expect(await old(1), 'one entry for both').toBe('newer 1')
    expect(await old(2), 'the older one goes on with its own function').toBe('old 2')
    expect(await old.invalidate(1)).toBe(true)
    expect(await newest?.(1)).toBe('newer 1')
    // The newest one is what counts from now on.
    expect(() => evaluated(cache, 'newest')).toThrow(IdentityError)
    expect(cache.wrap(newest as AnyFunction, { name: 'getProduct' }).original).toBe(newest?.original)
  })

  test('does not join calls that the older one has in flight', async () => {
    const cache = newCache('under-way')
    let resolve: (value: string) => void = () => {}
    const gate = new Promise<string>((open) => {
      resolve = open
    })
    const old = cache.wrap(async (_id: number) => gate, { name: 'getProduct' })
    const first = old(1)
    const newest = evaluated(cache, 'new', { replace: true })
    expect(await newest(1)).toBe('new 1')
    resolve('old')
    expect(await first).toBe('old')
  })

  test('takes over by default in development, asked at each wrap', () => {
    const cache = newCache('in-development')
    evaluated(cache, 'old')
    vi.stubEnv('NODE_ENV', 'production')
    expect(() => evaluated(cache, 'new')).toThrow(IdentityError)
    vi.stubEnv('NODE_ENV', 'development')
    expect(() => evaluated(cache, 'new')).not.toThrow()
    expect(() => evaluated(cache, 'newer', { replace: false })).toThrow(IdentityError)
    expect(warned).toHaveLength(1)
    vi.stubEnv('NODE_ENV', 'production')
    expect(() => evaluated(cache, 'newest')).toThrow(IdentityError)
  })

  test('is refused where a runtime forbids to ask for the environment', () => {
    const cache = newCache()
    evaluated(cache, 'old')
    vi.spyOn(process, 'env', 'get').mockImplementation(() => {
      throw new Error('NotCapable: Requires env access')
    })
    expect(() => evaluated(cache, 'new')).toThrow(IdentityError)
  })

  test('takes over as a function of many ids, by name and beside entriesOf', async () => {
    const cache = newCache('many')
    const rows = (text: string) => async (ids: readonly number[]) => ids.map((id) => `${text} ${id}`)
    cache.wrapMany(rows('old'), { name: 'rows' })
    expect(() => cache.wrapMany(rows('new'), { name: 'rows' })).toThrow(IdentityError)
    expect(await cache.wrapMany(rows('new'), { name: 'rows', replace: true })([1])).toEqual(['new 1'])
    const entriesOf = evaluated(cache, 'one')
    cache.wrapMany(rows('old'), { entriesOf })
    expect(() => cache.wrapMany(rows('new'), { entriesOf })).toThrow(IdentityError)
    expect(await cache.wrapMany(rows('new'), { entriesOf, replace: true })([1])).toEqual(['new 1'])
    expect(warned).toHaveLength(2)
  })

  test('is one that was wrapped before as often as the same function is wrapped again', () => {
    const cache = newCache()
    const fn = async (id: number): Promise<number> => id
    for (let i = 0; i < 3; i++) cache.wrap(fn, { name: 'same', replace: true })
    expect(warned).toEqual([])
  })

  test.each(Object.keys(DECORATOR_KINDS) as DecoratorKind[])('takes over as a method (%s)', async (kind) => {
    const fixture = await loadFixture<typeof Twins>('twins', kind)
    const refusing = newCache()
    ;new (fixture.makeOne(refusing))()
    expect(() => new (fixture.makeOther(refusing))()).toThrow(IdentityError)
    const cache = newCache(`methods-${kind}`)
    const One = fixture.makeOne(cache)
    await new One().named(1)
    vi.stubEnv('NODE_ENV', 'development')
    const Other = fixture.makeOther(cache)
    expect(await new Other().named(2)).toBe('other 2')
    expect(await new One().named(3)).toBe('one 3')
    expect(warned).toHaveLength(1)
  })

  test.each(['yes', 1, null])('replace is true or false, not %o', (replace) => {
    const options = { name: 'x', replace } as never
    for (const wrap of [
      () => newCache().wrap(async () => 1, options),
      () => newCache().wrapMany(() => [], options),
    ]) {
      expect(wrap).toThrow(OptionError)
      expect(wrap).toThrow(/^replace: .* is neither true nor false/)
    }
  })

  test('is no matter of keys', () => {
    return expect(newCache().getOrSet('key', () => 1, { replace: true } as never)).rejects.toThrow(
      /^replace: getOrSet knows no such option/,
    )
  })
})

describe('arguments that are refused', () => {
  test('are named after the function', async () => {
    const getUser = newCache().wrap(async (_user: unknown) => 1, { name: 'getUser' })
    await expect(getUser(() => 1)).rejects.toThrow(/^getUser: arguments\[0\] is a function/)
  })

  test('are those for which the option key returns nothing, as without return', async () => {
    const key = (user: { id: number } | undefined): undefined => void user?.id
    const getUser = newCache().wrap(async (user: { id: number } | undefined) => user?.id, {
      name: 'getUser',
      key,
    })
    await expect(getUser({ id: 1 })).rejects.toThrow(
      /^getUser: the option `key` returned undefined.*`return`/,
    )
    await expect(getUser({ id: 1 })).rejects.toMatchObject({ code: 'ERR_ARGUMENTS', path: 'key(…)' })
    expect(await getUser(undefined)).toBeUndefined() // nothing was given, and nothing is the key
  })

  test('are none for which the option key returns null', async () => {
    const getUser = newCache().wrap(async (id: number) => id, { name: 'getUser', key: () => null })
    expect([await getUser(1), await getUser(2)]).toEqual([1, 1])
  })
})
