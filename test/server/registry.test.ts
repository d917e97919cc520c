// Whoever can write to the store can put anything into the set of a cache's key pairs.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type KeyPair, LruTPolicy, RedisFuncCache, type Store } from './library.ts'
import { hasServer, KEY_STYLES, openTarget, type Target, unique } from './target.ts'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

function newCache(name: string, store: Store, keys: 'cluster' | 'plain') {
  const policy = new LruTPolicy({ scope: 'function', keys })
  const cache = new RedisFuncCache(name, policy, { store })
  const load = cache.wrap(async (key: string) => key, { name: 'load', tags: () => ['all'], ttl: '1h' })
  return { cache, policy, load, registry: policy.registry as string }
}

const OF_OTHERS: readonly ((base: string, pair: KeyPair) => readonly [string, string])[] = [
  () => ['sessions:0', 'sessions:1'],
  () => ['{sessions}:index', '{sessions}:values'],
  (base) => [`${base}:0`, `${base}:1`],
  (base) => [`${base}:functions`, `${base}:functions`],
  (base) => [`${base}:load#{short}:0`, `${base}:load#{short}:1`],
  (base) => [`${base}:load#${'a'.repeat(22)}:1`, `${base}:load#${'a'.repeat(22)}:0`],
  (base) => [`x${base}:load#{${'a'.repeat(22)}}:0`, `x${base}:load#{${'a'.repeat(22)}}:1`],
  (_, [index]) => [index, 'sessions:1'],
  (_, [, values]) => ['sessions:0', values],
  (_, [index]) => [index, index],
]

/** On a cluster, plain names lie in several slots; in process there are no names to tell apart. */
const STYLES = hasServer && inject('server') !== 'cluster' ? KEY_STYLES : (['cluster'] as const)

describe.each(STYLES)('key pairs of others in the registry, keys %s', (keys) => {
  test('are neither counted, nor purged, nor invalidated', async () => {
    const store = target.newStore()
    const { cache, policy, load, registry } = newCache(unique('registry'), store, keys)
    const other = newCache(unique('registry-of-another'), store, keys)
    await other.load('theirs')
    await load('ours')
    const { index, values } = load.keyOf('ours')
    const theirs = other.load.keyOf('theirs')
    const space = (pair: readonly [string, string]) => ({
      policy,
      keys: pair,
      limits: { maxSize: 10, idleTtlMs: undefined },
      ext: [],
    })
    const base = registry.slice(0, -':functions'.length)
    for (const make of OF_OTHERS) await store.register(registry, space(make(base, [index, values])))
    await store.register(registry, space([theirs.index, theirs.values]))

    expect(await cache.getSize()).toBe(1)
    expect(await cache.invalidateTags('all')).toBe(1)
    await load('ours')
    expect(await cache.purge()).toBe(1)
    expect(await other.cache.getSize()).toBe(1)
    expect(await other.load.peek('theirs')).toBe('theirs')
  })
})

test.runIf(hasServer)('members that are no key pairs do no harm', async () => {
  const { cache, load, registry } = newCache(unique('junk'), target.newStore(), 'cluster')
  await load('a')
  const members = [
    'junk',
    '',
    '[',
    'null',
    '1',
    '"x"',
    '[]',
    '["a"]',
    '["a","b","c"]',
    '[1,2]',
    '{"0":"a","1":"b"}',
    '[null,null]',
  ]
  await target.raw(registry, 'SADD', registry, ...members, Buffer.from([0xff, 0xfe]))
  expect(await cache.getSize()).toBe(1)
  expect(await cache.invalidateTags('all')).toBe(1)
  await load('a')
  expect(await cache.purge()).toBe(1)
})
