// One of the processes that use the same caches at the same time: started by concurrency.test.ts.
import { connectTo } from './connect-urls.ts'
import { HAMMERED, type Hammered, type HammerCounts, type HammerOrder, hammered, textOf } from './hammered.ts'

/** Calls under way at the same time, in each process and cache. */
const CALLERS = 8

const order = JSON.parse(process.argv[2] as string) as HammerOrder
const client = await connectTo(order.urls)

/** A few keys get most of the calls. */
const anyKey = (): number => Math.floor(order.keys * Math.random() ** 6)

async function hammer(policy: Hammered): Promise<HammerCounts> {
  const counts: HammerCounts = { calls: 0, hits: 0, evicted: 0, invalidations: 0, refreshes: 0, faults: [] }
  const fault = (what: string): void => {
    if (counts.faults.length < 5) counts.faults.push(what)
  }
  const { cache, work } = hammered(order.caches[policy], new HAMMERED[policy](), {
    client,
    maxSize: order.maxSize,
  })
  cache.on('error', ({ during, error }) => fault(`${during}: ${String(error)}`))
  cache.on('undecodable', ({ error }) => fault(String(error)))
  const check = (key: number, result: { key: number; text: string }): void => {
    if (result.key !== key || result.text !== textOf(key)) fault(`${key} got ${JSON.stringify(result)}`)
  }

  let begun = 0
  const endAtMs = performance.now() + order.ms
  async function callUntilEnd(): Promise<void> {
    while (performance.now() < endAtMs || begun < order.calls) {
      begun++
      const key = anyKey()
      const dice = Math.random()
      if (dice < 0.05) {
        counts.invalidations++
        await work.invalidate(key)
      } else if (dice < 0.1) {
        counts.refreshes++
        check(key, await work.refresh(key))
      } else {
        check(key, await work(key))
      }
    }
  }
  const { stats } = await cache.withStats(() => Promise.all(Array.from({ length: CALLERS }, callUntilEnd)))
  return { ...counts, calls: stats.calls, hits: stats.hit, evicted: stats.evicted }
}

process.send?.('ready')
process.once('message', async () => {
  const policies = Object.keys(HAMMERED) as Hammered[]
  const counts = await Promise.all(policies.map(async (policy) => [policy, await hammer(policy)] as const))
  process.send?.(Object.fromEntries(counts))
  client.destroy()
  process.disconnect()
})
