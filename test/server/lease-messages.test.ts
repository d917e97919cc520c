// Calls that wait for a lease receive the message about its end over a connection of its own.
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { RedisStore } from './library.ts'
import { gated } from './gated.ts'
import { elapsedMs, GLOBAL, leasesOf, LONG, oneLoadsOneWaits, processes } from './lease-processes.ts'
import { connectToOne, hasServer, openTarget, type Target, unique } from './target.ts'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

describe.runIf(hasServer && inject('server') !== 'cluster')('the connection for messages', () => {
  const listeners = async (channel: string): Promise<unknown> => {
    const reply = (await target.raw(channel, 'PUBSUB', 'NUMSUB', channel)) as [Buffer, number]
    return reply[1]
  }

  test('is opened by the first call that may have to wait, and closed by close()', async () => {
    const { here, there } = processes(target, { options: GLOBAL })
    const channel = leasesOf(here.place())
    const first = here.load('a')
    await here.running(1)
    expect(await listeners(channel)).toBe(1)
    const second = there.load('a')
    await there.untilEmitted('wait')
    expect(await listeners(channel)).toBe(1) // one for both: they have the same client
    here.end(0, 'result')
    await Promise.all([first, second])
    await here.cache.close()
    expect(await listeners(channel)).toBe(1)
    await there.cache.close()
    await there.cache.close()
    await vi.waitFor(async () => expect(await listeners(channel)).toBe(0))
  })

  test('is not needed: a user without permission to publish and subscribe polls', async () => {
    const user = unique('user')
    await target.raw('', 'ACL', 'SETUSER', user, 'on', '>secret', '~*', '+@all', 'resetchannels')
    const client = await connectToOne({ username: user, password: 'secret' })
    try {
      const name = unique('leases')
      const options = { ...LONG, ttl: '1h', staleWhileRevalidate: '1h' } as const
      const here = gated({ name, store: new RedisStore(client), options })
      const there = gated({ name, store: new RedisStore(client), options })
      const { first, second } = await oneLoadsOneWaits(here, there)
      here.end(0, 'result')
      expect(await Promise.all([first, second])).toEqual(['result', 'result'])
      const third = here.load('b')
      await here.running(2)
      await there.load.invalidate('b')
      await there.load.invalidateAll()
      await there.cache.purge()
      here.end(1, 'b')
      await third
      expect([...here.events('error'), ...there.events('error')]).toEqual([])
    } finally {
      client.destroy()
      await target.raw('', 'ACL', 'DELUSER', user)
    }
  })

  test('receives nothing from a holder that may not publish, and the result is found within a second', async () => {
    const user = unique('mute')
    await target.raw('', 'ACL', 'SETUSER', user, 'on', '>secret', '~*', '&*', '+@all', '-publish')
    const client = await connectToOne({ username: user, password: 'secret' })
    try {
      const name = unique('leases')
      const here = gated({ name, store: new RedisStore(client), options: LONG })
      const there = gated({ name, store: target.newStore(), options: LONG })
      const { first, second } = await oneLoadsOneWaits(here, there)
      here.end(0, 'result')
      const waitedMs = await elapsedMs(async () => expect(await second).toBe('result'))
      expect(waitedMs).toBeLessThan(1_000)
      expect(await first).toBe('result')
      expect([here.count('error'), there.runs.length]).toEqual([0, 0])
      await there.cache.close()
    } finally {
      client.destroy()
      await target.raw('', 'ACL', 'DELUSER', user)
    }
  })

  test('is opened anew when the client is replaced', async () => {
    let client = await connectToOne()
    const name = unique('leases')
    const here = gated({ name, store: new RedisStore(() => client), options: LONG })
    const there = gated({ name, store: target.newStore(), options: LONG })
    const channel = leasesOf(here.place())
    for (const [i, key] of ['a', 'b'].entries()) {
      const first = there.load(key)
      await there.running(i + 1)
      const second = here.load(key)
      await here.untilEmitted('wait', i + 1)
      await vi.waitFor(async () => expect(await listeners(channel)).toBe(2))
      there.end(i, key)
      expect(await Promise.all([first, second])).toEqual([key, key])
      client.destroy()
      client = await connectToOne()
      await vi.waitFor(async () => expect(await listeners(channel)).toBe(1))
    }
    await here.cache.close()
    await there.cache.close()
    client.destroy()
  })
})
