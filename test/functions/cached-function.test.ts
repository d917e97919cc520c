import { beforeEach, describe, expect, test } from 'vitest'
import { LruTPolicy, MemoryStore, RedisFuncCache } from '../../src/index.ts'

let cache: RedisFuncCache

beforeEach(() => {
  cache = new RedisFuncCache('callables', new LruTPolicy(), { store: new MemoryStore() })
})

test('a cached function looks like the one it was made of', () => {
  function find(_id: number, _locale: string, _size = 10): string {
    return 'found'
  }
  const cached = cache.wrap(find)
  expect(cached.name).toBe('find')
  expect(cached.length).toBe(2)
  expect(cached.original).toBe(find)
  expect(cached.identity.original).toBe(find)
  expect(Object.keys(cached)).toEqual([])
})

test('it returns a promise of what a synchronous function returns or throws', async () => {
  const half = cache.wrap(function halve(n: number) {
    if (n % 2 > 0) throw new RangeError(`${n} is odd`)
    return n / 2
  })
  expect(half(4)).toBeInstanceOf(Promise)
  expect(await half(4)).toBe(2)
  expect(await half(4)).toBe(2)
  await expect(half(3)).rejects.toThrow(new RangeError('3 is odd'))
})

test('handles can be taken off', async () => {
  const { invalidate, peek, prime, refresh, keyOf } = cache.wrap(async (n: number) => 2 * n, {
    name: 'double',
  })
  await prime([1], 7)
  expect(await peek(1)).toBe(7)
  expect(await refresh(1)).toBe(2)
  expect(await peek(1)).toBe(2)
  expect(await invalidate(1)).toBe(true)
  expect(await invalidate(1)).toBe(false)
  expect(keyOf(1).hash).not.toEqual(keyOf(2).hash)
})

describe('`this`', () => {
  interface Shop {
    readonly tenant: string
  }
  async function list(this: Shop, page: number): Promise<string> {
    return `${this.tenant} ${page}`
  }
  const [acme, other] = [{ tenant: 'acme' }, { tenant: 'other' }]

  test('is picked from, of calls and of handles', async () => {
    const cached = cache.wrap(list, { this: (self: Shop) => self.tenant })
    expect(await cached.call(acme, 1)).toBe('acme 1')
    expect(await cached.call(other, 1)).toBe('other 1')
    expect(await cached.peek.call(acme, 1)).toBe('acme 1')
    expect(await cached.invalidate.call(acme, 1)).toBe(true)
    expect(await cached.peek.call(acme, 1)).toBeUndefined()
    expect(await cached.peek.call(other, 1)).toBe('other 1')
    expect(await cached.refresh.call({ tenant: 'other' }, 1)).toBe('other 1')
    await cached.prime.call(acme, [2], 'primed')
    expect(await cached.call(acme, 2)).toBe('primed')
    expect(cached.keyOf.call(acme, 1)).not.toEqual(cached.keyOf.call(other, 1))
  })

  test('is nobody for a handle that is called on the function alone', async () => {
    const seen: unknown[] = []
    const cached = cache.wrap(list, {
      this: (self: Shop | undefined) => {
        seen.push(self)
        return self?.tenant
      },
    })
    await cached.invalidate(1)
    expect(seen).toEqual([undefined])
  })

  test('is shared where that is said, and not there where nothing is said', async () => {
    const shared = cache.wrap(list, { this: 'shared', name: 'shared' })
    expect(await shared.call(acme, 1)).toBe('acme 1')
    expect(await shared.call(other, 1)).toBe('acme 1')
    const unsaid = cache.wrap(
      function unsaid(this: unknown) {
        return typeof this
      },
      { name: 'unsaid' },
    )
    expect(await unsaid.call(acme)).toBe('undefined')
  })
})
