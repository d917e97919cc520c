// Results found by tags: those that have one go, and no others; and nothing is left of who has gone.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  type AbstractPolicy,
  type CacheEvents,
  type CacheOptions,
  LruTPolicy,
  type MemoryStore,
  type NewEntry,
  OptionError,
  type KeySpace,
  RedisFuncCache,
  type Store,
  StoreError,
} from './library.ts'
import { FailingStore } from './failing-store.ts'
import { gated } from './gated.ts'
import { AnyBytesPolicy, entry, hashesOf, newPlace, placeOf } from './places.ts'
import { EACH_POLICY, EACH_POLICY_AND_SCOPE, hasServer, openTarget, type Target, unique } from './target.ts'
import { runs } from '../random.ts'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

/** A place whose entries may have tags. */
const taggedPlace = (policy: AbstractPolicy, limits: Parameters<typeof newPlace>[1] = {}): KeySpace => ({
  ...newPlace(policy, limits),
})

/** Users and their orders with tags, and a function without. */
function shopOf(cache: RedisFuncCache) {
  const runs: string[] = []
  const run = async (text: string): Promise<string> => {
    runs.push(text)
    return text
  }
  const user = cache.wrap((id: number) => run(`user ${id}`), {
    name: 'user',
    tags: (_user, id) => [`user:${id}`, 'users'],
  })
  const order = cache.wrap((id: number, of: number) => run(`order ${id} of ${of}`), {
    name: 'order',
    ttl: '100s',
    tags: (_order, id, of) => [`order:${id}`, `user:${of}`, 'orders'],
  })
  const rate = cache.wrap((currency: string) => run(`rate of ${currency}`), { name: 'rate' })
  const errors: unknown[] = []
  cache.on('error', ({ error }) => errors.push(error))
  return { cache, user, order, rate, runs, errors }
}

function newShop(create: () => AbstractPolicy, options: Partial<CacheOptions> = {}) {
  const store = target.newStore()
  const cache = new RedisFuncCache(unique('tags'), create(), { store, ...options })
  return { ...shopOf(cache), store }
}

/** The places of the functions of a shop: one and the same, unless each has its own. */
function placesOf({ cache, user, order, rate }: ReturnType<typeof shopOf>): KeySpace[] {
  const places = [user.keyOf(1), order.keyOf(1, 1), rate.keyOf('')].map((key) => placeOf(cache, key))
  return [...new Map(places.map((place) => [place.keys[0], place])).values()]
}

/** All members of the indexes of tags; in process, the tags of all entries. */
async function countMembers(store: Store, places: readonly KeySpace[]): Promise<number> {
  const counts = places.map(async (place) => {
    const key = `${place.keys[1]}:tags`
    // Without the name of the index itself.
    if (hasServer) return Number(await target.raw(key, 'ZLEXCOUNT', key, '[h', '+'))
    const { tags } = await target.inspect(store, place)
    return [...tags.values()].reduce((all, own) => all + 2 * own.length, 0)
  })
  return (await Promise.all(counts)).reduce((all, count) => all + count, 0)
}

describe.each(EACH_POLICY_AND_SCOPE)('$policy, scope $scope: invalidateTags', ({ create, scope }) => {
  async function filled() {
    const it = newShop(create)
    for (const id of [1, 2, 3]) await it.user(id)
    await it.order(10, 1)
    await it.order(20, 2)
    await it.order(11, 1)
    await it.rate('EUR')
    it.runs.length = 0
    return it
  }

  async function ask({ user, order, rate, runs }: Awaited<ReturnType<typeof filled>>): Promise<string[]> {
    await Promise.all([user(1), user(2), user(3), order(10, 1), order(20, 2), order(11, 1), rate('EUR')])
    return runs
  }

  test('reaches all functions, by any of their tags', async () => {
    const it = await filled()
    expect(await it.cache.invalidateTags('user:1')).toBe(3)
    expect(await it.user.peek(1)).toBeUndefined()
    expect(await it.order.peek(20, 2)).toBe('order 20 of 2')
    expect((await ask(it)).toSorted()).toEqual(['order 10 of 1', 'order 11 of 1', 'user 1'])
    expect(it.errors).toEqual([])
  })

  test('takes several tags, and counts no entry twice', async () => {
    const it = await filled()
    expect(await it.cache.invalidateTags('users', 'user:2', 'order:10', 'users')).toBe(5)
    expect((await ask(it)).toSorted()).toEqual([
      'order 10 of 1',
      'order 20 of 2',
      'user 1',
      'user 2',
      'user 3',
    ])
  })

  test('leaves all others, and functions without tags', async () => {
    const it = await filled()
    expect(await it.cache.invalidateTags('user', 'user:', 'user:10', 'USERS', 'EUR')).toBe(0)
    expect(await it.cache.invalidateTags()).toBe(0)
    expect(await it.cache.invalidateTags({ soft: true })).toBe(0)
    expect(await it.cache.invalidateTags({})).toBe(0)
    expect(await ask(it)).toEqual([])
  })

  test('reaches what another process stored, and what this one never called', async () => {
    const it = await filled()
    const store = hasServer ? target.newStore() : it.store
    const other = new RedisFuncCache(it.cache.name, create(), { store })
    expect(await other.invalidateTags('users', 'orders')).toBe(6)
    expect((await ask(it)).toSorted()).toHaveLength(6)
    expect(it.runs).not.toContain('rate of EUR')
  })

  test('is forgotten with the entries it named', async () => {
    const it = await filled()
    await it.cache.invalidateTags('user:1')
    expect(await it.cache.invalidateTags('user:1')).toBe(0)
    await it.user(1)
    expect(await it.cache.invalidateTags('user:1')).toBe(1)
  })

  test('removes what entries had besides', async () => {
    const it = await filled()
    expect(await countMembers(it.store, placesOf(it))).toBe(3 * 4 + 3 * 6)
    await it.cache.invalidateTags('users', 'orders')
    expect(await countMembers(it.store, placesOf(it))).toBe(0)
    const contents = await Promise.all(placesOf(it).map((place) => target.inspect(it.store, place)))
    expect(contents.flatMap(({ hashes }) => hashes)).toEqual([String(it.rate.keyOf('EUR').hash)])
  })

  test.runIf(hasServer)(`finds ${scope === 'cache' ? 'the key pair' : 'all key pairs'}`, async () => {
    const it = await filled()
    expect(placesOf(it)).toHaveLength(scope === 'cache' ? 1 : 3)
  })
})

describe.each(EACH_POLICY_AND_SCOPE)('$policy, scope $scope: the tags of an entry', ({ create }) => {
  /** A function whose tags are what it returns. */
  function labelled(options: Partial<CacheOptions> = {}) {
    const store = target.newStore()
    const cache = new RedisFuncCache(unique('labels'), create(), { store, ...options })
    let labels: readonly string[] = []
    const label = cache.wrap(async (_key: string) => labels, {
      name: 'label',
      ttl: '100s',
      tags: (all) => all,
    })
    const set = async (key: string, all: readonly string[]): Promise<void> => {
      labels = all
      await label.refresh(key)
    }
    const place = { ...placeOf(cache, label.keyOf('')) }
    const tagsOf = async (key: string): Promise<readonly string[] | undefined> =>
      (await target.inspect(store, place)).tags.get(String(label.keyOf(key).hash))
    return { cache, store, label, set, place, tagsOf }
  }

  test('are those of its last result', async () => {
    const { cache, label, set, tagsOf } = labelled()
    await set('k', ['a', 'b'])
    await set('k', ['b', 'c', 'c'])
    expect(await tagsOf('k')).toEqual(['b', 'c'])
    expect(await cache.invalidateTags('a')).toBe(0)
    expect(await label.peek('k')).toEqual(['b', 'c', 'c'])
    await set('k', [])
    expect(await tagsOf('k')).toEqual([])
    expect(await cache.invalidateTags('b', 'c')).toBe(0)
    expect(await label.peek('k')).toEqual([])
    await label.prime(['k'], ['d'])
    expect(await tagsOf('k')).toEqual(['d'])
    expect(await cache.invalidateTags('d')).toBe(1)
    expect(await label.peek('k')).toBeUndefined()
  })

  test('are not known of what a function without tags stored', async () => {
    const { cache, store, label, set, place, tagsOf } = labelled()
    const bare = new RedisFuncCache(cache.name, create(), { store })
    const sameCall = bare.wrap(label.original, { name: 'label', ttl: '100s' })
    await set('k', ['a'])
    await sameCall.prime(['k'], ['of the other'])
    expect(await tagsOf('k')).toBeUndefined()
    expect(await sameCall.peek('k')).toEqual(['of the other'])
    expect(await label.peek('k')).toBeUndefined() // might outlive an invalidation
    expect(await label('k')).toEqual(['a'])
    expect(await tagsOf('k')).toEqual(['a'])
    expect(await countMembers(store, [place])).toBe(2)
  })

  test('go with it when it is evicted', async () => {
    const { cache, store, set, place } = labelled({ maxSize: 2 })
    for (const key of 'abcdef') await set(key, [key, 'all'])
    const { hashes, tags } = await target.inspect(store, place)
    expect(hashes).toHaveLength(2)
    expect(tags.size).toBe(2)
    expect(await countMembers(store, [place])).toBe(2 * 4)
    expect(await cache.invalidateTags('all')).toBe(2)
  })

  test('go with it when it is invalidated, by whatever, or purged', async () => {
    const { cache, store, label, set, place } = labelled()
    for (const key of 'abcd') await set(key, [key, 'all'])
    await label.invalidate('a')
    expect(await countMembers(store, [place])).toBe(3 * 4)
    await label.with({ soft: true }).invalidate('b') // has no grace period
    expect(await countMembers(store, [place])).toBe(2 * 4)
    expect(await cache.invalidateTags('c')).toBe(1)
    expect(await countMembers(store, [place])).toBe(4)
    await label.invalidateAll()
    expect(await countMembers(store, [place])).toBe(0)
    await set('a', ['all'])
    await cache.purge()
    expect(await countMembers(store, [place])).toBe(0)
    expect(await cache.invalidateTags('all')).toBe(0)
  })

  test('go with it when its time is over', async () => {
    const { store, place } = labelled()
    const metadata = { tags: ['all'] }
    await store.put(place, [entry('a', { ttlMs: 1, metadata }), entry('b', { metadata })])
    await vi.waitFor(async () => expect(await store.size(place)).toBe(1), { interval: 1 })
    expect((await store.invalidateTags(place, ['none'])).count).toBe(0) // sweeps
    expect(await countMembers(store, [place])).toBe(2)
    expect((await target.inspect(store, place)).hashes).toEqual(['b'])
    await store.put(place, [entry('a', { ttlMs: 1, metadata })])
    await vi.waitFor(async () => expect(await store.size(place)).toBe(1), { interval: 1 })
    await store.put(place, [entry('c')])
    expect(await countMembers(store, [place])).toBe(2)
    expect((await store.invalidateTags(place, ['all'])).count).toBe(1)
  })

  test('may be up to a hundred', async () => {
    const { cache, set, tagsOf, label } = labelled()
    const many = Array.from({ length: 100 }, (_, i) => `tag ${i}`)
    await set('k', many)
    expect(await tagsOf('k')).toEqual(many.toSorted())
    expect(await cache.invalidateTags(...many)).toBe(1)
    expect(await label.peek('k')).toBeUndefined()
  })

  test('are not asked for by a function without tags that an error was stored of', async () => {
    const cache = new RedisFuncCache(unique('tags'), create(), { store: target.newStore() })
    const runs: string[] = []
    const fail = cache.wrap(
      async (key: string): Promise<string> => {
        runs.push(key)
        throw new RangeError(key)
      },
      { name: 'fail', tags: () => ['all'], cacheErrors: { ttl: '100s' } },
    )
    await expect(fail('a')).rejects.toThrow(RangeError)
    await expect(fail('a')).rejects.toThrow(RangeError)
    expect(runs).toEqual(['a'])
  })

  test.each<{ what: string; tags: unknown }>([
    { what: 'a text', tags: 'user:42' },
    { what: 'nothing', tags: undefined },
    { what: 'an empty text among them', tags: ['a', ''] },
    { what: 'a number among them', tags: ['a', 42] },
    { what: 'more than a hundred', tags: Array.from({ length: 101 }, (_, i) => `tag ${i}`) },
    { what: 'a Set', tags: new Set(['a']) },
  ])('that are $what are emitted, and the result is not stored', async ({ tags }) => {
    const cache = new RedisFuncCache(unique('tags'), create(), { store: target.newStore() })
    const failures: CacheEvents['error'][] = []
    cache.on('error', (failure) => failures.push(failure))
    const load = cache.wrap(async (key: string) => key, { name: 'load', tags: () => tags as string[] })
    expect(await load('a')).toBe('a')
    expect(failures).toMatchObject([{ during: 'callback', function: 'load' }])
    expect(failures[0]?.error).toBeInstanceOf(OptionError)
    expect(String(failures[0]?.error)).toMatch(/tags: return an array of up to 100 texts that are not empty/)
    expect(await load.peek('a')).toBeUndefined()
    await expect(load.prime(['a'], 'a')).rejects.toThrow(OptionError)
    expect(await cache.getSize()).toBe(0)
  })
})

/** Tags that are one another's beginning, or look like what the index of tags is made of, or are hard to write. */
const ODD_TAGS = [
  'a aa a= a> = > < : a:b 1:a 1:a= t1:a= h1:a= [a (a - + * " \\ \\u0000 {} [] null é e\u0301 😀 😀😀'.split(
    ' ',
  ),
  ['\0', 'a\0', '\0\0', '\n', ' ', '\u2028', '\ufeff', '\u{10ffff}', '\uffff'],
  ['x'.repeat(1_000), 'x'.repeat(999), 'é'.repeat(1_000)],
].flat()

describe.each([
  { encoding: 'base64', create: () => new LruTPolicy() },
  { encoding: 'bytes', create: () => new LruTPolicy({ hash: { encoding: 'bytes' } }) },
  {
    encoding: 'bytes, scope function',
    create: () => new LruTPolicy({ scope: 'function', hash: { encoding: 'bytes' } }),
  },
] as const)('tags of any characters, hashes as $encoding', ({ create }) => {
  function odd() {
    const store = target.newStore()
    const cache = new RedisFuncCache(unique('odd'), create(), { store })
    const runs: string[] = []
    const errors: unknown[] = []
    cache.on('error', ({ error }) => errors.push(error))
    const load = cache.wrap(
      async (tag: string, _variant: number) => {
        runs.push(tag)
        return tag
      },
      { name: 'load', tags: (tag) => [tag] },
    )
    return { cache, load, runs, errors }
  }

  test('name their entries and no others', async () => {
    const { cache, load, runs, errors } = odd()
    for (const variant of [1, 2]) await Promise.all(ODD_TAGS.map((tag) => load(tag, variant)))
    expect(runs).toHaveLength(2 * ODD_TAGS.length)
    for (const [i, tag] of ODD_TAGS.entries()) {
      expect(await cache.invalidateTags(tag)).toBe(2)
      expect(await load.peek(tag, 1)).toBeUndefined()
      expect(await cache.getSize()).toBe(2 * (ODD_TAGS.length - i - 1))
    }
    expect(errors).toEqual([])
  })

  test('keep loads under way from being stored', async () => {
    const { cache, load } = odd()
    for (const tag of ODD_TAGS) {
      // Invalidated between the lookup and the write, since the load itself does it.
      const undone = cache.wrap(
        async (_tag: string) => {
          await cache.invalidateTags(tag)
          return 'old'
        },
        { name: `undone ${ODD_TAGS.indexOf(tag)}`, tags: (_result, own) => [own] },
      )
      expect(await undone(tag)).toBe('old')
      expect(await undone.peek(tag)).toBeUndefined()
      expect(await undone(`not ${tag}`)).toBe('old')
      expect(await undone.peek(`not ${tag}`)).toBe('old')
    }
    expect(await load('a', 1)).toBe('a')
  })

  test('that are half a character do no harm', async () => {
    const { cache, load, errors } = odd()
    await Promise.all([load('\ud800', 1), load('x\udc00y', 1), load('whole', 1)])
    expect(errors).toEqual([])
    expect(await load.peek('whole', 1)).toBe('whole')
    expect(await cache.invalidateTags('x\udc00y')).toBe(1)
    expect(await cache.invalidateTags('\ud800')).toBe(1)
    expect(await cache.getSize()).toBe(1)
  })
})

test('entries are found whatever the bytes of their hashes', async () => {
  const store = target.newStore()
  const place = taggedPlace(new AnyBytesPolicy())
  const bytes = [
    [0xff],
    [0xff, 0xff],
    [0xff, 0],
    [0],
    [0, 0],
    [0x3d],
    [0x3e],
    [0x3d, 0x3e],
    [0x61],
    [0xc3, 0x28],
  ]
  const entries = bytes.map((each) => ({
    ...entry(''),
    hash: Buffer.from(each).toString('latin1'),
    metadata: { tags: ['all', '='] },
  }))
  await store.put(place, entries)
  const lookups = await store.get(
    place,
    entries.map(({ hash }) => hash),
    { isTagged: true },
  )
  expect(lookups.every(({ isTagged }) => isTagged)).toBe(true)
  const { hashes, tags } = await target.inspect(store, place)
  expect(hashes.toSorted()).toEqual(bytes.map((each) => Buffer.from(each).toString('latin1')).toSorted())
  expect(tags.size).toBe(bytes.length)
  expect((await store.invalidate(place, ['\xff'])).count).toBe(1)
  expect(await countMembers(store, [place])).toBe(4 * (bytes.length - 1))
  expect((await store.invalidateTags(place, ['all'])).count).toBe(bytes.length - 1)
  expect(await countMembers(store, [place])).toBe(0)
})

describe.each(EACH_POLICY_AND_SCOPE)('$policy, scope $scope: a load that is under way', ({ create }) => {
  /** A cache of a function whose every run ends when the test says so, with the tags it is given then. */
  /** Two caches of one name: of two processes that share a server, or in one process the store. */
  function pair() {
    const name = unique('under-way')
    const store = target.newStore()
    const options = { tags: (labels: readonly string[]) => labels }
    return {
      here: gated({ name, store, create, options }),
      there: gated({ name, store: hasServer ? target.newStore() : store, create, options }),
    }
  }

  test.each([
    { where: 'here', soft: false },
    { where: 'there', soft: false },
    { where: 'here', soft: true },
    { where: 'there', soft: true },
  ] as const)(
    'is not stored if it turns out to have the tag (invalidated $where, soft: $soft)',
    async (how) => {
      const it = pair()
      const { here, there } = it
      const old = here.load('k')
      await here.running(1)
      expect(await it[how.where].cache.invalidateTags('other', 'mine', { soft: how.soft })).toBe(0)
      here.end(0, ['first', 'mine'])
      expect(await old).toEqual(['first', 'mine'])
      expect(await there.load.peek('k')).toBeUndefined()
      expect(here.events('skip')).toMatchObject([{ reason: 'invalidated', function: 'load' }])
    },
  )

  test('is stored if it has other tags', async () => {
    const { here, there } = pair()
    const result = here.load('k')
    await here.running(1)
    await there.cache.invalidateTags('mine', 'min', 'mine2')
    here.end(0, ['first', 'min:e'])
    await result
    expect(await there.load.peek('k')).toEqual(['first', 'min:e'])
  })

  test('is stored if it began after', async () => {
    const { here, there } = pair()
    await there.cache.invalidateTags('mine')
    const result = here.load('k')
    await here.running(1)
    here.end(0, ['mine'])
    await result
    expect(await there.load.peek('k')).toEqual(['mine'])
    expect(here.events('skip')).toEqual([])
  })

  test('does not replace what was stored since', async () => {
    const { here, there } = pair()
    const old = here.load.refresh('k')
    await here.running(1)
    await there.cache.invalidateTags('mine')
    await there.load.prime(['k'], ['mine', 'new'])
    here.end(0, ['mine', 'old'])
    await old
    expect(await here.load.peek('k')).toEqual(['mine', 'new'])
  })

  test('is not joined by a call that comes after', async () => {
    const { here } = pair()
    const old = here.load('k')
    await here.running(1)
    await here.cache.invalidateTags('mine')
    const next = here.load('k')
    await here.running(2)
    here.end(0, ['mine', 'old'])
    here.end(1, ['mine', 'new'])
    expect(await Promise.all([old, next])).toEqual([
      ['mine', 'old'],
      ['mine', 'new'],
    ])
    expect(await here.load.peek('k')).toEqual(['mine', 'new'])
  })

  test('is not joined by a call that comes after, though it is not to be stored', async () => {
    const store = new HeldStore(target.newStore())
    const cache = new RedisFuncCache(unique('under-way'), create(), { store })
    const ends: ((result: string) => void)[] = []
    const load = cache.wrap((_key: string) => new Promise<string>((resolve) => ends.push(resolve)), {
      name: 'load',
      cacheIf: () => false,
      tags: () => ['mine'],
    })
    // Begun when the invalidation was asked for, but had not reached the store.
    await load.prime(['other'], 'registers the key pair')
    const invalidated = cache.invalidateTags('mine')
    await store.arrived
    const old = load('k')
    await vi.waitFor(() => expect(ends).toHaveLength(1), { interval: 1 })
    store.letGo()
    await invalidated
    const next = load('k')
    await vi.waitFor(() => expect(ends).toHaveLength(2), { interval: 1 })
    ends[0]?.('old')
    ends[1]?.('new')
    expect(await Promise.all([old, next])).toEqual(['old', 'new'])
  })
})

/** Lets an invalidation wait on its way. */
class HeldStore extends FailingStore {
  readonly #held = gate()
  readonly #arrived = gate()
  readonly arrived: Promise<void> = this.#arrived.isOpen

  letGo(): void {
    this.#held.open()
  }

  override async invalidateTags(
    place: KeySpace,
    tags: readonly string[],
    soft?: boolean,
  ): ReturnType<Store['invalidateTags']> {
    this.#arrived.open()
    await this.#held.isOpen
    return super.invalidateTags(place, tags, soft)
  }
}

function gate(): { readonly isOpen: Promise<void>; open: () => void } {
  let open = () => {}
  const isOpen = new Promise<void>((resolve) => {
    open = resolve
  })
  return { isOpen, open: () => open() }
}

describe.each(EACH_POLICY_AND_SCOPE)('$policy, scope $scope: soft invalidation by tags', ({ create }) => {
  function graced() {
    const store = target.newStore()
    const cache = new RedisFuncCache(unique('soft'), create(), { store })
    const runs: string[] = []
    const fn = async (key: string): Promise<string> => {
      runs.push(key)
      return `${key} ${runs.length}`
    }
    const tags = (_result: string, key: string): string[] => [key, 'all', 'everything']
    const lasting = cache.wrap(fn, { name: 'lasting', ttl: '100s', staleWhileRevalidate: '50s', tags })
    const fallback = cache.wrap(fn, { name: 'fallback', ttl: '100s', staleIfError: '50s', tags })
    const brief = cache.wrap(fn, { name: 'brief', ttl: '100s', tags })
    const place = { ...placeOf(cache, lasting.keyOf('')) }
    return { cache, store, lasting, fallback, brief, place, runs }
  }

  test('makes entries with a grace period stale, and removes the others', async () => {
    const { cache, store, lasting, fallback, brief, place, runs } = graced()
    for (const each of [lasting, fallback, brief]) await each('a')
    expect(await cache.invalidateTags('all', 'a', 'everything', { soft: true })).toBe(3)
    expect(await brief.peek('a')).toBeUndefined()
    const stats = await cache.withStats(async () => expect(await lasting('a')).toBe('a 1'))
    expect(stats.stats).toMatchObject({ stale: 1, hit: 0, miss: 0 })
    await vi.waitFor(async () => expect(await lasting.peek('a')).toBe('a 4'), { interval: 1 })
    expect(await fallback('a')).toBe('a 5') // serves the old one only where the function fails
    expect(runs).toHaveLength(5)
    const hash = String(lasting.keyOf('a').hash)
    expect((await target.inspect(store, place)).tags.get(hash)).toEqual(['a', 'all', 'everything'])
  })

  test('keeps the tags, so that a hard one comes after', async () => {
    const { cache, lasting, runs } = graced()
    await lasting('a')
    expect(await cache.invalidateTags('a', { soft: true })).toBe(1)
    expect(await cache.invalidateTags('a', { soft: true })).toBe(1)
    expect(await cache.invalidateTags('a')).toBe(1)
    expect(await lasting('a')).toBe('a 2')
    expect(runs).toHaveLength(2)
  })

  test('keeps no stale entry longer than its grace period', async () => {
    const { cache, store, lasting, place } = graced()
    await lasting('a')
    const hash = String(lasting.keyOf('a').hash)
    const before = await target.inspect(store, place)
    const graceMs = (before.expiry.get(hash) ?? 0) - (before.fresh.get(hash)?.untilMs ?? 0)
    expect(graceMs).toBe(50_000)
    const nowMs = Math.floor((await store.now(place)) / 1_000)
    await cache.invalidateTags('a', { soft: true })
    const after = await target.inspect(store, place)
    const untilMs = after.fresh.get(hash)?.untilMs ?? 0
    expect(untilMs).toBeGreaterThanOrEqual(nowMs)
    expect(untilMs).toBeLessThan(nowMs + 10_000)
    expect(after.expiry.get(hash)).toBe(untilMs + graceMs)
    expect(after.fresh.get(hash)?.storedMs).toBe(before.fresh.get(hash)?.storedMs)
    await cache.invalidateTags('a', { soft: true }) // stale already: nothing is moved again
    expect((await target.inspect(store, place)).expiry.get(hash)).toBe(untilMs + graceMs)
  })
})

describe.each(EACH_POLICY.filter(({ policy }) => ['lru_t', 'lfu', 'rr'].includes(policy)))(
  '$policy: a tag on many entries',
  ({ create }) => {
    const COUNT = 12_000
    const others = [entry('other 1', { metadata: { tags: ['own'] } }), entry('other 2')]

    async function many(more: Partial<NewEntry['metadata'] & object> = {}, ttlMs?: number) {
      const store = target.newStore()
      const place = taggedPlace(create())
      const hashes = hashesOf(COUNT)
      for (let start = 0; start < COUNT; start += 1_000) {
        const some = hashes.slice(start, start + 1_000)
        const metadata = { ...more, tags: ['all', `piece ${start}`] }
        await store.put(
          place,
          some.map((hash) => entry(hash, { ttlMs, metadata })),
        )
      }
      await store.put(place, others)
      return { store, place }
    }

    test('is invalidated whole', { timeout: 60_000 }, async () => {
      const { store, place } = await many()
      expect(await countMembers(store, [place])).toBe(COUNT * 4 + 2)
      expect((await store.invalidateTags(place, ['piece 3000', 'none', 'all', 'piece 7000'])).count).toBe(
        COUNT,
      )
      expect((await target.inspect(store, place)).hashes.toSorted()).toEqual(['other 1', 'other 2'])
      expect(await countMembers(store, [place])).toBe(2)
    })

    test('grows stale whole', { timeout: 60_000 }, async () => {
      const { store, place } = await many({ freshMs: 100_000 }, 150_000)
      await store.put(place, [entry('no grace', { metadata: { tags: ['all'] } })])
      expect((await store.invalidateTags(place, ['piece 3000', 'all', 'piece 7000'], true)).count).toBe(
        COUNT + 1,
      )
      const { hashes, fresh } = await target.inspect(store, place)
      expect(hashes).toHaveLength(COUNT + 2)
      const nowMs = (await store.now(place)) / 1_000
      expect([...fresh.values()].filter(({ untilMs }) => untilMs > nowMs)).toEqual([])
      expect(await countMembers(store, [place])).toBe(COUNT * 4 + 2)
    })

    test('refuses loads that began before, whatever the portion', { timeout: 60_000 }, async () => {
      const { store, place } = await many()
      const token = await store.now(place)
      const invalidated = store.invalidateTags(place, ['all'])
      const puts = ['h1', 'h2', 'h3'].map((hash) =>
        store.put(place, [entry(hash, { token, metadata: { tags: ['all'] } })]),
      )
      expect((await invalidated).count).toBeGreaterThanOrEqual(COUNT)
      await Promise.all(puts)
      const stored = await store.put(place, [entry('h4', { token, metadata: { tags: ['all'] } })])
      expect(stored.stored).toEqual([false])
      expect((await target.inspect(store, place)).hashes.toSorted()).toEqual(['other 1', 'other 2'])
    })
  },
)

describe.runIf(hasServer).each(EACH_POLICY_AND_SCOPE)(
  '$policy, scope $scope: an index of tags that was lost',
  ({ create }) => {
    async function afterLoss() {
      const it = newShop(create)
      for (const id of [1, 2]) await it.user(id)
      await it.rate('EUR')
      const key = `${it.user.keyOf(1).values}:tags`
      expect(await target.raw(key, 'DEL', key)).toBe(1)
      it.runs.length = 0
      return { ...it, key }
    }

    test('makes misses of its entries, and of no others', async () => {
      const it = await afterLoss()
      expect(await it.user.peek(1)).toBeUndefined()
      expect(await it.user(1)).toBe('user 1')
      expect(await it.user(1)).toBe('user 1')
      expect(await it.rate('EUR')).toBe('rate of EUR')
      expect(it.runs).toEqual(['user 1'])
      expect(await it.user.peek(2)).toBeUndefined() // its tags are unknown, though there is an index again
      expect(it.errors).toEqual([])
    })

    test('lets no entry outlive an invalidation', async () => {
      const it = await afterLoss()
      await it.cache.invalidateTags('user:1')
      expect(await it.user(1)).toBe('user 1')
      expect(it.runs).toEqual(['user 1'])
      expect(await it.cache.invalidateTags('user:1')).toBe(1)
      await it.user(1)
      expect(it.runs).toEqual(['user 1', 'user 1'])
    })

    test('is whole again when they are stored again', async () => {
      const it = await afterLoss()
      for (const id of [1, 2, 3]) await it.user(id)
      const [place] = placesOf(it)
      expect((await target.inspect(it.store, place as KeySpace)).tags.size).toBe(3)
      expect(await it.cache.invalidateTags('users')).toBe(3)
    })
  },
)

describe('invalidateTags', () => {
  const newCache = (store = target.newStore()) =>
    new RedisFuncCache(unique('tags'), new LruTPolicy(), { store })

  test.each<{ what: string; args: unknown[]; message: RegExp }>([
    { what: 'an empty text', args: [''], message: /^invalidateTags: give up to 100 texts/ },
    {
      what: 'an array',
      args: [['a', 'b']],
      message: /^invalidateTags: give the tags one by one.*\.\.\.tags/,
    },
    { what: 'an empty array', args: [[]], message: /^invalidateTags: give the tags one by one/ },
    { what: 'a number', args: ['a', 1], message: /^invalidateTags: give up to 100 texts/ },
    {
      what: 'options that come first',
      args: [{ soft: true }, 'a'],
      message: /^invalidateTags: give up to 100 texts/,
    },
    {
      what: 'an unknown option',
      args: ['a', { hard: true }],
      message: /hard: invalidateTags knows no such option/,
    },
    {
      what: 'an option of the wrong kind',
      args: ['a', { soft: 'yes' }],
      message: /soft: 'yes' is neither true nor false/,
    },
    { what: 'null', args: ['a', null], message: /invalidateTags: .*is not an object of options/ },
  ])('refuses $what', async ({ args, message }) => {
    const attempt = newCache().invalidateTags(...(args as string[]))
    await expect(attempt).rejects.toThrow(OptionError)
    await expect(attempt).rejects.toThrow(message)
  })

  test('is never lost silently', async () => {
    const cache = newCache(new FailingStore(target.newStore(), 'invalidateTags') as unknown as MemoryStore)
    await expect(cache.invalidateTags('a')).rejects.toThrow(StoreError)
  })
})

/** Puts altogether: enough to replace all entries many times. */
const PUTS = Math.max(20_000, runs(40_000))

describe('the index of tags', () => {
  test('stays as small as the cache, however many entries came and went', { timeout: 300_000 }, async () => {
    const SIZE = 1_000
    const PIECE = 500
    const store = target.newStore()
    const place = taggedPlace(new LruTPolicy(), { maxSize: SIZE })
    const key = `${place.keys[1]}:tags`
    const hashes = hashesOf(5_000)
    const bytes = async (): Promise<number> =>
      hasServer ? Number(await target.raw(key, 'MEMORY', 'USAGE', key, 'SAMPLES', '0')) : 0
    let atFirst = 0
    for (let put = 0; put < PUTS; put += PIECE) {
      const entries = Array.from({ length: PIECE }, (_, i) => {
        const number = put + i
        const tags = [`one ${number % 7_919}`, `some ${number % 97}`, 'all']
        return entry(hashes[(number * 31) % hashes.length] as string, { metadata: { tags } })
      })
      await store.put(place, entries)
      if (put === 10_000) atFirst = await bytes()
      if (put % 20_000 === 0) expect(await countMembers(store, [place])).toBeLessThanOrEqual(SIZE * 6)
    }
    expect(await countMembers(store, [place])).toBe(SIZE * 6)
    const { hashes: left, tags } = await target.inspect(store, place)
    expect(left).toHaveLength(SIZE)
    expect(tags.size).toBe(SIZE)
    expect(await bytes()).toBeLessThanOrEqual(1.2 * atFirst)
    expect((await store.invalidateTags(place, ['all'])).count).toBe(SIZE)
    expect(await countMembers(store, [place])).toBe(0)
  })
})
