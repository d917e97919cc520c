// A result that is there goes to its callers, however long the store takes for it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { WrapOptions } from '../../src/index.ts'
import { FailingStore } from './failing-store.ts'
import { gated, type Load } from './gated.ts'
import { quiet, slowed } from './slow-store.ts'
import { hasServer, openTarget, type Target, unique } from './target.ts'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

type Options = Omit<WrapOptions<Load>, 'name' | 'source'>

/** A cache whose puts are held up. */
async function held(options: Options = {}) {
  const name = unique('put-wait')
  const shared = target.newStore()
  const line = slowed(shared)
  const cache = { putWait: '25ms' } as const
  const here = gated({ name, store: line.store, cache, options })
  const there = gated({ name, store: hasServer ? target.newStore() : shared, options })
  /** Calls, and lets the function end when puts travel no more. */
  const call = async (calls: number, way: 'there' | 'back' = 'there'): Promise<Promise<string>[]> => {
    const all = Array.from({ length: calls }, () => here.load('a'))
    await here.running(1)
    line.hold(way)
    here.end(0, 'result')
    return all
  }
  return { here, there, line, call }
}

describe.each(['there', 'back'] as const)('a result whose put is held up on the way %s', (way) => {
  test.each([undefined, 0, '5ms'] as const)(
    'goes to all who asked before it was computed (putWait %s)',
    async (putWait) => {
      const { here, line, call } = await held({ putWait })
      expect(await Promise.all(await call(3, way))).toEqual(['result', 'result', 'result'])
      expect(here.count('store')).toBe(0)
      line.free()
      await here.untilEmitted('store')
      expect(await here.load('a')).toBe('result')
      expect(here.runs).toHaveLength(1)
    },
  )

  test('serves calls that come meanwhile, and the function runs once', async () => {
    const { here, line, call } = await held()
    await Promise.all(await call(1, way))
    const late = [here.load('a'), here.load('a')]
    expect(here.count('join')).toBe(2)
    line.free()
    expect(await Promise.all(late)).toEqual(['result', 'result'])
    expect(here.runs).toHaveLength(1)
  })

  test('is not for a call that came after an invalidation in another process', async () => {
    const { here, there, line } = await held()
    const first = here.load('a')
    await here.running(1)
    await there.load.invalidate('a')
    const joined = here.load('a')
    line.hold(way)
    here.end(0, 'old')
    expect(await first).toBe('old')
    line.free()
    await here.running(2)
    here.end(1, 'new')
    expect(await joined).toBe('new')
    expect(await there.load.peek('a')).toBe('new')
  })

  test('is waited for without end if that is wanted', async () => {
    const { line, call } = await held({ putWait: Number.POSITIVE_INFINITY })
    const [result] = (await call(1, way)) as [Promise<string>]
    await quiet([line])
    // Longer than a cache of this test waits otherwise.
    const none = new Promise((resolve) => setTimeout(resolve, 60, 'nothing yet'))
    expect(await Promise.race([result, none])).toBe('nothing yet')
    line.free()
    expect(await result).toBe('result')
  })

  test('of a refresh is waited for: it is there when that resolves', async () => {
    const { here, there, line } = await held({ putWait: 0 })
    const refresh = here.load.refresh('a')
    await here.running(1)
    line.hold(way)
    here.end(0, 'new')
    await quiet([line])
    let isOver = false
    void refresh.then(() => {
      isOver = true
    })
    await quiet([line])
    expect(isOver).toBe(false)
    line.free()
    await refresh
    expect(await there.load.peek('a')).toBe('new')
  })
})

test('an error that is stored goes to its callers, too', async () => {
  const { here, line } = await held({ cacheErrors: { ttl: 100 } })
  const first = here.load('a')
  await here.running(1)
  line.hold('there')
  here.fail(0, new Error('of the function'))
  await expect(first).rejects.toThrow('of the function')
  line.free()
  await here.untilEmitted('store')
  await expect(here.load('a')).rejects.toThrow('of the function')
  expect(here.runs).toHaveLength(1)
})

test('what another process waited for is stored, and its lease handed over', async () => {
  const { here, there, line } = await held({ singleFlight: { lease: '60s', wait: '60s' } })
  const first = here.load('a')
  await here.running(1)
  const second = there.load('a')
  await there.untilEmitted('wait')
  line.hold('there')
  here.end(0, 'result')
  expect(await first).toBe('result')
  line.free()
  expect(await second).toBe('result')
  expect(there.runs).toHaveLength(0)
  await Promise.all([here.cache.close(), there.cache.close()])
})

test('no call waits for the release of a lease', async () => {
  const { here, line, call } = await held({ singleFlight: 'global', cacheIf: () => false })
  expect(await Promise.all(await call(1))).toEqual(['result'])
  expect(here.events('skip')).toMatchObject([{ reason: 'unwanted' }])
  line.free()
  await here.cache.close()
})

test('details of a result that is not stored yet have no times', async () => {
  const { here, line } = await held({ ttl: 100, putWait: 0 })
  const first = here.load.detailed('a')
  await here.running(1)
  line.hold('there')
  here.end(0, 'result')
  expect(await first).toEqual({
    value: 'result',
    status: 'miss',
    storedAt: undefined,
    freshUntil: undefined,
  })
  line.free()
})

describe("with onError: 'throw' a put that fails", () => {
  function failing(putWait: 0 | '10s') {
    const store = new FailingStore(target.newStore(), 'put')
    const line = slowed(store)
    return {
      line,
      ...gated({ name: unique('put-wait'), store: line.store, cache: { onError: 'throw', putWait } }),
    }
  }

  test.each(['a call', 'a refresh'])('is not the failure of %s', async (kind) => {
    const { load, running, end, events } = failing('10s')
    const first = kind === 'a call' ? load('a') : load.refresh('a')
    await running(1)
    end(0, 'result')
    expect(await first).toBe('result')
    expect(events('error')).toMatchObject([{ during: 'put', error: { code: 'ERR_STORE' } }])
  })

  test('after the result was returned is reported by an event', async () => {
    const { load, running, end, line, untilEmitted, events } = failing(0)
    const first = load('a')
    await running(1)
    line.hold('there')
    end(0, 'result')
    expect(await first).toBe('result')
    const late = load('a')
    line.free()
    expect(await late).toBe('result')
    await untilEmitted('error')
    expect(events('error')).toMatchObject([{ during: 'put', error: { code: 'ERR_STORE' } }])
  })
})

test('rows of a list, and results under keys, do not wait either', async () => {
  const line = slowed(target.newStore())
  const { cache } = gated({ name: unique('put-wait'), store: line.store, cache: { putWait: '25ms' } })
  const rows = cache.wrapMany(
    async (ids: readonly number[]) => {
      line.hold('there')
      return ids
    },
    { name: 'rows' },
  )
  expect(await rows([1, 2, 3])).toEqual([1, 2, 3])
  line.free()
  const load = () => {
    line.hold('there')
    return 'v'
  }
  expect(await cache.getOrSet('k', load, { putWait: 0 })).toBe('v')
  line.free()
})
