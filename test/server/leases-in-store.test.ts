// Leases, as a store grants, renews and ends them.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Hash, type KeySpace, LruTPolicy, type Store } from './library.ts'
import { leasesOf } from './lease-processes.ts'
import { entry, leaseRequest, newPlace, scoresOf } from './places.ts'
import { hasServer, openTarget, type Target } from './target.ts'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

/** Takes a lease. */
async function taken(store: Store, place: KeySpace, hash: Hash, leaseMs: number) {
  const request = leaseRequest(hash)
  expect(await store.lease(place, [request], leaseMs)).toMatchObject([{ state: 'taken' }])
  return { hash, asker: request.asker }
}

function newLeases() {
  const store = target.newStore()
  const place = newPlace(new LruTPolicy())
  return { store, place, key: leasesOf(place) }
}

test('a lease has one holder, and asking shows whether an entry is available', async () => {
  const { store, place } = newLeases()
  await store.put(place, [entry('there')])
  const first = await store.lease(
    place,
    [leaseRequest('there'), leaseRequest('free'), leaseRequest('free')],
    10_000,
  )
  expect(first).toMatchObject([{ state: 'available' }, { state: 'taken' }, { state: 'held' }])
  const [, own, other] = first as unknown as [unknown, { atUs: number; untilUs: number }, { untilUs: number }]
  expect(own.untilUs - own.atUs).toBe(10_000_000)
  expect(other.untilUs).toBe(own.untilUs)
})

test('a holder that asks again prolongs its lease', async () => {
  const { store, place } = newLeases()
  const [request, other] = [leaseRequest('a'), leaseRequest('a')]
  const [first] = await store.lease(place, [request], 10_000)
  const [again, held] = await store.lease(place, [request, other], 20_000)
  expect([first, again]).toMatchObject([{ state: 'taken' }, { state: 'taken' }])
  expect(held).toMatchObject({ state: 'held', untilUs: (again as { untilUs: number }).untilUs })
  expect((again as { untilUs: number }).untilUs - (again as { atUs: number }).atUs).toBe(20_000_000)
  await store.release(place, [{ hash: 'a', asker: request.asker }])
  expect(await store.lease(place, [other, request], 10_000)).toMatchObject([
    { state: 'taken' },
    { state: 'held' },
  ])
})

test('a former holder of a lease that was ended has no part in the lease of the next', async () => {
  const { store, place } = newLeases()
  const own = await taken(store, place, 'a', 60_000)
  await store.invalidate(place, ['a'])
  const next = await taken(store, place, 'a', 60_000)
  expect(await store.renew(place, [own, next], 60_000)).toEqual([false, true])
  expect(await store.lease(place, [{ ...own, seenMs: undefined }], 60_000)).toMatchObject([{ state: 'held' }])
  await store.release(place, [own])
  expect(await store.renew(place, [next], 60_000)).toEqual([true])
})

test('an entry that has expired is not available', async () => {
  const { store, place } = newLeases()
  await store.put(place, [entry('a', { ttlMs: 1 })])
  await vi.waitFor(async () => expect((await store.get(place, ['a']))[0]?.value).toBeUndefined())
  expect(await store.lease(place, [leaseRequest('a')], 1_000)).toMatchObject([{ state: 'taken' }])
})

test('an entry that is stale, or was seen and was not usable, is not available', async () => {
  const { store, place } = newLeases()
  const fresh = (hash: string, freshMs: number) => entry(hash, { ttlMs: 600_000, metadata: { freshMs } })
  await store.put(place, [fresh('fresh', 300_000), fresh('stale', 0), entry('unnoted')])
  const [seen, stale] = await store.get(place, ['fresh', 'stale'])
  const until = (lookup: typeof seen): number => lookup?.freshUntilMs as number
  const ask = async (hash: string, seenMs?: number) => {
    const request = leaseRequest(hash, seenMs)
    const [answer] = await store.lease(place, [request], 60_000)
    await store.release(place, [request])
    return answer?.state
  }
  expect(await ask('fresh')).toBe('available')
  expect(await ask('fresh', until(seen))).toBe('taken')
  expect(await ask('fresh', until(seen) - 1)).toBe('available')
  expect(await ask('stale')).toBe('taken')
  expect(await ask('stale', until(stale))).toBe('taken')
  expect(await ask('stale', until(stale) - 1)).toBe('taken')
  expect(await ask('unnoted')).toBe('available')
  expect(await ask('unnoted', 0)).toBe('taken')
})

test('only its holder releases it, renews it, or ends it by a put', async () => {
  const { store, place } = newLeases()
  const ask = () => store.lease(place, [leaseRequest('a')], 60_000)
  const own = await taken(store, place, 'a', 60_000)
  const stranger = { hash: 'a', asker: 'a stranger' }
  await store.release(place, [stranger])
  expect(await store.renew(place, [stranger], 60_000)).toEqual([false])
  await store.put(place, [entry('a', { token: 1, metadata: { asker: stranger.asker } })]) // refused: that old
  expect(await ask()).toMatchObject([{ state: 'held' }])

  expect(await store.renew(place, [own], 120_000)).toEqual([true])
  const [held] = (await ask()) as [{ state: string; atUs: number; untilUs: number }]
  expect(held.state).toBe('held')
  expect(held.untilUs - held.atUs).toBeGreaterThan(100_000_000)
  await store.release(place, [own])
  expect(await ask()).toMatchObject([{ state: 'taken' }])
})

test('a lease is over when its time is', async () => {
  const { store, place } = newLeases()
  const own = await taken(store, place, 'a', 20)
  await vi.waitFor(
    async () =>
      expect(await store.lease(place, [leaseRequest('a')], 60_000)).toMatchObject([{ state: 'taken' }]),
    { interval: 1 },
  )
  expect(await store.renew(place, [own], 60_000)).toEqual([false])
})

test('call hashes of any bytes have leases, whose ends are published', async () => {
  const { store, place } = newLeases()
  const hash = Buffer.from([0xff, 0x00, 0x3d, 0xc3, 0x28]).toString('latin1')
  const ended: string[] = []
  const watcher = {
    ended: (emitted: string) => void ended.push(emitted),
    lost() {},
    restored() {},
  }
  await store.watch(place, watcher)
  await store.release(place, [await taken(store, place, hash, 60_000)])
  await vi.waitFor(() => expect(ended).toEqual([hash]))
  await store.close()
})

test.each(['release', 'put', 'invalidate', 'invalidateFunction', 'purge'] as const)(
  '%s publishes the ends of leases, of its own partition alone',
  async (how) => {
    const { store, place } = newLeases()
    const other = newLeases().place
    const emitted: string[] = []
    const watcher = (name: string) => ({
      ended: (hash: string) => void emitted.push(`${name} ${hash}`),
      lost() {},
      restored() {},
    })
    await store.watch(place, watcher('own'))
    await store.watch(other, watcher('other'))
    const own = await taken(store, place, 'a', 60_000)
    await taken(store, place, 'b', 60_000)
    await taken(store, other, 'a', 60_000)
    if (how === 'release') await store.release(place, [own])
    if (how === 'put') await store.put(place, [entry('a', { metadata: { asker: own.asker } })])
    if (how === 'invalidate') await store.invalidate(place, ['a', 'c'])
    if (how === 'invalidateFunction') await store.invalidateFunction(place, 'a')
    if (how === 'purge') await store.purge(place)
    const all = how === 'purge' ? ['own a', 'own b'] : ['own a']
    await vi.waitFor(() => expect(emitted.toSorted()).toEqual(all))
    await store.close()
  },
)

describe.runIf(hasServer)('the key of the leases', () => {
  test('expires after its leases', async () => {
    const { store, place, key } = newLeases()
    await store.lease(place, [leaseRequest('short')], 1_000)
    const leftMs = async () => (await target.raw(key, 'PTTL', key)) as number
    expect(await leftMs()).toBeGreaterThan(2_000)
    expect(await leftMs()).toBeLessThanOrEqual(3_000)
    const long = await taken(store, place, 'long', 60_000)
    expect(await leftMs()).toBeGreaterThan(120_000)
    await store.lease(place, [leaseRequest('short, too')], 1_000)
    expect(await leftMs()).toBeGreaterThan(120_000)
    await target.raw(key, 'PEXPIRE', key, '100')
    await store.renew(place, [long], 60_000)
    expect(await leftMs()).toBeGreaterThan(120_000)
    // Nor does anything that prolongs the others.
    await store.put(place, [entry('a')])
    await store.touch(place, ['a'])
    expect(await leftMs()).toBeLessThanOrEqual(180_000)
  })

  test('does not keep the leases of processes that died', async () => {
    const { store, place, key } = newLeases()
    const hashes = Array.from({ length: 300 }, (_, i) => `h${i}`)
    await store.lease(
      place,
      hashes.map((hash) => leaseRequest(hash)),
      1,
    )
    const { asker } = await taken(store, place, 'long', 60_000)
    await vi.waitFor(async () => {
      await store.lease(place, [leaseRequest('long')], 60_000)
      expect([...(await scoresOf(target, key)).keys()].toSorted()).toEqual([`=${asker}=long`, 'long'])
    })
  })
})
