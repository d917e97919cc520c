// Entries of text formats are looked up as text; what is no text is looked up once more, as bytes.
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { LruTPolicy, RedisFuncCache, type WrapOptions } from './library.ts'
import { openTarget, type Target, unique } from './target.ts'
import { untilEmitted, listen, names } from './timeline.ts'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

type Load = (id: number) => Promise<unknown>

/** A function whose results by id are these, and what its cache told. */
function remembered(results: readonly unknown[], options: WrapOptions<Load> = {}) {
  const store = target.newStore()
  const cache = new RedisFuncCache(unique('text'), new LruTPolicy(), { store, ttl: '1h' })
  const run = vi.fn<Load>(async (id) => results[id])
  const emitted = listen(cache)
  return { load: cache.wrap<Load>(run as Load, { name: 'load', ...options }), run, emitted, store }
}

const results = [
  { text: 'ä 鍵 💎' },
  { at: new Date(5), map: new Map([[1, { big: 2n }]]) },
  { text: 'a \ufffd in the text' },
  undefined,
  null,
  'plain',
  [Number.NaN, -0],
]

test('text and other results of one function, in one batch and one by one, come back as they were', async () => {
  const { load, run, emitted } = remembered(results)
  const ids = results.map((_, id) => id)
  await Promise.all(ids.map((id) => load(id)))
  await untilEmitted(emitted, 'store', ids.length)
  run.mockClear()
  for (let times = 0; times < 3; times++) {
    expect(await Promise.all(ids.map((id) => load(id)))).toEqual(results)
    for (const id of ids) expect(await load(id)).toEqual(results[id])
  }
  expect(run).not.toHaveBeenCalled()
  expect(names(emitted)).not.toContain('undecodable')
})

test('errors that are cached are thrown again', async () => {
  const { load, run, emitted } = remembered([], { cacheErrors: { ttl: '1m' } })
  run.mockRejectedValue(new RangeError('too far'))
  await expect(load(1)).rejects.toThrow('too far')
  await untilEmitted(emitted, 'store')
  for (let times = 0; times < 3; times++) await expect(load(1)).rejects.toThrow(new RangeError('too far'))
  expect(run).toHaveBeenCalledOnce()
})

test('a large result is looked up as bytes, as soon as its size is known', async () => {
  const small = { text: 'ä'.repeat(1_000) }
  const large = { text: 'ä'.repeat(50_000) }
  const { load, run, store, emitted } = remembered([small, large])
  await Promise.all([load(0), load(1)])
  await untilEmitted(emitted, 'store', 2)
  const get = vi.spyOn(store, 'get')
  for (let times = 0; times < 2; times++) {
    for (const [id, result] of [small, large].entries()) expect(await load(id)).toEqual(result)
  }
  expect(run).toHaveBeenCalledTimes(2)
  expect(get.mock.calls.map(([, , options]) => options?.asText)).toEqual([true, true, true, false])
})
