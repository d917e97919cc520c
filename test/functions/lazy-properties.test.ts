import { beforeEach, describe, expect, test, vi } from 'vitest'
import { LruTPolicy, MemoryStore, RedisFuncCache } from '../../src/index.ts'
import { collectGarbage } from '../collect-garbage.ts'

let cache: RedisFuncCache

beforeEach(() => {
  cache = new RedisFuncCache('handles', new LruTPolicy(), { store: new MemoryStore() })
})

let made = 0
const newFunction = () => cache.wrap(async (n: number) => 2 * n, { name: `double${made++}` })
const newListFunction = () =>
  cache.wrapMany((ids: readonly number[]) => ids, { name: `rows${made++}`, source: false })

describe.each([
  { kind: 'a function', make: newFunction as () => object },
  { kind: 'a function of lists', make: newListFunction as () => object },
])('the handles of $kind', ({ make }) => {
  const NAMES = [
    'invalidate',
    'invalidateAll',
    'detailed',
    'refresh',
    'peek',
    'prime',
    'keyOf',
    'with',
    'original',
    'identity',
  ]

  test('are made when they are asked for, once, and are its own from then on', () => {
    const cached = make() as Record<string, unknown>
    expect(Object.getOwnPropertyNames(cached).filter((name) => NAMES.includes(name))).toEqual([])
    const first = NAMES.map((name) => cached[name])
    expect(NAMES.map((name) => cached[name])).toEqual(first)
    for (const [i, name] of NAMES.entries()) expect(cached[name]).toBe(first[i])
    for (const name of NAMES) {
      const own = Object.getOwnPropertyDescriptor(cached, name)
      expect(own).toMatchObject({ enumerable: false, configurable: true, writable: true })
    }
    expect(Object.keys(cached)).toEqual([])
  })

  test('are those of each function', () => {
    const [one, other] = [make(), make()] as Record<string, unknown>[]
    for (const name of NAMES.slice(0, 8)) expect(one?.[name]).not.toBe(other?.[name])
  })

  test('are there even if it is frozen', () => {
    const frozen = Object.freeze(make()) as { identity: unknown; invalidate: unknown }
    expect(frozen.identity).toBeDefined()
    expect(frozen.invalidate).toBeTypeOf('function')
  })

  test('are functions by their prototype too, which is still that of functions', () => {
    const cached = make()
    expect(cached).toBeInstanceOf(Function)
    expect((cached as { readonly bind: unknown }).bind).toBe(Function.prototype.bind)
  })
})

describe.each([
  { when: 'before it is used', use: () => {} },
  { when: 'after it was used', use: (fn: { readonly invalidate: unknown }) => void fn.invalidate },
])('a handle can be spied on, $when', ({ use }) => {
  test('by Vitest, and goes on working', async () => {
    const double = newFunction()
    await double(1)
    use(double)
    const spy = vi.spyOn(double, 'invalidate')
    expect(await double.invalidate(1)).toBe(true)
    expect(spy).toHaveBeenCalledExactlyOnceWith(1)
    spy.mockResolvedValue(false)
    expect(await double.invalidate(2)).toBe(false)
    spy.mockRestore()
    expect(vi.isMockFunction(double.invalidate)).toBe(false)
    expect(await double.invalidate(1)).toBe(false)
  })

  test('of lists, too', async () => {
    const rows = newListFunction()
    await rows([1])
    use(rows)
    const spy = vi.spyOn(rows, 'invalidate')
    expect(await rows.invalidate(1, 2)).toBe(1)
    expect(spy).toHaveBeenCalledExactlyOnceWith(1, 2)
  })

  test('by assigning', async () => {
    const double = newFunction()
    use(double)
    double.invalidate = async () => true
    expect(await double.invalidate(1)).toBe(true)
    expect(await newFunction().invalidate(1)).toBe(false)
  })
})

test('properties of a function that are named as handles do not hide them', async () => {
  const own = Object.assign(async (n: number) => n, { invalidate: 'mine', note: 'kept' })
  const cached = cache.wrap(own, { name: 'own' })
  expect(await cached.invalidate(1)).toBe(false)
  expect((cached as unknown as typeof own).note).toBe('kept')
})

/** Measured: 1,600 bytes; 3,400 with all handles made at once. */
const MAX_BYTES = 2_200

test('many functions take little memory before they are used', () => {
  const count = 3_000
  const originals = Array.from({ length: count }, (_, i) => async () => i)
  const wrapAll = () => originals.map((original) => cache.wrap(original, { name: `many${made++}` }))
  const warm = wrapAll()
  collectGarbage()
  const before = process.memoryUsage().heapUsed
  const all = wrapAll()
  collectGarbage()
  expect((process.memoryUsage().heapUsed - before) / count).toBeLessThan(MAX_BYTES)
  expect([warm.length, all.length]).toEqual([count, count])
})
