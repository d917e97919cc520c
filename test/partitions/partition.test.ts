// What leaves when: seen by a store that notes what it is asked for.
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type AbstractPolicy, FifoPolicy, type Hash, LfuPolicy, MemoryStore } from '../../src/index.ts'
import type { LookupOptions } from '../../src/store.ts'
import type { NewEntry, KeySpace } from '../../src/store.ts'
import { Background } from '../../src/flow/background.ts'
import { Partition } from '../../src/partitions/partition.ts'
import { PendingInvalidations } from '../../src/partitions/pending-invalidations.ts'
import { WrittenChanges } from '../../src/partitions/written-changes.ts'
import { StoredEntry } from '../../src/stores/trailer.ts'
import { Counters } from '../../src/telemetry/counters.ts'
import { entry, newPlace } from '../server/places.ts'

vi.mock('../../src/flow/timers.ts', () => import('../flow/replaceable-timers.ts'))

/** Entries `a` to `z` are there; nothing else is. */
class NotingStore extends MemoryStore {
  readonly asked: string[] = []
  readonly timed: boolean[] = []

  override async get(_place: KeySpace, hashes: readonly Hash[], { isTimed = false }: LookupOptions = {}) {
    this.asked.push(`get ${hashes.join('')}`)
    this.timed.push(isTimed)
    return hashes.map((hash) => {
      const entry = new StoredEntry()
      entry.atUs = isTimed ? 1 : undefined
      entry.value = /^[a-z]$/.test(hash) ? Buffer.from('value') : undefined
      return entry
    })
  }

  override async touch(_place: KeySpace, hashes: readonly Hash[]): Promise<void> {
    this.asked.push(`touch ${hashes.join('')}`)
  }

  override async put(_place: KeySpace, entries: readonly NewEntry[]) {
    this.asked.push(`put ${entries.map(({ hash }) => hash).join('')}`)
    return { atUs: 1, evicted: 0, expired: 0, stored: entries.map(() => true), changes: undefined }
  }

  override async now(): Promise<number> {
    this.asked.push('now')
    return 5
  }
}

function newPartition(policy: AbstractPolicy = new LfuPolicy(), touchEveryMs?: number) {
  const store = new NotingStore()
  const counters = new Counters()
  const onTouchFailed = vi.fn<(error: unknown) => void>()
  const partition = new Partition(store, newPlace(policy), {
    registry: undefined,
    touchEveryMs,
    counters,
    background: new Background(),
    pending: new PendingInvalidations(),
    written: new WrittenChanges(),
    onTouchFailed,
    onNearFailed: () => {},
  })
  const look = (names: string) =>
    Promise.all([...names].map((name) => partition.look({ hash: name, isTagged: false })))
  const touches = () => store.asked.filter((each) => each.startsWith('touch'))
  return { store, partition, look, touches, counters, onTouchFailed }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('the policy', () => {
  test('is touched for hits alone, each of them, in their order, a moment later', async () => {
    const { look, touches } = newPartition()
    await look('ab')
    await look('1')
    await look('b2a')
    await look('a')
    await vi.advanceTimersByTimeAsync(4)
    expect(touches()).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(touches()).toEqual(['touch abbaa'])
    await vi.advanceTimersByTimeAsync(1_000)
    expect(touches()).toHaveLength(1)
  })

  test('is touched before anything is put, and at once', async () => {
    const { store, partition, look } = newPartition()
    await look('ba')
    const put = partition.put(entry('c'))
    await turn()
    expect(store.asked.slice(1)).toEqual(['touch ba', 'put c'])
    await put
    await vi.advanceTimersByTimeAsync(1_000)
    expect(store.asked).toHaveLength(3)
  })

  test('is touched later all the same if touches may wait, and once for each entry', async () => {
    const { partition, look, touches } = newPartition(new LfuPolicy(), 50)
    await look('ab')
    await look('a')
    await partition.put(entry('c'))
    await vi.advanceTimersByTimeAsync(49)
    expect(touches()).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(touches()).toEqual(['touch ba'])
  })

  test.each([undefined, 50])(
    'whose order reads do not change is told that the partition is in use',
    async (everyMs) => {
      const { store, look } = newPartition(new FifoPolicy(), everyMs)
      await look('12')
      await look('a1')
      expect(store.asked).toEqual(['get 12', 'get a1', 'touch a1'])
    },
  )

  test('that fails to reach the policy fails no call', async () => {
    const { store, look } = newPartition()
    vi.spyOn(store, 'touch').mockRejectedValue(new Error('no server'))
    await look('a')
    await vi.advanceTimersByTimeAsync(5)
    expect(store.touch).toHaveBeenCalledOnce()
  })
})

describe('the time of a lookup', () => {
  const isTimed = async ({ store, look }: ReturnType<typeof newPartition>, names: string) => {
    await look(names)
    return store.timed.at(-1)
  }

  test('is asked for as long as misses are to be expected', async () => {
    const it = newPartition()
    expect(await isTimed(it, 'a')).toBe(true)
    for (let i = 0; i < 300; i++) await it.look('a')
    expect(await isTimed(it, 'a')).toBe(false)
    expect(await isTimed(it, '1')).toBe(false)
    expect(await isTimed(it, 'a')).toBe(false) // one in many is none to wait for
    for (let i = 0; i < 8; i++) await it.look('1')
    expect(await isTimed(it, 'a')).toBe(true)
  })

  test('is asked for by many together sooner than by one', async () => {
    const it = newPartition()
    for (let i = 0; i < 200; i++) await it.look('a')
    expect(await isTimed(it, 'a')).toBe(false)
    expect(await isTimed(it, 'abcdefghij')).toBe(true)
  })

  test('never is where all are hits', async () => {
    const it = newPartition()
    for (let i = 0; i < 100; i++) await it.look('abcdefghijklmnopqrstuvwxyz')
    it.store.timed.length = 0
    for (let i = 0; i < 100; i++) await it.look('abcdefghijklmnopqrstuvwxyz')
    expect(new Set(it.store.timed)).toEqual(new Set([false]))
  })

  test('is asked for later, together by all calls that lack it', async () => {
    const { store, partition } = newPartition()
    expect(await Promise.all([partition.now(), partition.now(), partition.now()])).toEqual([5, 5, 5])
    expect(store.asked).toEqual(['now'])
  })
})

test('each lookup and each put is measured, those that travelled together as one', async () => {
  const { partition, look, counters } = newPartition()
  await look('abc')
  await Promise.all([partition.put(entry('d')), partition.put(entry('e'))])
  expect(counters.lookups.latency.count).toBe(3)
  expect(counters.puts.latency.count).toBe(2)
  expect(counters.puts.latency.buckets.at(-1)).toEqual({ le: Number.POSITIVE_INFINITY, count: 2 })
})

test('a touch that fails is reported, and fails no call', async () => {
  const { store, look, onTouchFailed } = newPartition()
  const refused = new Error('NOPERM')
  store.touch = async () => {
    throw refused
  }
  await look('a')
  await vi.advanceTimersByTimeAsync(5)
  expect(onTouchFailed).toHaveBeenCalledExactlyOnceWith(refused)
})
