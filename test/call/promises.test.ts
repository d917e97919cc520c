// Where functions run, each promise of the process costs about as much again as it does by itself: so a call makes few of them.
import { createHook } from 'node:async_hooks'
import { expect, test } from 'vitest'
import { LruTPolicy, MemoryStore, RedisFuncCache } from '../../src/index.ts'

/** Some promises are made for a batch of calls: with so many calls, they do not count. */
const CALLS = 1_000

async function promisesOf(calls: () => Promise<unknown>): Promise<number> {
  let made = 0
  const hook = createHook({
    init: (_id, type) => {
      if (type === 'PROMISE') made++
    },
  }).enable()
  try {
    await calls()
  } finally {
    hook.disable()
  }
  return made / CALLS
}

test('a miss makes at most 12 promises, with that of its function, and a hit one', async () => {
  const cache = new RedisFuncCache('promises', new LruTPolicy(), { store: new MemoryStore(), maxSize: CALLS })
  const square = cache.wrap(async (n: number) => n * n, { name: 'square', ttl: '1h' })
  await square(CALLS)
  const callAll = () => Promise.all(Array.from({ length: CALLS }, (_, n) => square(n)))
  const atAll = 1 // `Promise.all` makes one for each
  expect(Math.round(await promisesOf(callAll)) - atAll).toBeLessThanOrEqual(12)
  expect(Math.round(await promisesOf(callAll)) - atAll).toBe(1)
})
