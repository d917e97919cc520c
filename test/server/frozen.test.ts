// A load whose process was stopped meanwhile, or that took long, does not replace what was loaded later.
import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { forkProgram } from '../fork-program.ts'
import { LruTPolicy, RedisFuncCache } from './library.ts'
import type { LeaseAnswer, KeySpace, Store } from '../../src/store.ts'
import { FROZEN_OPTIONS, type FrozenKind, type FrozenOrder, type FrozenReport } from './frozen-options.ts'
import { gated } from './gated.ts'
import { entry, leaseRequest, newPlace, valuesOf } from './places.ts'
import { hasServer, openTarget, type Target, serverUrls, unique } from './target.ts'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

describe('in the store', () => {
  const newStore = (): { store: Store; place: KeySpace } => ({
    store: target.newStore(),
    place: newPlace(new LruTPolicy()),
  })

  interface Taken {
    readonly atUs: number
    readonly asker: string
  }

  /** Takes a lease, as soon as it can be had. */
  async function take(store: Store, place: KeySpace, leaseMs: number, seenMs?: number): Promise<Taken> {
    const request = leaseRequest('a', seenMs)
    let answer: LeaseAnswer | undefined
    await vi.waitFor(
      async () => {
        ;[answer] = await store.lease(place, [request], leaseMs)
        expect(answer?.state).toBe('taken')
      },
      { interval: 1 },
    )
    return { atUs: answer?.atUs as number, asker: request.asker }
  }

  const put = async (store: Store, place: KeySpace, value: string, token: number, metadata: object = {}) =>
    (await store.put(place, [entry('a', { value, token, ttlMs: 60_000, metadata })])).stored[0]

  const valueOf = async (store: Store, place: KeySpace) => (await valuesOf(store, place, ['a']))[0]

  test.each([
    ['with nothing noted', {}],
    ['with times noted', { freshMs: 30_000 }],
  ])('a load that lost its lease does not replace what the next holder has stored, %s', async (_, about) => {
    const { store, place } = newStore()
    const first = await take(store, place, 1)
    const second = await take(store, place, 60_000)
    expect(await put(store, place, 'v2', second.atUs, { ...about, asker: second.asker })).toBe(true)
    expect(await put(store, place, 'v1', first.atUs, { ...about, asker: first.asker })).toBe(false)
    expect(await put(store, place, 'v1', first.atUs, { ...about, asker: 'of a lease that was lost' })).toBe(
      false,
    )
    expect(await valueOf(store, place)).toBe('v2')
  })

  test('it is stored as long as nothing else is, and does not end the lease of the next holder', async () => {
    const { store, place } = newStore()
    const first = await take(store, place, 1)
    const second = await take(store, place, 60_000)
    expect(await put(store, place, 'v1', first.atUs, { asker: first.asker })).toBe(true)
    expect(await store.renew(place, [{ hash: 'a', asker: second.asker }], 60_000)).toEqual([true])
  })

  test('it replaces what is older, and was stale when the lease was given', async () => {
    const { store, place } = newStore()
    const began = await store.now(place)
    const about = { freshMs: 1 }
    expect(await put(store, place, 'v0', began, about)).toBe(true)
    const [found] = await store.get(place, ['a'])
    const first = await take(store, place, 1, found?.freshUntilMs)
    await take(store, place, 60_000, found?.freshUntilMs)
    expect(await put(store, place, 'v1', first.atUs, { ...about, asker: first.asker })).toBe(true)
    expect(await valueOf(store, place)).toBe('v1')
  })

  test('an entry that was removed before the load ends does not refuse it', async () => {
    const { store, place } = newStore()
    const first = await take(store, place, 1)
    const second = await take(store, place, 60_000)
    const gone = entry('a', { value: 'v2', token: second.atUs, ttlMs: 1, metadata: { asker: second.asker } })
    await store.put(place, [gone])
    await vi.waitFor(async () => expect(await valueOf(store, place)).toBeUndefined(), { interval: 1 })
    expect(await put(store, place, 'v1', first.atUs, { asker: first.asker })).toBe(true)
  })

  test('of several for one entry in one command, the one that began last stays', async () => {
    const { store, place } = newStore()
    const nowUs = await store.now(place)
    const at = (value: string, token: number | undefined) => entry('a', { value, token })
    const entries = [at('v2', nowUs), at('v1', nowUs - 1), at('v3', undefined), at('v2', nowUs), entry('b')]
    expect((await store.put(place, entries)).stored).toEqual([true, false, true, false, true])
    expect(await valueOf(store, place)).toBe('v3')
  })

  test.each([1, 500_000, 2_000_000])(
    'a load that began %d µs before that of what is there does not replace it',
    async (earlierUs) => {
      const { store, place } = newStore()
      const nowUs = await store.now(place)
      expect(await put(store, place, 'v2', nowUs)).toBe(true)
      expect(await put(store, place, 'v1', nowUs - earlierUs)).toBe(false)
      expect(await valueOf(store, place)).toBe('v2')
    },
  )

  test('a load that began later replaces what is there, and so does a known value', async () => {
    const { store, place } = newStore()
    const nowUs = await store.now(place)
    expect(await put(store, place, 'v1', nowUs - 2_000_000)).toBe(true)
    expect(await put(store, place, 'v2', nowUs - 1_000_000)).toBe(true)
    expect(await put(store, place, 'v2', nowUs - 1_000_000)).toBe(true) // the same one again
    const known = entry('a', { value: 'v3', metadata: { asker: 'of a lease that was lost' } })
    expect((await store.put(place, [known])).stored).toEqual([true])
    expect(await put(store, place, 'v2', nowUs)).toBe(false)
    expect(await valueOf(store, place)).toBe('v3')
  })
})

test('a load that lost its lease reports it, and calls that joined get the newer result', async () => {
  const name = unique('frozen')
  const store = target.newStore()
  const options = { singleFlight: { lease: '30ms', wait: '30s' } } as const
  const here = gated({ name, store, options })
  const there = gated({ name, store, options })
  // As in a process that is stopped: no lease is renewed.
  const renew = vi.spyOn(store, 'renew').mockImplementation(async (_, held) => held.map(() => false))
  const [first, joined] = [here.load('a'), here.load('a')]
  await here.running(1)
  const second = there.load('a')
  await there.running(1)
  there.end(0, 'v2')
  expect(await second).toBe('v2')
  here.end(0, 'v1')
  expect(await first).toBe('v1')
  expect(await joined).toBe('v2')
  expect(await there.load.peek('a')).toBe('v2')
  expect(here.events('skip')).toMatchObject([{ reason: 'invalidated' }])
  expect(renew).toHaveBeenCalled()
  renew.mockRestore()
  await here.cache.close()
  await there.cache.close()
})

describe.runIf(hasServer)('a process that is stopped', () => {
  let child: ChildProcess | undefined
  afterEach(() => {
    child?.kill('SIGKILL')
  })

  test.each<FrozenKind>(['refresh', 'miss'])('in the middle of a %s', async (kind) => {
    const name = unique('frozen')
    const cache = new RedisFuncCache(name, new LruTPolicy(), { store: target.newStore() })
    let version = 0
    const load = cache.wrap(async () => `v${version}`, { ...FROZEN_OPTIONS[kind], name: kind })
    if (kind === 'refresh') {
      await load()
      const isStale = async () => ((await load.detailed()).freshUntil?.getTime() ?? 0) < Date.now()
      await vi.waitUntil(isStale, { interval: 20 })
      await cache.drain()
    }
    const reports: FrozenReport[] = []
    const order: FrozenOrder = { urls: serverUrls(), cache: name }
    child = forkProgram(join(import.meta.dirname, 'frozen.ts'), order)
    child.on('message', (report) => reports.push(report as FrozenReport))
    const has = (report: FrozenReport) =>
      vi.waitFor(() => expect(reports).toContain(report), { timeout: 20_000, interval: 5 })
    await has('ready')
    child.send(kind)
    await has('runs')
    child.kill('SIGSTOP')
    version = 2
    await vi.waitFor(
      async () => {
        await load() // a miss waits for the lease; a stale result is refreshed when its lease can be had
        await cache.drain()
        expect(await load.peek()).toBe('v2')
      },
      { timeout: 20_000, interval: 20 },
    )
    child.send('end')
    child.kill('SIGCONT')
    await has('done')
    expect(reports).toContain(kind === 'miss' ? 'returned v1' : 'returned v0')
    expect(reports).toContain('skipped invalidated')
    expect(await load.peek()).toBe('v2')
    await cache.close()
  })
})
