import { beforeEach, describe, expect, test } from 'vitest'
import { IdentityError, LruTPolicy, MemoryStore, OptionError, RedisFuncCache } from '../../src/index.ts'
import { DECORATOR_KINDS, type DecoratorKind, loadFixture } from './load-fixture.ts'
import type * as Methods from './methods.fixture.ts'
import type * as Private from './private.fixture.ts'

const KINDS = Object.keys(DECORATOR_KINDS) as DecoratorKind[]

let cache: RedisFuncCache
let runs: string[]

beforeEach(() => {
  cache = new RedisFuncCache('methods', new LruTPolicy(), { store: new MemoryStore() })
  runs = []
})

describe.each(KINDS)('cached methods (%s)', async (kind) => {
  const fixture = await loadFixture<typeof Methods>('methods', kind)

  test('are computed once for what `this` means', async () => {
    const Products = fixture.makeProducts(cache, runs)
    const [acme, again, other] = [new Products('acme'), new Products('acme'), new Products('other')]
    expect(await acme.list(1)).toBe('acme 1 10')
    expect(await again.list(1)).toBe('acme 1 10')
    expect(await other.list(1)).toBe('other 1 10')
    expect(await acme.list(1, 20)).toBe('acme 1 20')
    expect(runs).toEqual(['list acme', 'list other', 'list acme'])
  })

  test('share what is said to be shared, by the key that is said to count', async () => {
    const Products = fixture.makeProducts(cache, runs)
    expect(await new Products('a').parity(1)).toBe(1)
    expect(await new Products('b').parity(3)).toBe(1)
    expect(await new Products('b').parity(2)).toBe(2)
    expect(runs).toEqual(['parity', 'parity'])
  })

  test('are known as Class.method', () => {
    const Products = fixture.makeProducts(cache, runs)
    const products = new Products('acme')
    const nameOf = (name: Exclude<keyof typeof products, 'tenant'>): string =>
      cache.method(products, name).identity.name
    expect(nameOf('list')).toBe('Products.list')
    expect(nameOf(fixture.list)).toBe('Products.Symbol(list)')
    expect(nameOf('with a space')).toBe('Products.with a space')
    expect(nameOf('other')).toBe('named')
    expect(cache.method(Products, 'find').identity.name).toBe('Products.find')
  })

  test('may be static, or named by a symbol or any text', async () => {
    const Products = fixture.makeProducts(cache, runs)
    class Special extends Products {}
    const products = new Products('acme')
    for (let i = 0; i < 2; i++) {
      expect(await Products.find(7)).toBe('Products 7')
      expect(await Special.find(7)).toBe('Special 7')
      expect(await products[fixture.list](2)).toBe('symbol 2')
      expect(await products['with a space']()).toBe('space')
      expect(await products.other()).toBe('other')
    }
    expect(runs).toEqual(['find Products', 'find Special', 'symbol', 'space', 'other'])
    expect(await cache.method(Special, 'find').invalidate(7)).toBe(true)
    expect(await Products.find(7)).toBe('Products 7')
    expect(runs).toHaveLength(5)
  })

  test('look like the methods they replace', () => {
    const { prototype } = fixture.makeProducts(cache, runs)
    expect(prototype.list.name).toBe('list')
    expect(prototype.list.length).toBe(1)
    expect(Object.keys(prototype)).toEqual([])
  })

  test('reject as the methods they replace, and that is not stored', async () => {
    const products = new (fixture.makeProducts(cache, runs))('acme')
    await expect(products.broken()).rejects.toThrow(new RangeError('broken'))
    await expect(products.broken()).rejects.toThrow(RangeError)
    expect(runs).toEqual(['broken', 'broken'])
    expect(await cache.getSize()).toBe(0)
  })

  test('can be called without their object if they need none, and reject if they do', async () => {
    const Products = fixture.makeProducts(cache, runs)
    const { parity, list } = new Products('acme')
    expect(await parity(4)).toBe(4)
    await expect(list(1)).rejects.toThrow(TypeError)
  })

  test('have handles', async () => {
    const Products = fixture.makeProducts(cache, runs)
    const [acme, other] = [new Products('acme'), new Products('other')]
    const [list, others] = [cache.method(acme, 'list'), cache.method(other, 'list')]
    expect(await list(1)).toBe('acme 1 10')
    expect(await list.peek(1)).toBe('acme 1 10')
    expect(await others.peek(1)).toBeUndefined()
    expect(list.keyOf(1)).not.toEqual(others.keyOf(1))
    expect(await others.invalidate(1)).toBe(false)
    expect(await list.refresh(1)).toBe('acme 1 10')
    expect(await acme.forget(1)).toBe(true)
    await list.prime([1], 'primed')
    expect(await acme.list(1)).toBe('primed')
    expect(await other.list(1)).toBe('other 1 10')
    expect(runs).toEqual(['list acme', 'list acme', 'list other'])
    expect(list.original.name).toBe('list')
  })

  test('are distinguished from other functions', () => {
    const products = new (fixture.makeProducts(cache, runs))('acme')
    const elsewhere = new RedisFuncCache('other', new LruTPolicy(), { store: new MemoryStore() })
    expect(() => cache.method(products, 'forget')).toThrow(OptionError)
    expect(() => elsewhere.method(products, 'list')).toThrow(OptionError)
  })

  test('are inherited under the name of the class that declares them', async () => {
    const { Books, Used, Rare } = fixture.makeFamily(cache, runs)
    // The subclasses first: whoever comes first must not decide about names.
    const [rare, used, books] = [new Rare(), new Used(), new Books()]
    expect(await rare.title(1)).toBe('rare title 1')
    expect(await used.title(1)).toBe('title 1')
    expect(await books.title(1)).toBe('title 1')
    expect(runs).toEqual(['Rare', 'Books'])
    expect(cache.method(used, 'title').identity.name).toBe('Books.title')
    expect(cache.method(rare, 'title').identity.name).toBe('Rare.title')
    expect(await Used.count()).toBe(3)
    expect(await Books.count()).toBe(3)
    expect(runs).toEqual(['Rare', 'Books', 'count'])
    expect(cache.method(Used, 'count').identity.name).toBe('Books.count')
  })

  test('of two classes of one name are refused before the first call', () => {
    const make = (which: 'makeNamesake' | 'makeTwin') => () => new (fixture[which](cache))()
    make('makeNamesake')()
    expect(make('makeTwin')).toThrow(IdentityError)
    expect(make('makeTwin')).toThrow("'Products.list'")
  })

  test('of two classes of one name and different code share nothing', async () => {
    const Products = fixture.makeProducts(cache, runs)
    const Namesake = fixture.makeNamesake(cache)
    expect(await new Products('acme').list(1)).toBe('acme 1 10')
    expect(await new Namesake().list()).toBe('namesake')
  })

  test('get along with other decorators', async () => {
    const { Stack, Higher } = fixture.makeStack(cache, runs, mark)
    for (let i = 0; i < 2; i++) {
      for (const stack of [new Higher(), new Stack()]) {
        expect(await stack.above(1)).toBe('below: above 1')
        expect(await stack.below(1)).toBe('hides: below 1')
      }
    }
    expect(runs.filter((run) => run === 'above')).toHaveLength(1)
    expect(cache.method(new Stack(), 'above').identity.name).toBe('Stack.above')
    expect(() => cache.method(new Stack(), 'below')).toThrow('above other decorators')
  })

  test('are methods that return promises', () => {
    expect(() => new (fixture.makeGenerator(cache))()).toThrow(/generator/)
    expect(() => fixture.makeGetter(cache)).toThrow(/size is not a method/)
    expect(() => fixture.makeField(cache)).toThrow(/load is not a method/)
  })

  test.each([{}, { this: true }, undefined])('must say what `this` means: %o', (options) => {
    expect(() => cache.cached(options as never)).toThrow(OptionError)
  })
})

describe.each(KINDS.filter((kind) => kind.startsWith('TC39')))('TC39 alone (%s)', async (kind) => {
  const fixture = await loadFixture<typeof Private>('private', kind)

  test('the class is not known before an object of it is made', async () => {
    const { load } = fixture.makeExpression(cache).prototype
    await expect(load(1)).rejects.toThrow(OptionError)
  })

  test('private methods', async () => {
    const { Vault } = fixture.makePrivate(cache, runs)
    for (const vault of [new Vault(), new Vault()]) {
      expect(await vault.secret(1)).toBe('secret 1')
      expect(await vault.other(1)).toBe('other 1')
      expect(await Vault.key(1)).toBe('key 1')
    }
    expect(runs).toEqual(['secret', 'other', 'key'])
  })

  test('private methods keep the results of subclasses apart, unless they have a name', async () => {
    const { Vault, Safe } = fixture.makePrivate(cache, runs)
    const objects = [new Safe(), new Vault(), new Safe()]
    for (const object of objects) await object.secret(1)
    expect(runs).toEqual(['secret', 'secret'])
    for (const object of objects) await object.other(1)
    expect(runs).toEqual(['secret', 'secret', 'other'])
  })

  test('a class expression has the name of its variable, or none', async () => {
    const Named = fixture.makeExpression(cache)
    expect(cache.method(new Named(), 'load').identity.name).toBe('Named.load')
    const Nameless = fixture.makeNameless(cache)
    expect(() => new Nameless()).toThrow(OptionError)
    expect(() => fixture.makeNamelessStatic(cache)).toThrow(/Name the method/)
    const NamelessNamed = fixture.makeNamelessNamed(cache)
    expect(await new NamelessNamed().load(1)).toBe(1)
  })
})

test('the error for a compiler that calls decorators as of 2018 says what to set', () => {
  const cache = new RedisFuncCache('old', new LruTPolicy(), { store: new MemoryStore() })
  const decorate = cache.cached({ this: 'shared' }) as unknown as (...args: unknown[]) => void
  const element = {
    kind: 'method',
    key: 'list',
    placement: 'prototype',
    descriptor: { value: async () => 1 },
  }
  expect(() => decorate(element)).toThrow(OptionError)
  expect(() => decorate(element)).toThrow(/experimentalDecorators: true in tsconfig\.json/)
})

/** A decorator of both kinds that puts a text before the result. */
function mark(text: string): Methods.AnyMark {
  type Method = (id: number) => Promise<string>
  const replace = (method: Method): Method =>
    async function (this: unknown, id) {
      return `${text}: ${await method.call(this, id)}`
    }
  const decorate = (
    target: Method | object,
    _context: unknown,
    descriptor?: TypedPropertyDescriptor<Method>,
  ) => {
    if (descriptor?.value === undefined) return replace(target as Method)
    descriptor.value = replace(descriptor.value)
    return undefined
  }
  return decorate as Methods.AnyMark
}
