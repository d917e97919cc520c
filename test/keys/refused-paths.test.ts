// How a refused argument is called: as the caller counts, not as it is stored.
import { expect, test } from 'vitest'
import { ArgumentsError, LruTPolicy, MemoryStore, RedisFuncCache } from '../../src/index.ts'

const newCache = () => new RedisFuncCache('paths', new LruTPolicy(), { store: new MemoryStore() })
const odd = { deep: [() => {}] }

class Shop {
  readonly cache = newCache()
  readonly tenant: unknown
  readonly list: (...args: unknown[]) => Promise<unknown>

  constructor(tenant: unknown) {
    this.tenant = tenant
    this.list = this.cache.wrap(async (..._args: unknown[]) => 1, {
      name: 'list',
      this: (self: Shop) => self.tenant as object,
    })
  }
}

test.each<[what: string, call: () => Promise<unknown>, path: string]>([
  [
    'the first argument',
    () => newCache().wrap(async (_: unknown) => 1, { name: 'f' })(odd),
    'arguments[0].deep[0]',
  ],
  [
    'a later one',
    () => newCache().wrap(async (..._: unknown[]) => 1, { name: 'f' })(1, 'a', odd),
    'arguments[2].deep[0]',
  ],
  ['the first argument of a method', () => new Shop('a').list(odd), 'arguments[0].deep[0]'],
  ['a later one of a method', () => new Shop('a').list(1, odd), 'arguments[1].deep[0]'],
  ['what is picked of this', () => new Shop(odd).list(1), 'this.deep[0]'],
  [
    'what a key function returns',
    () => newCache().wrap(async (_: number) => 1, { name: 'f', key: () => odd })(1),
    'key(…).deep[0]',
  ],
  [
    'what a key function returns, of a method',
    () => {
      const cache = newCache()
      const list = cache.wrap(async () => 1, {
        name: 'f',
        this: (self: Shop) => self.tenant as object,
        key: () => odd,
      })
      return list.call(new Shop('a'))
    },
    'key(…).deep[0]',
  ],
  [
    'an id of a list',
    () => newCache().wrapMany(async (ids: readonly unknown[]) => [...ids], { name: 'f' })([1, odd]),
    'id.deep[0]',
  ],
  ['a key', () => newCache().getOrSet(odd, () => 1), 'key.deep[0]'],
])('%s', async (_, call, path) => {
  const error: unknown = await call().catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ArgumentsError)
  expect((error as ArgumentsError).path).toBe(path)
  expect((error as ArgumentsError).message).toMatch(
    new RegExp(`^([\\w.]+: )?${path.replaceAll(/[[\]().]/g, '\\$&')} is a function`),
  )
})

test('the way out is one that the caller can take', async () => {
  const messageOf = async (call: Promise<unknown>) => String(await call.catch((error: unknown) => error))
  expect(await messageOf(newCache().wrap(async (_: unknown) => 1, { name: 'f' })(odd))).toMatch(
    /option `key: /,
  )
  const ofKey = await messageOf(newCache().getOrSet(odd, () => 1))
  expect(ofKey).toMatch(/Make the key of strings, numbers/)
  expect(ofKey).not.toMatch(/option `key|excludes/)
})
