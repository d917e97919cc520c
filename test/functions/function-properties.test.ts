// What others hung on a method or function stays on what takes its place: routes, roles, anything.
import 'reflect-metadata'
import { describe, expect, test } from 'vitest'
import { LruTPolicy, MemoryStore, RedisFuncCache } from '../../src/index.ts'

const newCache = () => new RedisFuncCache('kept', new LruTPolicy(), { store: new MemoryStore() })

type Method = (...args: unknown[]) => Promise<unknown>

/** As decorators of frameworks do it. */
const hang = (target: object, key: unknown, value: unknown): void =>
  (
    Reflect as unknown as { defineMetadata(key: unknown, value: unknown, target: object): void }
  ).defineMetadata(key, value, target)
const hung = (target: object, key: unknown): unknown =>
  (Reflect as unknown as { getMetadata(key: unknown, target: object): unknown }).getMetadata(key, target)

/** Decorates a method by each kind of decorators, as compilers call them. */
const KINDS: Record<string, (cache: RedisFuncCache, method: Method) => Method> = {
  experimentalDecorators: (cache, method) => {
    class Target {}
    const descriptor: PropertyDescriptor = { value: method, configurable: true, writable: true }
    const decorate = cache.cached({ this: 'shared', name: 'Target.find' }) as unknown as (
      ...args: unknown[]
    ) => void
    decorate(Target.prototype, 'find', descriptor)
    return descriptor.value as Method
  },
  TC39: (cache, method) => {
    const decorate = cache.cached({ this: 'shared', name: 'Target.find' }) as unknown as (
      ...args: unknown[]
    ) => Method
    return decorate(method, { kind: 'method', name: 'find', static: false, addInitializer: () => {} })
  },
  wrap: (cache, method) => cache.wrap(method, { name: 'find', this: 'shared' }) as Method,
  wrapMany: (cache, method) => cache.wrapMany(method as never, { name: 'find' }) as unknown as Method,
}

describe.each(Object.entries(KINDS))('%s', (_, decorate) => {
  const newMethod = (): Method => Object.assign(async (...args: unknown[]) => args.length)

  test('own properties stay, those named by symbols and hidden ones too', () => {
    const symbol = Symbol('route')
    const method = newMethod()
    Object.defineProperties(method, {
      path: { value: '/users', enumerable: true },
      [symbol]: { value: 'symbol', enumerable: true, writable: true, configurable: true },
      hidden: { value: 'hidden', enumerable: false },
      computed: { get: () => 'computed', enumerable: true },
    })
    const cached = decorate(newCache(), method) as unknown as Record<string | symbol, unknown>
    expect([cached['path'], cached[symbol], cached['hidden'], cached['computed']]).toEqual([
      '/users',
      'symbol',
      'hidden',
      'computed',
    ])
    expect(Object.keys(cached)).toEqual(['path', 'computed'])
  })

  test('metadata stay', () => {
    const method = newMethod()
    const key = Symbol('roles')
    hang(method, 'roles', ['admin'])
    hang(method, key, { guard: true })
    const cached = decorate(newCache(), method)
    expect(hung(cached, 'roles')).toEqual(['admin'])
    expect(hung(cached, key)).toEqual({ guard: true })
    // What is hung on the one is not hung on the other.
    hang(cached, 'roles', [])
    expect(hung(method, 'roles')).toEqual(['admin'])
  })

  test('what a function has of its own is not taken over', () => {
    const method = Object.defineProperty(newMethod(), 'name', { value: 'method' })
    const cached = decorate(newCache(), method)
    expect(cached).not.toBe(method)
    expect(cached.name).not.toBe('')
  })
})

test('handles come before properties of the same name', async () => {
  const fn = Object.assign(async (id: number) => id, { invalidate: 'mine', peek: 5 })
  const cached = newCache().wrap(fn, { name: 'fn' })
  await cached(1)
  expect(await cached.invalidate(1)).toBe(true)
})

test('a function without a name shows that of its options', async () => {
  const { inspect } = await import('node:util')
  const cache = newCache()
  expect(inspect(cache.wrap(async () => 1, { name: 'getUser' }))).toBe('[Function: getUser]')
  expect(inspect(cache.wrapMany(async () => [], { name: 'getUsers' }))).toBe('[Function: getUsers]')
  expect(inspect(cache.wrap(async () => 1, { name: 'other' }).with({ soft: true }))).toBe('[Function: other]')
})
