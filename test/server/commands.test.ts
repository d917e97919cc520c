// What the library says to a server, and what it never says. Has a server of its own, since others are listened to by all.
import { createClient } from 'redis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test, vi } from 'vitest'
import {
  type AbstractPolicy,
  type CacheOptions,
  RedisFuncCache,
  RedisStore,
  type WrapOptions,
} from './library.ts'
import { startServer, type TestServer } from '../servers/start-server.ts'
import { fill, hashesOf, placeOf } from './places.ts'
import { EACH_POLICY, POLICIES, SCOPES, unique } from './target.ts'

/** A cluster of its own would show nothing else; in process there are no commands. */
const binary = inject('servers').find(({ name }) => name === inject('server'))?.binary

/** Some hosts forbid these, and none of them is needed. */
const FORBIDDEN =
  /^(?:script|function|flushall|flushdb|keys|scan|randomkey|config|client|acl|debug|save|bgsave|shutdown|monitor|swapdb|migrate)\b/

/** All that a read says, where it does not change the order. After misses it asks for the time, too. */
const READS = ['hmget']
const exceptTime = (done: ReadonlyMap<string, number>): string[] =>
  [...done.keys()].filter((name) => name !== 'time').toSorted()

async function connect(url: string) {
  return createClient({ url })
    .on('error', () => {})
    .connect()
}

describe.skipIf(binary === undefined)('a server of its own', () => {
  let server: TestServer
  let client: Awaited<ReturnType<typeof connect>>
  let admin: Awaited<ReturnType<typeof connect>>
  const errors: unknown[] = []

  beforeAll(async () => {
    server = await startServer(binary as string)
    client = await connect(server.url)
    admin = await connect(server.url)
  })
  afterAll(async () => {
    client.destroy()
    admin.destroy()
    await server.stop()
  })
  beforeEach(() => {
    errors.length = 0
  })
  const open: RedisFuncCache[] = []
  afterEach(async () => {
    vi.restoreAllMocks()
    // What a cache still has to tell its policy is no command of the next test.
    await Promise.all(open.splice(0).map((cache) => cache.close()))
  })

  function newCache(policy: AbstractPolicy, options: Partial<CacheOptions> = {}) {
    const cache = new RedisFuncCache(unique('commands'), policy, { client, maxSize: 5, ...options })
    open.push(cache)
    cache.on('error', ({ error }) => errors.push(error))
    const runs: string[] = []
    const fn = async (key: string): Promise<string> => {
      runs.push(key)
      return `value of ${key}`
    }
    return { cache, ask: cache.wrap(fn, { name: 'ask', ttl: '1h' }), runs }
  }

  /** Everything that can be done. */
  async function useAll({ cache, ask }: ReturnType<typeof newCache>): Promise<void> {
    for (const key of 'abcabcdefgh') expect(await ask(key)).toBe(`value of ${key}`)
    await Promise.all([...'hijklmn'].map((key) => ask(key)))
    await ask.prime(['a'], 'value of a')
    await ask.peek('a')
    await ask.refresh('a')
    expect(await ask.invalidate('a')).toBe(true)
    await cache.writeOnly(() => ask('a'))
    await cache.bypass(() => ask('a'))
    expect(await cache.readOnly(() => ask('a'))).toBe('value of a')
    expect(await cache.getSize(ask)).toBe(5)
    expect(await cache.getSize()).toBe(5)
    expect(await cache.purge(ask)).toBe(5)
    await ask('a')
    expect(await cache.purge()).toBe(1)
  }

  /** Which commands the server did since, by scripts or without, and how often. */
  async function done(): Promise<Map<string, number>> {
    const stats = (await admin.info('commandstats')).matchAll(/^cmdstat_(\S+?):calls=(\d+)/gm)
    const all = new Map(Array.from(stats, ([, name = '', calls]) => [name, Number(calls)]))
    for (const own of ['info', 'config|resetstat', 'config']) all.delete(own)
    return all
  }
  const startCounting = () => admin.configResetStat()

  const everyKind = EACH_POLICY.flatMap((each) => SCOPES.map((scope) => ({ ...each, scope })))

  test.each(everyKind)(
    '$policy, scope $scope: never gets a command that hosts forbid',
    async ({ policy, scope }) => {
      await startCounting()
      await useAll(newCache(new POLICIES[policy as keyof typeof POLICIES]({ scope })))
      const names = [...(await done()).keys()]
      expect(names).toContain('evalsha')
      expect(names.filter((name) => FORBIDDEN.test(name))).toEqual([])
      expect(errors).toEqual([])
    },
  )

  test('would have been noticed', async () => {
    await startCounting()
    await admin.scriptFlush()
    await admin.keys('none')
    const names = [...(await done()).keys()].filter((name) => FORBIDDEN.test(name))
    expect(names).toEqual(expect.arrayContaining(['keys', 'script|flush']))
  })

  test.each(everyKind)(
    '$policy, scope $scope: may forget its scripts at any time',
    async ({ policy, scope }) => {
      const it = newCache(new POLICIES[policy as keyof typeof POLICIES]({ scope }))
      const { cache, ask, runs } = it
      const steps: (() => Promise<unknown>)[] = [
        () => ask('a'),
        () => ask('a'),
        () => Promise.all([ask('a'), ask('b'), ask('c')]),
        () => ask.prime(['d'], 'value of d'),
        () => ask.invalidate('b'),
        () => cache.getSize(),
        () => cache.purge(),
      ]
      await startCounting()
      for (const step of steps) {
        await admin.scriptFlush()
        await step()
      }
      await admin.scriptFlush()
      await useAll(it)
      expect((await done()).get('eval')).toBeGreaterThanOrEqual(5)
      expect(runs.slice(0, 3).toSorted()).toEqual(['a', 'b', 'c'])
      expect(errors).toEqual([])
    },
  )

  test('lru: keeps the exact order while its scripts are forgotten', async () => {
    const { ask, runs } = newCache(new POLICIES.lru(), { maxSize: 3 })
    for (const key of 'abcab') {
      await admin.scriptFlush()
      await ask(key)
    }
    await ask('d')
    runs.length = 0
    for (const key of 'abd') await ask(key)
    expect(runs).toEqual([])
  })

  test.each(EACH_POLICY.filter(({ create }) => !create().readsChangeOrder))(
    '$policy: writes nothing on a hit',
    async ({ create }) => {
      const { ask } = newCache(create())
      for (const key of 'abcde') await ask(key)
      await startCounting()
      for (const key of 'abcde') await ask(key)
      await Promise.all([...'abcde'].map((key) => ask(key)))
      expect(exceptTime(await done())).toEqual(READS)
    },
  )

  test.each(EACH_POLICY.filter(({ create }) => !create().readsChangeOrder))(
    '$policy: writes nothing but a lifetime that has run down, if that slides',
    async ({ create }) => {
      const { ask } = newCache(create())
      for (const key of 'abcde') await ask(key)
      await startCounting()
      for (const key of 'abcde') await ask(key)
      expect(exceptTime(await done())).toEqual(READS)
    },
  )

  // LRU-T is told by one plain command.
  test.each(EACH_POLICY.filter(({ policy, create }) => create().readsChangeOrder && policy !== 'lru_t'))(
    '$policy: is told of very many reads by scripts of a hundred, in their order',
    async ({ policy, create }) => {
      const { cache, ask } = newCache(create(), { maxSize: 1_000 })
      const store = new RedisStore(client)
      const { index, values } = ask.keyOf('a')
      const place = placeOf(cache, { index, values })
      const hashes = hashesOf(250)
      await fill(store, place, hashes)
      await startCounting()
      await store.touch(place, hashes.toReversed())
      const all = await done()
      expect((all.get('evalsha') ?? 0) + (all.get('eval') ?? 0)).toBe(3)
      if (policy === 'lru') expect(await admin.zRange(index, 0, -1)).toEqual(hashes.toReversed())
    },
  )

  test('lru_t: is touched by a plain command, and by its script where the clocks may have come apart', async () => {
    const { ask } = newCache(new POLICIES.lru_t())
    const untilSent = async (command: string): Promise<void> => {
      await startCounting()
      await ask('a')
      await vi.waitFor(async () => expect((await done()).get('zadd')).toBe(1), { interval: 1 })
      expect(exceptTime(await done())).toEqual([...READS, ...command.split(' ')].toSorted())
    }
    await ask('a')
    await untilSent('zadd')
    const { now } = performance
    vi.spyOn(performance, 'now').mockImplementation(() => now.call(performance) + 10_000)
    await untilSent('eval zadd zrange') // the first time; then evalsha
    await untilSent('zadd')
    vi.mocked(performance.now).mockImplementation(() => now.call(performance) + 20_000)
    await untilSent('evalsha zadd zrange')
  })

  test.each(EACH_POLICY)('$policy: writes nothing on a peek', async ({ create }) => {
    const { ask } = newCache(create())
    for (const key of 'abcde') await ask(key)
    await startCounting()
    for (const key of 'abcde') expect(await ask.peek(key)).toBe(`value of ${key}`)
    expect(exceptTime(await done())).toEqual(READS)
  })

  test.each([
    { what: 'a ttl', options: { ttl: '1h' }, reads: { hmget: 1 } },
    { what: 'no end', options: { ttl: Number.POSITIVE_INFINITY }, reads: { hmget: 1 } },
    {
      what: 'a grace period',
      options: { staleWhileRevalidate: '1m', staleIfError: '1h' },
      reads: { hmget: 1 },
    },
    { what: 'tags', options: { tags: () => ['all'] }, reads: { hmget: 1, zrangebylex: 1 } },
  ] satisfies { what: string; options: WrapOptions; reads: Record<string, number> }[])(
    'the hits of one turn of a function with $what are one command, and one more for tags',
    async ({ options, reads }) => {
      const { cache } = newCache(new POLICIES.fifo(), { maxSize: 100 })
      const fn = cache.wrap(async (key: string) => key, { name: 'fn', ...options })
      // Where misses are rare, no token is asked for along with the entries.
      for (let i = 0; i < 100; i++) await Promise.all([...'abcdef'].map((key) => fn(key)))
      await startCounting()
      await Promise.all([...'abcdef'].map((key) => fn(key)))
      expect(Object.fromEntries(await done())).toEqual(reads)
    },
  )

  test('nothing is said of changes while nobody listens, and little more where somebody does', async () => {
    const { cache, ask } = newCache(new POLICIES.fifo(), { putWait: '10s' })
    for (const key of 'abcde') await ask(key)
    /** What each step says; how a script is sent, and the time, are left out. */
    const round = async (last: string, next: string) => {
      const steps = {
        hit: () => ask(last),
        'put that evicts': () => ask(next),
        'put over an entry': () => ask.prime([next], 'value'),
        invalidation: () => ask.invalidate(next),
        put: () => ask(next),
      }
      const said = new Map<string, Record<string, number>>()
      for (const [name, step] of Object.entries(steps)) {
        await startCounting()
        await step()
        const { eval: _eval, evalsha: _evalsha, time: _time, ...rest } = Object.fromEntries(await done())
        said.set(name, rest)
      }
      return said
    }
    await round('e', 'f')
    const without = await round('f', 'g')
    expect(without.get('hit')).toEqual({ hmget: 1 })
    const commands =
      'exists exists exists hdel hlen hmget hmget hset pttl pttl pttl zadd zadd zcard zmscore zrange zrange zrangebyscore zrem zrem'
    const put = Object.entries(without.get('put that evicts') ?? {})
    expect(put.flatMap(([name, calls]) => Array<string>(calls).fill(name)).toSorted()).toEqual(
      commands.split(' '),
    )
    const keys = cache.policy.calcKeys(ask.identity)
    const place = { policy: cache.policy, keys, limits: { maxSize: 5, idleTtlMs: undefined }, ext: [] }
    await new RedisStore(client).listen(place, undefined, 60_000)
    const heard = await round('g', 'h')
    const more = (name: string): Record<string, number> => {
      const before = without.get(name) ?? {}
      const changed = Object.entries(heard.get(name) ?? {}).map(
        ([command, calls]) => [command, calls - (before[command] ?? 0)] as const,
      )
      return Object.fromEntries(changed.filter(([, calls]) => calls !== 0))
    }
    const message = { exists: 1, zscore: 1, zrem: 1, zadd: 1, zremrangebyrank: 1, publish: 1 }
    expect(more('hit')).toEqual({})
    for (const name of ['put that evicts', 'put over an entry', 'invalidation', 'put'])
      expect(more(name)).toEqual(message)
  })

  test('a hit asks for the time where that is not known any more', async () => {
    const { ask } = newCache(new POLICIES.fifo())
    for (let i = 0; i < 500; i++) await ask('a')
    await startCounting()
    await ask('a')
    expect((await done()).get('time')).toBeUndefined()
    const { now } = performance
    vi.spyOn(performance, 'now').mockImplementation(() => now.call(performance) + 10_000)
    await ask('a')
    await ask('a')
    expect((await done()).get('time')).toBe(1)
  })

  test.each(EACH_POLICY)('$policy: is asked once for the calls of one turn', async ({ create }) => {
    const { ask } = newCache(create(), { maxSize: 100, touch: { every: '1h' } }) // scripts that report reads use HMGET, too
    const keys = Array.from({ length: 50 }, (_, i) => `key ${i}`)
    await Promise.all(keys.map((key) => ask(key)))
    await Promise.all(keys.map((key) => ask(key)))
    await startCounting()
    expect(await Promise.all(keys.map((key) => ask(key)))).toEqual(keys.map((key) => `value of ${key}`))
    expect((await done()).get('hmget')).toBe(1)
  })

  test.each(EACH_POLICY.filter(({ create }) => create().readsChangeOrder))(
    '$policy: reports many hits of an entry as one, if touches may wait',
    async ({ create }) => {
      const { ask } = newCache(create(), { maxSize: 3, touch: { every: '200ms' } })
      for (const key of 'abc') await ask(key)
      await startCounting()
      for (const key of 'aabaab') await ask(key)
      expect(exceptTime(await done())).toEqual(READS)
      const touches = async (): Promise<number> => {
        const counts = await done()
        return counts.get('evalsha') ?? counts.get('eval') ?? counts.get('zadd') ?? 0
      }
      await vi.waitFor(async () => expect(await touches()).toBe(1))
      await ask('d')
      const left = await Promise.all([...'abcd'].map((key) => ask.peek(key)))
      const gone = [...'abcd'].filter((_, i) => left[i] === undefined).join('')
      const expected: Record<string, RegExp> = { mru: /^[ab]$/, s3_fifo: /^a$/ } // S3-FIFO: two reads would keep a
      expect(gone).toMatch(expected[create().key] ?? /^c$/)
      expect(await touches()).toBeGreaterThan(0)
    },
  )

  test.each([
    { policy: 'sieve', before: 'abab' }, // marked
    { policy: 's3_fifo', before: 'abababab' }, // read three times
  ] as const)('$policy: a hit on an entry that needs no more writes nothing', async ({ policy, before }) => {
    const { cache, ask } = newCache(new POLICIES[policy]())
    for (const key of before) await ask(key)
    await cache.drain()
    await startCounting()
    for (const key of 'ab') await ask(key)
    await cache.drain()
    const counts = await done()
    expect(counts.get('zmscore')).toBeGreaterThan(0)
    expect([...counts.keys()].filter((name) => name !== 'time').toSorted()).toEqual([
      'evalsha',
      'hmget',
      'zmscore',
    ])
  })

  test.each(EACH_POLICY)('$policy: may come back empty', async ({ create }) => {
    const { cache, ask, runs } = newCache(create())
    for (const key of 'aba') expect(await ask(key)).toBe(`value of ${key}`)
    await server.restart()
    await vi.waitFor(async () => expect(await admin.ping()).toBe('PONG'))
    expect(await ask('a')).toBe('value of a')
    await vi.waitFor(async () => {
      runs.length = 0
      for (const key of 'abab') expect(await ask(key)).toBe(`value of ${key}`)
      expect(runs).toEqual([])
    })
    expect(await cache.getSize()).toBe(2)
  })

  test.each(EACH_POLICY)('$policy: may be gone for good', async ({ create }) => {
    const lost = await connect(server.url)
    const cache = new RedisFuncCache(unique('gone'), create(), { client: lost })
    cache.on('error', ({ error }) => errors.push(error))
    let runs = 0
    const ask = cache.wrap(async (key: string) => `value of ${key} ${++runs}`, { name: 'ask' })
    expect(await ask('a')).toBe('value of a 1')
    expect(await ask('a')).toBe('value of a 1')
    lost.destroy()
    expect(await ask('a')).toBe('value of a 2')
    expect(await Promise.all([ask('b'), ask('c')])).toEqual(['value of b 3', 'value of c 4'])
    expect(await ask.refresh('a')).toBe('value of a 5')
    expect(errors.length).toBeGreaterThan(0)
    await expect(ask.invalidate('a')).rejects.toMatchObject({ code: 'ERR_STORE' })
    await expect(cache.purge()).rejects.toMatchObject({ code: 'ERR_STORE' })
    await expect(cache.getSize()).rejects.toMatchObject({ code: 'ERR_STORE' })
  })
})
