// A cache that tells what another policy or another bound would spare.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  AbstractPolicy,
  type CacheEvents,
  LfuPolicy,
  LruTPolicy,
  MemoryStore,
  RedisFuncCache,
} from './library.ts'
import { openTarget, type Target, unique } from './target.ts'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

const work = async (ms: number): Promise<void> => {
  const until = performance.now() + ms
  while (performance.now() < until);
}

/** Calls a function in a loop that is longer than the cache. */
async function loop(cache: RedisFuncCache, length: number, rounds: number): Promise<void> {
  const slow = cache.wrap(
    async (n: number) => {
      await work(1)
      return n
    },
    { name: 'slow' },
  )
  for (let i = 0; i < length * rounds; i++) await slow(i % length)
}

describe("the policy 'auto'", () => {
  test('is LRU-T, and tells what others would have spared', async () => {
    const cache = new RedisFuncCache(unique('auto'), 'auto', { store: target.newStore(), maxSize: 5 })
    expect(cache.policy).toBeInstanceOf(LruTPolicy)
    await loop(cache, 8, 5)
    const { advice, hit } = cache.stats()
    expect(hit).toBe(0)
    expect(advice).toMatchObject({ calls: 40, sample: 1, hitRatio: 0 })
    expect(advice?.recomputed).toBeGreaterThan(0.039)
    const twice = advice?.alternatives.find(({ policy, size }) => policy === 'LruTPolicy' && size === 2)
    expect(twice?.hitRatio).toBe(0.8)
    expect(twice?.spared).toBeGreaterThan(0.031)
    expect(advice?.text).toMatch(/2 × the bound /)
    await cache.close()
  })

  test('shares its entries with a cache that names the policy', async () => {
    const store = target.newStore()
    const name = unique('auto')
    const auto = new RedisFuncCache(name, 'auto', { store })
    await auto.set('a', 1)
    const named = new RedisFuncCache(name, new LruTPolicy(), { store })
    expect(await named.peek('a')).toBe(1)
    expect(named.stats().advice).toBeUndefined()
    await auto.close()
    await named.close()
  })

  test('does not advise where it is told not to', async () => {
    const cache = new RedisFuncCache(unique('auto'), 'auto', { store: target.newStore(), advise: false })
    expect(cache.stats().advice).toBeUndefined()
    await cache.close()
  })
})

test('any policy: an event tells the advice', async () => {
  const cache = new RedisFuncCache(unique('advise'), new LfuPolicy(), {
    store: target.newStore(),
    maxSize: 5,
    advise: { every: '20ms' },
  })
  const told: CacheEvents['advice'][] = []
  cache.on('advice', (advice) => void told.push(advice))
  await loop(cache, 8, 5)
  expect(told.length).toBeGreaterThanOrEqual(1)
  expect(told[0]).toMatchObject({ cache: cache.name, sample: 1, text: expect.any(String) as string })
  expect(told[0]?.alternatives.map(({ policy }) => policy)).toContain('LruTPolicy')
  await cache.close()
})

describe('what cannot be advised on is refused', () => {
  const open = (policy: AbstractPolicy | 'auto', options: object) =>
    new RedisFuncCache('refused', policy, { store: new MemoryStore(), ...options })

  test.each([
    [{ maxSize: Number.POSITIVE_INFINITY }, /a cache without a bound evicts nothing/],
    [{ advise: 'yes' }, /neither true nor false/],
    [{ advise: { each: '1h' } }, /each/],
    [{ advise: { every: 0 } }, /advise\.every/],
  ])('%j', (options, message) => {
    expect(() => open('auto', options)).toThrow(message)
  })

  test('a bound for each function, and what is no policy', () => {
    expect(() => open(new LruTPolicy({ scope: 'function' }), { advise: true })).toThrow(/scope 'function'/)
    expect(() => open('automatic' as 'auto', {})).toThrow(/instance of a policy.*or 'auto'/)
  })

  test('a policy that cannot be simulated: it can be given to another cache after that', () => {
    class Scripted extends AbstractPolicy {
      override readonly key = 'scripted'
      orders = 0
      override createOrder() {
        // The store tries it once.
        if (this.orders++ > 0) return super.createOrder()
        return new LruTPolicy().createOrder()
      }
    }
    const policy = new Scripted()
    expect(() => open(policy, { advise: true })).toThrow(
      /'scripted' cannot be simulated\. Override createOrder/,
    )
    policy.orders = 0
    expect(() => open(policy, {})).not.toThrow()
  })
})
