// What the examples about freshness take for granted: a cache without a server, and a clock that they move.
import { setTimeout as sleep } from 'node:timers/promises'
import { toMs } from '../../src/options/duration.ts'
import { type Duration, LruTPolicy, MemoryStore, RedisFuncCache } from '../../src/index.ts'

/** Everything anew, for each example. */
export async function setUp() {
  let nowMs = Date.now()
  const store = new MemoryStore({ clock: () => nowMs })
  const cache = new RedisFuncCache('catalog', new LruTPolicy(), { store, ttl: '7d' })
  /** So much later: what goes on behind the callers has ended by then. */
  const later = async (time: Duration): Promise<void> => {
    await sleep(5)
    nowMs += toMs(time, 'later')
  }
  return { cache, later }
}
