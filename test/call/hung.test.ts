// A function that never ends keeps nothing of those who have given up waiting for it.
import { expect, test, vi } from 'vitest'
import { LruTPolicy, MemoryStore, RedisFuncCache, TimeoutError } from '../../src/index.ts'
import { collectGarbage } from '../collect-garbage.ts'

interface Key {
  readonly id: number
}

function hanging() {
  const cache = new RedisFuncCache('hung', new LruTPolicy(), { store: new MemoryStore() })
  let resolve!: (value: string) => void
  const promise = new Promise<string>((fulfil) => {
    resolve = fulfil
  })
  const fn = vi.fn<(key: Key) => Promise<string>>(() => promise)
  const load = cache.wrap(fn, { name: 'load', timeout: '20ms' })
  return { fn, load, resolve }
}

/** Joins the call in flight with an argument of its own, until the timeout. Returns a reference to the argument. */
async function joinInVain(load: (key: Key) => Promise<string>): Promise<WeakRef<Key>> {
  const key = { id: 1 }
  const reference = new WeakRef(key)
  const reason: unknown = await load(key).catch((error: unknown) => error)
  if (!(reason instanceof TimeoutError)) throw new Error('it did not time out', { cause: reason })
  return reference
}

const isKept = (reference: WeakRef<Key>): boolean => reference.deref() !== undefined

test.each<[string, boolean]>([
  ['that joined and timed out', false],
  ['that also had a signal', true],
])('callers %s are let go', async (_, hasSignal) => {
  const { fn, load } = hanging()
  const signal = hasSignal ? new AbortController().signal : undefined
  const call = signal === undefined ? load : load.with({ signal })
  const first = load({ id: 1 }).catch(() => {})
  await vi.waitFor(() => expect(fn).toHaveBeenCalledOnce())
  const references = await Promise.all(Array.from({ length: 20 }, () => joinInVain(call)))
  await first
  await vi.waitFor(() => {
    collectGarbage()
    expect(references.filter(isKept)).toHaveLength(0)
  })
  expect(fn).toHaveBeenCalledOnce()
})

test('others still get the result', async () => {
  const { fn, load, resolve } = hanging()
  const first = load({ id: 1 }).catch(() => {})
  await vi.waitFor(() => expect(fn).toHaveBeenCalledOnce())
  await joinInVain(load)
  await first
  const last = load({ id: 1 })
  resolve('at last')
  expect(await last).toBe('at last')
  expect(fn).toHaveBeenCalledOnce()
})
