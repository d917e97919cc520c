import { setTimeout as sleep } from 'node:timers/promises'
import type { OpenedCache, Row, Setting, Subject } from './subject.ts'

/** The load reads the database at once, and brings what it has read after this time. */
const LOAD_MS = 300
/** When the database changes, counted from the beginning of the load. */
const CHANGE_AFTER_MS = 100
const ASK_EVERY_MS = 50
/** How much longer than its life an entry is watched. */
const PATIENCE_MS = 3_000

/** How long entries live. */
export const TTL_MS = 4_000

/** What a subject served after an invalidation that came during a load. */
export interface Outcome {
  /** What a call got that came after the invalidation, while the load was still under way. */
  readonly meanwhile: string
  /** For how long after the load calls got the old price, when the process that loads has invalidated; 0 for never. */
  readonly oldForMs: number
  /** The same, when another process has invalidated. */
  readonly oldForMsByOther: number
}

let lastId = 0

/** Runs the three races one after the other, each with a product of its own. */
export async function race(subject: Subject, url: string): Promise<Outcome> {
  return {
    meanwhile: await askMeanwhile(subject, url),
    oldForMs: await askAfterwards(subject, url, 'same'),
    oldForMsByOther: await askAfterwards(subject, url, 'other'),
  }
}

async function askMeanwhile(subject: Subject, url: string): Promise<string> {
  await using shop = await openShop(subject, url, 'same')
  const loading = shop.loader.get(shop.id)
  await shop.changePrice()
  const { price } = await shop.loader.get(shop.id)
  await loading
  return price
}

async function askAfterwards(subject: Subject, url: string, invalidator: Invalidator): Promise<number> {
  await using shop = await openShop(subject, url, invalidator)
  const loading = shop.loader.get(shop.id)
  await shop.changePrice()
  await loading
  const endedMs = performance.now()
  let oldUntilMs = endedMs
  while (performance.now() - endedMs < TTL_MS + PATIENCE_MS) {
    if ((await shop.loader.get(shop.id)).price === 'new') break
    oldUntilMs = performance.now()
    await sleep(ASK_EVERY_MS)
  }
  return oldUntilMs - endedMs
}

/** Who invalidates: the cache that loads, or another one over the same server, as another process has it. */
type Invalidator = 'same' | 'other'

interface Shop extends AsyncDisposable {
  readonly id: number
  readonly loader: OpenedCache
  /** In the database, and then in the cache, at a time when a load that began before is under way. */
  changePrice(): Promise<void>
}

async function openShop(subject: Subject, url: string, invalidator: Invalidator): Promise<Shop> {
  let price = 'old'
  const load = async (): Promise<Row> => {
    const row = { price }
    await sleep(LOAD_MS)
    return row
  }
  const setting: Setting = { url, ttlMs: TTL_MS, load }
  const loader = await subject.open(setting)
  const other = invalidator === 'same' ? loader : await subject.open(setting)
  const id = ++lastId
  // Another product first, so that connections and scripts are known.
  await Promise.all([loader.get(-id), other.get(-id)])
  return {
    id,
    loader,
    async changePrice() {
      await sleep(CHANGE_AFTER_MS)
      price = 'new'
      await other.invalidate(id)
    },
    async [Symbol.asyncDispose]() {
      for (const cache of new Set([loader, other])) await cache.close()
    },
  }
}
