// An entry that belongs to another call is never served: replies may be out of step, and values may be moved in Redis.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import {
  type CachedFunction,
  type Hash,
  LruTPolicy,
  RedisFuncCache,
  StoreError,
  type Store,
  type WrapOptions,
} from './library.ts'
import { type Change, changing as changingRepliesOf } from './changed-replies.ts'
import { hasServer, openTarget, type Target, unique } from './target.ts'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

const own: WrapOptions['serializer'] = [
  (value) => Buffer.from(`own ${JSON.stringify(value)}`),
  (bytes) => JSON.parse(String(bytes).slice(4)),
]
const SERIALIZERS = ['auto', 'json', 'v8', 'msgpack', 'cbor', 'bson', 'yaml', 'superjson', own] as const
const OPTIONS: Record<string, WrapOptions<(key: string) => Promise<unknown>>> = {
  'a ttl': {},
  'no end': { ttl: Number.POSITIVE_INFINITY },
  'grace periods': { staleWhileRevalidate: '1m', staleIfError: '1h' },
  tags: { tags: () => ['all'] },
}

function newWorld(options: WrapOptions<(key: string) => Promise<unknown>>, store: Store = target.newStore()) {
  const cache = new RedisFuncCache(unique('misplaced'), new LruTPolicy(), { store })
  const misplaced: Hash[] = []
  cache.on('misplaced', ({ hash }) => misplaced.push(hash))
  const fn = cache.wrap(async (key: string): Promise<unknown> => ({ of: key, at: 'all' }), {
    name: 'fn',
    ...options,
  })
  return { cache, fn, misplaced }
}

const changing = () => changingRepliesOf(target)

/** Lets the values of a lookup be those of other calls. */
const shiftedBy =
  (by: number): Change =>
  (reply, command) =>
    command === 'HMGET' && Array.isArray(reply)
      ? reply.map((_each, i) => reply[(i + by) % reply.length] as unknown)
      : reply

/** Replies that are of another form than their commands have. */
const OTHER_FORMS: Record<string, Change> = {
  nothing: () => null,
  'a number': () => 7,
  'a text': () => Buffer.from('OK'),
  'an empty list': () => [],
  'a list of numbers': (reply) => (Array.isArray(reply) ? reply.map(() => 7) : reply),
  'a list that is too short': (reply) => (Array.isArray(reply) ? reply.slice(1) : reply),
  'a list that is too long': (reply) => (Array.isArray(reply) ? [...reply, reply[0]] : reply),
}

describe.runIf(hasServer)('an entry of another call', () => {
  const cases = [
    ...SERIALIZERS.map((serializer) => ({
      what: typeof serializer === 'string' ? serializer : 'own',
      options: { serializer },
    })),
    ...Object.entries(OPTIONS).map(([what, options]) => ({ what, options })),
  ]

  async function swap(key: string, one: string, two: string): Promise<void> {
    const [first, second] = (await target.raw(key, 'HMGET', key, one, two)) as [Buffer, Buffer]
    await target.raw(key, 'HSET', key, one, second, two, first)
  }

  test.each(cases)(
    'is not served where values were swapped in Redis, and is replaced: $what',
    async ({ options }) => {
      const { fn, misplaced } = newWorld(options)
      for (const key of 'ab') await fn(key)
      const { values, hash } = fn.keyOf('a')
      await swap(values, hash, fn.keyOf('b').hash)
      expect(await fn.peek('a')).toBeUndefined()
      expect(await Promise.all([fn('a'), fn('b')])).toEqual([
        { of: 'a', at: 'all' },
        { of: 'b', at: 'all' },
      ])
      expect(misplaced).toHaveLength(3)
      expect(await fn.detailed('a')).toMatchObject({ value: { of: 'a' }, status: 'hit' })
      expect(await fn('b')).toEqual({ of: 'b', at: 'all' })
      expect(misplaced).toHaveLength(3)
    },
  )

  test('is no reason to load without a lease', async () => {
    const name = unique('misplaced')
    let runs = 0
    const [one, two] = [1, 2].map(() => {
      const cache = new RedisFuncCache(name, new LruTPolicy(), { store: target.newStore() })
      return cache.wrap(async (key: string) => `${key} ${++runs}`, { name: 'fn', singleFlight: 'global' })
    }) as [CachedFunction<(key: string) => Promise<string>>, CachedFunction<(key: string) => Promise<string>>]
    for (const key of 'ab') await one(key)
    const { values, hash } = one.keyOf('a')
    await swap(values, hash, one.keyOf('b').hash)
    expect(await Promise.all([one('a'), two('a')])).toEqual(['a 3', 'a 3'])
  })

  test('is not thrown, where errors are stored', async () => {
    const { cache, misplaced } = newWorld({})
    const failing = cache.wrap(async (key: string) => Promise.reject(new Error(key)), {
      name: 'failing',
      cacheErrors: { ttl: '1m' },
    })
    for (const key of 'ab') await expect(failing(key)).rejects.toThrow(key)
    const { values, hash } = failing.keyOf('a')
    await swap(values, hash, failing.keyOf('b').hash)
    await expect(failing('a')).rejects.toThrow('a')
    expect(misplaced).toEqual([hash])
    await expect(failing('a')).rejects.toThrow('a')
    expect(misplaced).toHaveLength(1)
  })

  test('is not served to a list', async () => {
    const { cache, misplaced } = newWorld({})
    const rows = cache.wrapMany(async (ids: readonly string[]) => ids.map((id) => `row ${id}`), {
      name: 'rows',
    })
    await rows(['a', 'b', 'c'])
    const { values, hash } = rows.keyOf('a')
    await swap(values, hash, rows.keyOf('c').hash)
    expect(await rows(['a', 'b', 'c'])).toEqual(['row a', 'row b', 'row c'])
    expect(misplaced).toHaveLength(2)
  })

  test('is not served where it is of another cache, though of an equal call', async () => {
    const [one, other] = [newWorld({}), newWorld({})]
    await one.fn('a')
    await other.fn('a')
    const from = one.fn.keyOf('a')
    const to = other.fn.keyOf('a')
    expect(from.hash).toBe(to.hash)
    const stored = (await target.raw(from.values, 'HGET', from.values, from.hash)) as Buffer
    await target.raw(to.values, 'HSET', to.values, to.hash, stored)
    expect(await other.fn('a')).toEqual({ of: 'a', at: 'all' })
    expect(other.misplaced).toEqual([to.hash])
  })

  const isOneServer = inject('server') !== 'cluster' // whose client takes commands in another way
  test.runIf(isOneServer).each(cases)(
    'is not served where replies are out of step: $what',
    async ({ options }) => {
      const { store, change } = changing()
      const { fn, misplaced } = newWorld(options, store)
      const keys = [...'abcde']
      const expected = keys.map((of) => ({ of, at: 'all' }))
      await Promise.all(keys.map((key) => fn(key)))
      for (const by of [1, 2, 4]) {
        change(shiftedBy(by))
        expect(await Promise.all(keys.map((key) => fn(key)))).toEqual(expected)
      }
      expect(misplaced).toHaveLength(15)
      change(shiftedBy(0))
      expect(await Promise.all(keys.map((key) => fn(key)))).toEqual(expected)
    },
  )

  const forms = Object.entries(OTHER_FORMS).map(([what, change]) => ({ what, change }))
  test.runIf(isOneServer).each(forms)('a reply that is $what is a failure of the store', async (form) => {
    const { store, change } = changing()
    const { cache, fn } = newWorld({ tags: () => ['all'], singleFlight: 'global' }, store)
    const strict = new RedisFuncCache(cache.name, new LruTPolicy(), { store, onError: 'throw' })
    const strictFn = strict.wrap(fn.original, { name: 'fn', tags: () => ['all'] })
    const rows = cache.wrapMany(async (ids: readonly string[]) => [...ids], { name: 'rows' })
    const keys = [...'abc']
    const expected = keys.map((of) => ({ of, at: 'all' }))
    await Promise.all(keys.map((key) => fn(key)))
    change(form.change)
    expect(await Promise.all([...keys, ...keys].map((key) => fn(key)))).toEqual([...expected, ...expected])
    expect(await rows(keys)).toEqual(keys)
    await expect(strictFn('a')).rejects.toThrow(StoreError)
    await expect(fn.peek('a')).rejects.toThrow(StoreError)
    change((reply) => reply)
    expect((await strictFn.detailed('a')).status).toBe('hit')
  })
})

describe.runIf(hasServer && inject('server') !== 'cluster')('what is not known to be done', () => {
  const IS_SCRIPT = /^EVAL/

  /** Lets each script have the reply to the one before. */
  function late(): Change {
    let before: unknown = 0
    return (reply, command) => {
      if (!IS_SCRIPT.test(String(command))) return reply
      const late = before
      before = reply
      return late
    }
  }

  type Fn = ReturnType<typeof newWorld>['fn']
  const all: Record<string, (cache: RedisFuncCache, fn: Fn) => Promise<unknown>> = {
    invalidate: (_, fn) => fn.invalidate('a'),
    invalidateAll: (_, fn) => fn.invalidateAll(),
    invalidateTags: (cache) => cache.invalidateTags('all'),
    purge: (cache) => cache.purge(),
    getSize: (cache) => cache.getSize(),
    prime: (_, fn) => fn.prime(['a'], 'known'),
  }

  test.each(Object.entries(all))(
    'is not taken for done by the reply to another script: %s',
    async (_, act) => {
      const { store, change } = changing()
      const { cache, fn } = newWorld({ tags: () => ['all'] }, store)
      await Promise.all([...'ab'].map((key) => fn(key)))
      await act(cache, fn)
      change(late())
      for (let times = 0; times < 3; times++) {
        await expect(act(cache, fn)).rejects.toMatchObject({ name: 'StoreError', reason: 'out-of-step' })
      }
      change((reply) => reply)
      await act(cache, fn)
    },
  )

  test('is not taken for done while a nonce does not come back', async () => {
    const { store, change } = changing()
    const { fn } = newWorld({}, store)
    await fn('a')
    change((reply, command) =>
      command === 'ECHO' || IS_SCRIPT.test(String(command)) ? Buffer.from('other') : reply,
    )
    for (let times = 0; times < 2; times++) {
      await expect(fn.invalidate('a')).rejects.toMatchObject({ reason: 'out-of-step' })
    }
    expect(await fn('a')).toEqual({ of: 'a', at: 'all' })
    change((reply) => reply)
    expect(await fn.invalidate('a')).toBe(false) // the first one was done
  })

  test('includes what is read of the list of key pairs', async () => {
    const { store, change } = changing()
    const cache = new RedisFuncCache(unique('misplaced'), new LruTPolicy({ scope: 'function' }), { store })
    await cache.wrap(async () => 1, { name: 'one' })()
    change((reply, command) => (command === 'SMEMBERS' ? [] : reply))
    expect(await cache.getSize()).toBe(0) // of the right form, and in step
    change((reply, command) => (command === 'ECHO' ? [] : reply))
    await expect(cache.getSize()).rejects.toMatchObject({ reason: 'out-of-step' })
    change((reply) => reply)
    expect(await cache.getSize()).toBe(1)
  })
})

test.runIf(hasServer)(
  'an entry of another serializer, or without a trailer, is a miss that is emitted, and is replaced',
  async () => {
    const { cache, fn } = newWorld({ serializer: 'json' })
    const undecodable: string[] = []
    cache.on('undecodable', ({ error }) => undecodable.push(error.message))
    await fn('a')
    const other = new RedisFuncCache(cache.name, new LruTPolicy(), { store: target.newStore() })
    other.on('undecodable', ({ error }) => undecodable.push(error.message))
    // The first could read what is stored, and the second could not.
    for (const serializer of ['auto', 'yaml'] as const) {
      const reader = other.wrap(fn.original, { name: 'fn', serializer, replace: true })
      expect(await reader.detailed('a')).toMatchObject({ value: { of: 'a', at: 'all' }, status: 'miss' })
      expect(await reader.detailed('a')).toMatchObject({ status: 'hit' })
    }
    const { values, hash } = fn.keyOf('b')
    await fn('b')
    await target.raw(values, 'HSET', values, hash, '{"of":"somebody"}')
    expect(await fn('b')).toEqual({ of: 'b', at: 'all' })
    expect(undecodable).toMatchObject(
      [/written by another serializer\./, /written by another serializer\./, /no trailer/].map((each) =>
        expect.stringMatching(each),
      ),
    )
  },
)

test.runIf(hasServer).each(['-', '--', ' 9-', ' - -', ' 5 5 5', ' t', '\n', '\n1 '])(
  'a trailer that somebody ended with %j fails no command',
  async (ending) => {
    const { cache, fn } = newWorld({ staleWhileRevalidate: '1m', singleFlight: 'global' })
    const errors: unknown[] = []
    cache.on('error', ({ error }) => errors.push(error))
    const { values, hash } = fn.keyOf('a')
    const spoil = async () => {
      await fn('a')
      const stored = String(await target.raw(values, 'HGET', values, hash))
      await target.raw(values, 'HSET', values, hash, stored + ending)
    }
    await spoil()
    expect(await fn('a')).toEqual({ of: 'a', at: 'all' })
    await spoil()
    await fn.refresh('a')
    await spoil()
    expect(await fn.invalidateAll({ soft: true })).toBe(1)
    expect(errors).toEqual([])
  },
)
