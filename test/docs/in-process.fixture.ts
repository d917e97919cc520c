// What the examples take for granted that need no server: a cache in this process, and a clock that they move.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Duration, LruTPolicy, MemoryStore, RedisFuncCache } from '../../src/index.ts'
import { toMs } from '../../src/validation/duration.ts'
import { db } from './shop.ts'

/** Everything anew, for each example. */
export async function setUp() {
  let nowMs = Date.now()
  const store = new MemoryStore({ clock: () => nowMs })
  const cache = new RedisFuncCache('catalog', new LruTPolicy(), { store, ttl: '7d' })
  const getProduct = cache.wrap(db.product, { name: 'getProduct' })
  /** Moves the clock. What goes on in the background has ended by then. */
  const later = async (time: Duration): Promise<void> => {
    await sleep(5)
    nowMs += toMs(time, 'later')
  }
  return { cache, later, db, getProduct }
}
