// Four processes use one cache of a hundred entries for ten thousand different calls, all at the same time.
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { forkProgram } from '../fork-program.ts'
import {
  HAMMERED,
  type Hammered,
  type HammerCounts,
  type HammerOrder,
  type HammerReport,
  hammered,
  textOf,
} from './hammered.ts'
import { placeOf, textBeforeTrailer } from './places.ts'
import { hasServer, openTarget, type Target, serverUrls, unique } from './target.ts'

const PROCESSES = 4

describe.runIf(hasServer)('four processes at the same time', () => {
  const order: HammerOrder = {
    urls: serverUrls(),
    caches: { lru_t: unique('hammered'), lfu: unique('hammered'), rr: unique('hammered') },
    keys: 10_000,
    maxSize: 100,
    ms: 1_000,
    calls: 250,
  }
  let target: Target
  let reports: readonly HammerReport[]

  beforeAll(async () => {
    target = await openTarget()
    const hammers = Array.from({ length: PROCESSES }, () =>
      forkProgram(join(import.meta.dirname, 'hammer.ts'), order),
    )
    try {
      await Promise.all(hammers.map(nextMessage)) // so that they begin together
      for (const hammer of hammers) hammer.send('begin')
      reports = (await Promise.all(hammers.map(nextMessage))) as HammerReport[]
    } finally {
      for (const hammer of hammers) hammer.kill()
    }
  }, 120_000)
  afterAll(() => target.close())

  test.each(Object.keys(HAMMERED) as Hammered[])('%s: no call gets another key’s value', async (policy) => {
    const all = reports.map((report) => report[policy])
    expect(all.flatMap(({ faults }) => faults)).toEqual([])
    const sum = (count: (counts: HammerCounts) => number): number =>
      all.map(count).reduce((total, each) => total + each, 0)
    // It was really hammered.
    expect(sum(({ calls }) => calls)).toBeGreaterThan(500)
    expect(sum(({ hits }) => hits)).toBeGreaterThan(50)
    expect(sum(({ evicted }) => evicted)).toBeGreaterThan(50)
    expect(sum(({ invalidations }) => invalidations)).toBeGreaterThan(10)
    expect(sum(({ refreshes }) => refreshes)).toBeGreaterThan(10)
  })

  test.each(Object.keys(HAMMERED) as Hammered[])('%s: the structures agree at the end', async (policy) => {
    const store = target.newStore()
    const { cache, work } = hammered(order.caches[policy], new HAMMERED[policy](), {
      store,
      maxSize: order.maxSize,
    })
    const { index, values } = work.keyOf(0)
    const { hashes, expiry } = await target.inspect(store, placeOf(cache, { index, values }))
    expect(hashes.length).toBeGreaterThan(50)
    expect(hashes.length).toBeLessThanOrEqual(100)
    expect([...expiry.keys()].toSorted()).toEqual(hashes.toSorted())

    const keyOfHash = new Map(
      Array.from({ length: order.keys }, (_, key) => [String(work.keyOf(key).hash), key]),
    )
    const stored = (await target.raw(values, 'HMGET', values, ...hashes)) as Buffer[]
    expect(stored.map((value) => JSON.parse(textBeforeTrailer(value)) as unknown)).toEqual(
      hashes.map((hash) => {
        const key = keyOfHash.get(hash) as number
        return { key, text: textOf(key) }
      }),
    )
    expect(await cache.getSize()).toBe(hashes.length)
    expect(await cache.purge()).toBe(hashes.length)
  })
})

async function nextMessage(process: ChildProcess): Promise<unknown> {
  const [message] = (await Promise.race([
    once(process, 'message'),
    once(process, 'exit').then(([code]) => {
      throw new Error(`A process ended with ${code} before it had reported.`)
    }),
  ])) as [unknown]
  return message
}
