import assert from 'node:assert/strict'
import { FifoPolicy } from '../index.ts'
import type { ChangeLog, ChangeMessage, KeySpace, NewEntry, Store } from '../store.ts'
import { hasChangeLog } from '../stores/store.ts'
import { type Caches, caseOf, type ConformanceCase } from './conformance-case.ts'

const TTL_MS = 60_000

/** What every log of changes has to do. */
export function changeLogConformance(
  newStore: () => Store,
  passTime: (ms: number) => unknown,
): readonly ConformanceCase[] {
  const listenedCase = (name: string, use: (it: Listened) => Promise<void>): ConformanceCase =>
    caseOf(name, async (caches) => use(await listened(caches, newStore())))
  return [
    caseOf('without a listener no change is recorded', async (caches) => {
      const { store, space } = partition(caches, newStore())
      const { changes } = await store.put(space, [entry('a')])
      assert.equal(changes, undefined)
      assert.equal((await store.invalidate(space, ['a'])).changes, undefined)
      assert.deepEqual(await store.changes(space), { number: undefined, hasEntries: false })
    }),
    ...Object.entries(CHANGES).map(([what, { act, names }]) =>
      listenedCase(`a change is recorded: ${what}`, async (it) => {
        const changes = await act(it)
        assert.deepEqual(await it.recorded(), names)
        assert.equal((await it.store.changes(it.space)).number, changes)
        assert.ok(Number(changes) > it.number) // by it, others know whether they have heard of the change
      }),
    ),
    listenedCase('a lookup reads the number of the last change', async ({ store, space }) => {
      const { changes } = await store.put(space, [entry('a', 'new')])
      const [lookup] = await store.get(space, ['a'], { isNumbered: true })
      assert.deepEqual(lookup?.changes, { number: changes, hasEntries: true })
    }),
    // Whoever puts an entry holds it afterwards, and the messages that name it are as old as the put.
    listenedCase('a put tells which of its entries it has evicted again', async ({ store, space }) => {
      const small = { ...space, limits: { ...space.limits, maxSize: 2 } }
      const { stored, evictedAtOnce } = await store.put(small, [entry('x'), entry('y'), entry('z')])
      assert.deepEqual(stored, [true, true, true])
      const lookups = await store.get(space, ['x', 'y', 'z'])
      const missing = ['x', 'y', 'z'].filter((_, i) => lookups[i]?.value === undefined)
      assert.deepEqual(missing, ['x'])
      assert.deepEqual([...(evictedAtOnce ?? [])], missing)
    }),
    listenedCase('numbers rise, and each message names the one before it', async (it) => {
      for (const hash of ['a', 'b', 'c']) await it.store.invalidate(it.space, [hash])
      let { number } = it
      for (const message of (await it.store.listen(it.space, number, TTL_MS)).messages) {
        assert.equal(message.previous, number)
        assert.ok(message.number > number)
        number = message.number
      }
      assert.notEqual(number, it.number)
    }),
    listenedCase('changes after a number that is not in the log are not whole', async (it) => {
      const { isWhole, messages } = await it.store.listen(it.space, it.number - 1, TTL_MS)
      assert.deepEqual([isWhole, messages], [false, []])
    }),
    caseOf('a log ends when nobody has listened for its time', async (caches) => {
      const { store, space } = partition(caches, newStore())
      const { number } = await store.listen(space, undefined, 100)
      await passTime(150)
      assert.equal((await store.changes(space)).number, undefined)
      assert.equal((await store.listen(space, number, TTL_MS)).isWhole, false)
    }),
    listenedCase('watchers are called with every change', async (it) => {
      const heard: ChangeMessage[] = []
      let enough = () => {}
      const all = new Promise<void>((resolve) => (enough = resolve))
      const changed = (message: ChangeMessage) => {
        if (heard.push(message) === 2) enough()
      }
      const watch = await it.store.watchChanges(it.space, { changed, lost() {}, restored() {} })
      if (watch === undefined) return // it cannot report changes: they are asked for by `listen`
      await it.store.put(it.space, [entry('a', 'new')])
      await it.store.purge(it.space)
      await all
      await watch.close()
      assert.deepEqual(heard, (await it.store.listen(it.space, it.number, TTL_MS)).messages)
    }),
  ]
}

const ALL = ['*']

/** What is recorded of changes to a partition for three entries, which has `a`, `b` and `c`. */
const CHANGES: Record<
  string,
  { readonly act: (it: Listened) => Promise<number | undefined>; readonly names: readonly string[] }
> = {
  'a put over an entry': {
    act: async ({ store, space }) => (await store.put(space, [entry('b', 'new')])).changes,
    names: ['b'],
  },
  // After a failover, others may hold an entry that the store has lost, and nothing but this tells them that there is another.
  'a put of a new entry': {
    act: async ({ store, space }) => (await store.put(space, [entry('d')])).changes,
    names: ['d'],
  },
  'an eviction': {
    act: async ({ store, space }) =>
      (await store.put({ ...space, limits: { ...space.limits, maxSize: 3 } }, [entry('d')])).changes,
    names: ['a', 'd'],
  },
  'an invalidation, also of what is not there': {
    act: async ({ store, space }) => (await store.invalidate(space, ['a', 'none'])).changes,
    names: ['a', 'none'],
  },
  'a soft invalidation': {
    act: async ({ store, space }) => (await store.invalidate(space, ['c'], true)).changes,
    names: ['c'],
  },
  'a soft invalidation of what is stale already': {
    act: async ({ store, space }) => {
      await store.invalidate(space, ['c'], true)
      const { number } = await store.changes(space)
      const { changes } = await store.invalidate(space, ['c'], true)
      assert.ok(Number(changes) > Number(number))
      return changes
    },
    names: ['c'],
  },
  'an invalidation of a function': {
    act: async ({ store, space }) => (await store.invalidateFunction(space, 'a')).changes,
    names: ['a…'],
  },
  'an invalidation of a tag': {
    act: async ({ store, space }) => (await store.invalidateTags(space, ['tag'])).changes,
    names: ['c'],
  },
  'an invalidation of a tag that no entry has': {
    act: async ({ store, space }) => (await store.invalidateTags(space, ['none'])).changes,
    names: [],
  },
  'a purge': { act: async ({ store, space }) => (await store.purge(space)).changes, names: ALL },
  'a put where all entries were removed': {
    act: async ({ store, space }) => {
      await store.invalidate(space, ['a', 'b', 'c'])
      return (await store.put(space, [entry('a')])).changes
    },
    names: [...ALL, 'a', 'b', 'c'],
  },
}

interface Listened {
  readonly store: Store & ChangeLog
  readonly space: KeySpace
  readonly number: number
  /** What was recorded since: hashes, what hashes begin with, and `*` for everything. */
  readonly recorded: () => Promise<readonly string[]>
}

async function listened(caches: Caches, given: Store): Promise<Listened> {
  const { store, space } = partition(caches, given)
  await store.put(space, [
    entry('a'),
    entry('b'),
    {
      ...entry('c'),
      ttlMs: 3_600_000,
      metadata: { freshMs: 1_800_000, tags: ['tag'] },
    },
  ])
  const { number } = await store.listen(space, undefined, TTL_MS)
  return {
    store,
    space,
    number,
    recorded: async () => {
      const { messages } = await store.listen(space, number, TTL_MS)
      return [...new Set(messages.flatMap(namesOf))].toSorted()
    },
  }
}

function partition(caches: Caches, store: Store) {
  if (!hasChangeLog(store)) {
    throw new Error('This store has no log of changes. Give storeConformance the option changes: false.')
  }
  const { policy } = caches.open(new FifoPolicy(), store)
  const limits = { maxSize: 1_000, idleTtlMs: 600_000 }
  return { store, space: { policy, keys: policy.calcKeys(), limits, ext: [] } satisfies KeySpace }
}

const entry = (hash: string, value = 'value'): NewEntry => ({
  hash,
  value,
  ttlMs: undefined,
  token: undefined,
})

const namesOf = ({ isAll, hashes, parts }: ChangeMessage): readonly string[] =>
  isAll ? ALL : [...hashes, ...parts.map((part) => `${part}…`)]
