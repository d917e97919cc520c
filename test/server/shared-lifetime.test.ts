// Processes know different functions, and so different lifetimes: none of them shortens what another one needs.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  type CacheOptions,
  type Duration,
  LruTPolicy,
  MemoryStore,
  RedisFuncCache,
  type Store,
} from './library.ts'
import { keysOf, leftMs, placeOf, runDown } from './places.ts'
import { hasServer, openTarget, SCOPES, type Target, unique } from './target.ts'
import { touchesOf } from './touches.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

let warnings: string[]
beforeEach(() => {
  warnings = []
  Reflect.deleteProperty(globalThis, Symbol.for('redis-func-cache.warnings'))
  vi.spyOn(process, 'emitWarning').mockImplementation((warning) => void warnings.push(String(warning)))
})
afterEach(() => {
  vi.restoreAllMocks()
})

/** A process that knows one function. */
function newProcess(
  name: string,
  store: Store,
  ttl: Duration | (() => Duration),
  options: Partial<CacheOptions> & { readonly scope?: 'cache' | 'function' } = {},
) {
  const { scope = 'cache', ...more } = options
  const cache = new RedisFuncCache(name, new LruTPolicy({ scope }), { store, ...more })
  const load = cache.wrap(async (key: string) => key, { name: 'load', source: false, ttl })
  const keys = keysOf(placeOf(cache, load.keyOf('')))
  return { cache, load, keys }
}

const nearly = (ms: number) =>
  expect.toSatisfy((left: number) => left > ms - 60_000 && left <= ms, `almost ${ms} ms`)

describe.runIf(hasServer).each(SCOPES)("a server, scope '%s'", (scope) => {
  test('reads and writes of a process that knows only short results leave the keys their long life', async () => {
    const name = unique('life')
    const long = newProcess(name, target.newStore(), '1d', { scope })
    await long.load('a')
    const store = target.newStore()
    const touched = touchesOf(store)
    const short = newProcess(name, store, '1m', { scope })
    await short.load('b')
    await short.load('b')
    await touched()
    expect(await leftMs(target, long.keys)).toEqual(long.keys.map(() => nearly(DAY)))

    // They are prolonged to its own lifetime, if less is left.
    await runDown(target, long.keys, HOUR / 2)
    const again = target.newStore()
    const touchedAgain = touchesOf(again)
    await newProcess(name, again, '1m', { scope }).load('b')
    await touchedAgain()
    expect(await leftMs(target, long.keys)).toEqual(long.keys.map(() => nearly(HOUR)))
  })

  test('keys without an end keep it at reads and writes', async () => {
    const name = unique('life')
    const endless = newProcess(name, target.newStore(), '1d', { scope, idleTtl: Number.POSITIVE_INFINITY })
    await endless.load('a')
    const store = target.newStore()
    const touched = touchesOf(store)
    const short = newProcess(name, store, '1d', { scope })
    await short.load('a')
    await touched()
    expect(await leftMs(target, short.keys)).toEqual(short.keys.map(() => -1))
    await short.load('b')
    expect(await leftMs(target, short.keys)).toEqual(short.keys.map(() => -1))
  })

  test('keys with an end lose it where results are stored that have none', async () => {
    const name = unique('life')
    const short = newProcess(name, target.newStore(), '1d', { scope })
    await short.load('a')
    await newProcess(name, target.newStore(), Number.POSITIVE_INFINITY, { scope }).load('b')
    expect(await leftMs(target, short.keys)).toEqual(short.keys.map(() => -1))
  })

  test('a ttl that is known only with the result prolongs the keys, too', async () => {
    const { load, keys } = newProcess(unique('life'), target.newStore(), () => '2d', { scope })
    await load('a')
    expect(await leftMs(target, keys)).toEqual(keys.map(() => nearly(2 * DAY)))
  })
})

describe.runIf(hasServer)('the registry of key pairs', () => {
  test('lives as long as any of them, so that purge finds all', async () => {
    const name = unique('life')
    const { cache, load } = newProcess(name, target.newStore(), '1d', { scope: 'function' })
    await load('a')
    const short = newProcess(name, target.newStore(), '1m', { scope: 'function' })
    await short.load('b')
    const registry = cache.policy.registry ?? ''
    expect(await leftMs(target, [registry])).toEqual([nearly(2 * DAY)])
    expect(await short.cache.purge()).toBe(2)
  })

  test('has no end where a key pair has none', async () => {
    const name = unique('life')
    const endless = { scope: 'function', idleTtl: Number.POSITIVE_INFINITY } as const
    await newProcess(name, target.newStore(), '1d', { scope: 'function' }).load('a')
    const { cache, load } = newProcess(name, target.newStore(), '1d', endless)
    await load('b')
    await newProcess(name, target.newStore(), '1d', { scope: 'function' }).load('c')
    expect(await leftMs(target, [cache.policy.registry ?? ''])).toEqual([-1])
  })
})

describe.runIf(!hasServer)('in process', () => {
  test('keys with an end lose it where results are stored that have none', async () => {
    let nowMs = 1_000_000
    const name = unique('life')
    const store = new MemoryStore({ clock: () => nowMs })
    await newProcess(name, store, '1d').load('a')
    const { cache, load } = newProcess(name, store, Number.POSITIVE_INFINITY)
    await load('b')
    await newProcess(name, store, '1m').load('c')
    nowMs += 400 * DAY
    expect(await cache.getSize()).toBe(1)
  })

  test('a cache that knows only short results leaves a key pair its long life', async () => {
    let nowMs = 1_000_000
    const name = unique('life')
    const store = new MemoryStore({ clock: () => nowMs })
    const touched = touchesOf(store)
    const long = newProcess(name, store, '1d')
    const short = newProcess(name, store, '1m')
    const untilMs = nowMs + DAY
    await long.load('a')
    await short.load('b')
    await short.load('b')
    await touched()
    nowMs = untilMs - 1
    expect(await long.cache.getSize()).toBe(1)
    nowMs = untilMs
    expect(await long.cache.getSize()).toBe(0)
  })
})

describe('where the lifetime of the cache is given', () => {
  test('a result whose own would be longer ends with it, and a warning reports it', async () => {
    const { load } = newProcess(unique('life'), target.newStore(), () => '2h', { idleTtl: '1h' })
    const { storedAt, freshUntil } = await load.detailed('a')
    expect(Number(freshUntil) - Number(storedAt)).toBe(HOUR)
    await load('b')
    expect(warnings).toEqual([
      expect.stringMatching(/load: a result is to live 2h, but ends after 1h with the cache.*longer idleTtl/),
    ])
  })

  test('one whose own is shorter is left as it is', async () => {
    const { load } = newProcess(unique('life'), target.newStore(), () => '10m', { idleTtl: '1h' })
    const { storedAt, freshUntil } = await load.detailed('a')
    expect(Number(freshUntil) - Number(storedAt)).toBe(HOUR / 6)
    expect(warnings).toEqual([])
  })
})
