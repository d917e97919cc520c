import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Answer, Leases } from '../../src/flow/lease.ts'

vi.mock('../../src/flow/timers.ts', () => import('./replaceable-timers.ts'))

interface Held {
  readonly hash: string
  readonly asker: string
}

type Watcher = Parameters<ConstructorParameters<typeof Leases<string>>[0]['watch']>[0]

const LEASE_MS = 3_000
const WAIT_MS = 10_000
const POLL_MS = 50
const LOOK_AGAIN_MS = 500

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const nowUs = (): number => performance.now() * 1_000
const taken = (): Answer => ({ state: 'taken', atUs: nowUs(), untilUs: nowUs() + LEASE_MS * 1_000 })
const there = (): Answer => ({ state: 'available', atUs: nowUs() })
const held = (ms = LEASE_MS): Answer => ({ state: 'held', atUs: nowUs(), untilUs: nowUs() + ms * 1_000 })

/** A call that asks for a lease. An entry may have several. */
const holder = (hash: string) => ({ hash })

/** Leases whose backend answers what the test says; by default, another process holds every lease. */
function newLeases(leaseMs = LEASE_MS) {
  const watchers: Watcher[] = []
  const backend = {
    ask: vi.fn<(request: string, asker: string) => Promise<Answer>>(async () => held()),
    renew: vi.fn<(all: readonly Held[]) => Promise<readonly boolean[]>>(async (all) => all.map(() => true)),
    release: vi.fn<(all: readonly Held[]) => Promise<void>>(async () => {}),
    watch: vi.fn<(watcher: Watcher) => Promise<{ close(): Promise<void> } | undefined>>(async (watcher) => {
      watchers.push(watcher)
      return { close: async () => {} }
    }),
  }
  const leases = new Leases<string>(backend, leaseMs)
  const onWait = vi.fn<() => void>()
  const take = (who: { readonly hash: string }, waitMs = WAIT_MS) =>
    leases.take(who, who.hash, performance.now() + waitMs, onWait)
  const notify = (act: (watcher: Watcher) => void): void => {
    for (const watcher of new Set(watchers)) act(watcher)
  }
  return {
    leases,
    backend,
    take,
    onWait,
    ended: (name: string) => notify((watcher) => watcher.ended(name)),
    lost: () => notify((watcher) => watcher.lost()),
    restored: () => notify((watcher) => watcher.restored()),
  }
}

/** A promise that ends when the test says so. */
function gate<T>() {
  let open: (value: T) => void = () => {}
  const promise = new Promise<T>((resolve) => {
    open = resolve
  })
  return { promise, open }
}

/** Lets all promises that are due settle. */
const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0)

describe('a call that asks for a lease', () => {
  test('takes a lease that is free', async () => {
    const { take, backend, leases, onWait } = newLeases()
    backend.ask.mockResolvedValueOnce(taken())
    const who = holder('a')
    expect(await take(who)).toMatchObject({ state: 'taken' })
    expect(onWait).not.toHaveBeenCalled()
    expect(backend.ask).toHaveBeenCalledExactlyOnceWith('a', expect.any(String))
    expect(leases.end(who)).toEqual({ hash: 'a', asker: backend.ask.mock.calls[0]?.[1] })
    expect(leases.end(who)).toBeUndefined()
    expect(vi.getTimerCount()).toBe(0)
  })

  test('learns that a result is available', async () => {
    const { take, backend, leases, onWait } = newLeases()
    backend.ask.mockResolvedValueOnce(there())
    const who = holder('a')
    expect(await take(who)).toMatchObject({ state: 'available' })
    expect(onWait).not.toHaveBeenCalled()
    expect(leases.end(who)).toBeUndefined()
    expect(vi.getTimerCount()).toBe(0)
  })

  test('watches for the ends of leases before it asks', async () => {
    const { take, backend } = newLeases()
    const watch = gate<{ close(): Promise<void> } | undefined>()
    backend.watch.mockReturnValueOnce(watch.promise)
    backend.ask.mockResolvedValue(there())
    const turn = take(holder('a'))
    await settle()
    expect(backend.ask).not.toHaveBeenCalled()
    watch.open({ close: async () => {} })
    await turn
    expect(backend.ask).toHaveBeenCalledOnce()
  })

  test('asks without a watch that does not begin in time', async () => {
    const { take, backend } = newLeases()
    backend.watch.mockReturnValue(new Promise(() => {}))
    backend.ask.mockResolvedValueOnce(held()).mockResolvedValueOnce(taken())
    const turn = take(holder('a'))
    await vi.advanceTimersByTimeAsync(100)
    expect(backend.ask).toHaveBeenCalledOnce()
    await vi.advanceTimersByTimeAsync(POLL_MS)
    expect(await turn).toMatchObject({ state: 'taken' })
    void take(holder('b')) // and the next one does not wait for it at all
    await settle()
    expect(backend.ask).toHaveBeenCalledTimes(3)
  })

  test('keeps a lease that is granted after it has stopped waiting, until that is released', async () => {
    const { leases, backend } = newLeases()
    let grant = (_: Answer) => {}
    backend.ask.mockReturnValueOnce(
      new Promise((resolve) => {
        grant = resolve
      }),
    )
    const bounded = async <T>(ask: () => Promise<T>): Promise<T> => {
      const asking = ask()
      return backend.ask.mock.calls.length === 0 ? asking : Promise.reject(new Error('no time left'))
    }
    const who = holder('a')
    const turn = leases.take(who, 'a', performance.now() + WAIT_MS, () => {}, bounded)
    await expect(turn).rejects.toThrow('no time left')
    expect(leases.end(who)).toMatchObject({ hash: 'a', asker: backend.ask.mock.calls[0]?.[1] })
    grant(taken())
    await settle()
    expect(leases.end(who)).toBeUndefined()
    expect(leases.isInUse).toBe(false)
  })

  test('fails if the store fails', async () => {
    const { take, backend, leases } = newLeases()
    backend.ask.mockRejectedValueOnce(new Error('no server'))
    const who = holder('a')
    await expect(take(who)).rejects.toThrow('no server')
    leases.end(who)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('may have the lease though the answer was lost: the lease is renewed, asked for by the same name, and ended', async () => {
    const { take, backend, leases } = newLeases()
    backend.ask.mockRejectedValueOnce(new Error('the answer was lost')).mockResolvedValueOnce(taken())
    const [who, other] = [holder('a'), holder('a')]
    await expect(take(who)).rejects.toThrow('lost')
    await vi.advanceTimersByTimeAsync(LEASE_MS / 3)
    expect(backend.renew).toHaveBeenCalledOnce()
    await take(who)
    void take(other)
    await settle()
    const [first, again, others] = backend.ask.mock.calls.map(([, asker]) => asker)
    expect(again).toBe(first)
    expect(others).not.toBe(first)
    expect(leases.end(who)).toEqual({ hash: 'a', asker: first })
  })

  test('without waiting gets the answer of the store', async () => {
    const { leases, backend } = newLeases()
    const who = holder('a')
    const tryToTake = () => leases.tryToTake(who, 'a')
    expect(await tryToTake()).toMatchObject({ state: 'held' })
    expect(leases.end(who)).toBeUndefined()
    backend.ask.mockResolvedValueOnce(taken())
    expect(await tryToTake()).toMatchObject({ state: 'taken' })
    expect(leases.end(who)).toMatchObject({ hash: 'a' })
    expect(backend.watch).not.toHaveBeenCalled()
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a call that waits for a lease', () => {
  test('reports that it waits, and goes on when the lease has ended', async () => {
    const { take, backend, onWait, ended } = newLeases()
    const turn = take(holder('a'))
    await settle()
    expect(onWait).toHaveBeenCalledOnce()
    ended('a')
    expect(await turn).toEqual({ state: 'ended' })
    expect(backend.ask).toHaveBeenCalledOnce()
    expect(vi.getTimerCount()).toBe(0)
  })

  test('reports that it waits once, however often it asks again', async () => {
    const { take, backend, onWait } = newLeases()
    void take(holder('a'))
    await vi.advanceTimersByTimeAsync(2.5 * LEASE_MS)
    expect(backend.ask.mock.calls.length).toBeGreaterThanOrEqual(3)
    expect(onWait).toHaveBeenCalledOnce()
  })

  test('does not ask again when another lease ends', async () => {
    const { take, backend, ended } = newLeases()
    void take(holder('a'))
    await settle()
    ended('b')
    await vi.advanceTimersByTimeAsync(LOOK_AGAIN_MS - 1)
    expect(backend.ask).toHaveBeenCalledOnce()
  })

  test('asks again from time to time, since a message may be lost', async () => {
    const { take, backend } = newLeases()
    const turn = take(holder('a'))
    await vi.advanceTimersByTimeAsync(LOOK_AGAIN_MS)
    expect(backend.ask).toHaveBeenCalledTimes(2)
    backend.ask.mockResolvedValueOnce(there())
    await vi.advanceTimersByTimeAsync(LOOK_AGAIN_MS)
    expect(await turn).toMatchObject({ state: 'available' })
    expect(vi.getTimerCount()).toBe(0)
  })

  test('may wait for a call hash that is no UTF-8', async () => {
    const { take, backend } = newLeases()
    const bytes = Buffer.from([0xff, 0x00, 0xe4])
    const turn = take(holder(bytes.toString('latin1')))
    await settle()
    const [watcher] = backend.watch.mock.calls[0] as [Watcher]
    watcher.ended(bytes.toString('latin1'))
    expect(await turn).toEqual({ state: 'ended' })
  })

  test('notices that the lease ends between its request and the answer', async () => {
    const { take, backend, ended } = newLeases()
    const answer = gate<Answer>()
    backend.ask.mockReturnValueOnce(answer.promise)
    const turn = take(holder('a'))
    await settle()
    ended('a')
    answer.open(held())
    expect(await turn).toEqual({ state: 'ended' })
    expect(vi.getTimerCount()).toBe(0)
  })

  test('asks again when the lease has run out, since a holder that died sends no message', async () => {
    const { take, backend } = newLeases()
    backend.ask.mockResolvedValueOnce(held(200))
    const turn = take(holder('a'))
    await vi.advanceTimersByTimeAsync(190)
    expect(backend.ask).toHaveBeenCalledOnce()
    backend.ask.mockResolvedValueOnce(taken())
    await vi.advanceTimersByTimeAsync(20)
    expect(await turn).toMatchObject({ state: 'taken' })
    expect(backend.ask).toHaveBeenCalledTimes(2)
  })

  test('goes on together with all others of this process', async () => {
    const { take, ended } = newLeases()
    const turns = [take(holder('a')), take(holder('a')), take(holder('a'))]
    await settle()
    ended('a')
    for (const turn of turns) expect(await turn).toEqual({ state: 'ended' })
    expect(vi.getTimerCount()).toBe(0)
  })

  test('goes on waiting when another of this process has stopped', async () => {
    const { take, ended } = newLeases()
    const short = take(holder('a'), 100)
    const long = take(holder('a'))
    await vi.advanceTimersByTimeAsync(100)
    expect(await short).toEqual({ state: 'late' })
    ended('a')
    expect(await long).toEqual({ state: 'ended' })
  })

  test('waits no longer than it may, and asks once more at the end', async () => {
    const { take, backend } = newLeases(60_000)
    backend.ask.mockImplementation(async () => held(60_000))
    const turn = take(holder('a'), 400)
    await vi.advanceTimersByTimeAsync(399)
    expect(backend.ask).toHaveBeenCalledOnce()
    await vi.advanceTimersByTimeAsync(1)
    expect(await turn).toEqual({ state: 'late' })
    expect(backend.ask).toHaveBeenCalledTimes(2)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('leaves nothing behind if the server fails meanwhile', async () => {
    const { take, backend, leases } = newLeases()
    const who = holder('a')
    const turn = take(who)
    await settle()
    backend.ask.mockRejectedValueOnce(new Error('no server'))
    const failure = expect(turn).rejects.toThrow('no server')
    await vi.advanceTimersByTimeAsync(LEASE_MS + 10)
    await failure
    leases.end(who)
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('where no messages are received', () => {
  /** How often the store is asked within that time from now on. */
  async function asksWithin(backend: ReturnType<typeof newLeases>['backend'], ms: number): Promise<number> {
    const before = backend.ask.mock.calls.length
    await vi.advanceTimersByTimeAsync(ms)
    return backend.ask.mock.calls.length - before
  }

  test('because the store cannot send them, the store is asked again and again', async () => {
    const { take, backend } = newLeases()
    backend.watch.mockResolvedValue(undefined)
    const turn = take(holder('a'))
    await settle()
    expect(await asksWithin(backend, 10 * POLL_MS)).toBe(10)
    backend.ask.mockResolvedValueOnce(there())
    await vi.advanceTimersByTimeAsync(POLL_MS)
    expect(await turn).toMatchObject({ state: 'available' })
    expect(backend.watch).toHaveBeenCalledOnce()
    expect(vi.getTimerCount()).toBe(0)
  })

  test('because the watch failed, too, and the next call watches again', async () => {
    const { take, backend } = newLeases()
    backend.watch.mockRejectedValueOnce(new Error('no connection'))
    void take(holder('a'))
    await settle()
    expect(await asksWithin(backend, 4 * POLL_MS)).toBe(4)
    expect(backend.watch).toHaveBeenCalledOnce()
    void take(holder('b'))
    await settle()
    expect(backend.watch).toHaveBeenCalledTimes(2)
    // A call that began to poll receives the messages from its next request on.
    expect(await asksWithin(backend, POLL_MS)).toBe(1)
    expect(await asksWithin(backend, 4 * POLL_MS)).toBe(0)
  })

  test('because the connection was lost, all calls ask at once, then again and again until it is restored', async () => {
    const { take, backend, lost, restored } = newLeases()
    void take(holder('a'))
    void take(holder('b'))
    await settle()
    expect(backend.ask).toHaveBeenCalledTimes(2)
    lost()
    await settle()
    expect(backend.ask).toHaveBeenCalledTimes(4)
    expect(await asksWithin(backend, 3 * POLL_MS)).toBe(6)
    restored()
    // Once more, for what was missed.
    expect(await asksWithin(backend, POLL_MS)).toBe(2)
    expect(await asksWithin(backend, 5 * POLL_MS)).toBe(0)
  })

  test('because the connection was lost, the next call watches again, in case it is not restored', async () => {
    const { take, backend, lost } = newLeases()
    backend.ask.mockResolvedValueOnce(there())
    await take(holder('a'))
    lost()
    void take(holder('a'))
    await settle()
    expect(backend.watch).toHaveBeenCalledTimes(2)
    expect(backend.watch.mock.calls[1]).toEqual(backend.watch.mock.calls[0])
    expect(await asksWithin(backend, 5 * POLL_MS)).toBe(0)
  })

  test('because the connection was lost as soon as it was there, the store is asked', async () => {
    const { take, backend } = newLeases()
    backend.watch.mockImplementationOnce(async (watcher) => {
      await Promise.resolve()
      watcher.lost()
      return { close: async () => {} }
    })
    void take(holder('a'))
    await settle()
    expect(await asksWithin(backend, 4 * POLL_MS)).toBe(4)
  })

  test('at the request, the store is asked again even if the connection is restored before the answer', async () => {
    const { take, backend, lost, restored } = newLeases()
    backend.ask.mockResolvedValueOnce(there())
    await take(holder('a'))
    lost()
    backend.watch.mockRejectedValue(new Error('no connection'))
    const answer = gate<Answer>()
    backend.ask.mockReturnValueOnce(answer.promise)
    void take(holder('a'))
    await settle()
    restored()
    answer.open(held())
    await settle()
    expect(await asksWithin(backend, POLL_MS)).toBe(1)
    expect(await asksWithin(backend, 5 * POLL_MS)).toBe(0)
  })
})

describe('a lease whose release failed', () => {
  /** A lease that was taken and ended, and could not be released. */
  async function unreleased() {
    const all = newLeases()
    all.backend.ask.mockResolvedValueOnce(taken())
    await all.take(holder('a'))
    const [, asker] = all.backend.ask.mock.calls[0] as [string, string]
    const held = { hash: 'a', asker }
    all.leases.notReleased(held)
    return { ...all, held }
  }

  test('is used by the next call for the same entry', async () => {
    const { backend, leases, held: own } = await unreleased()
    await leases.tryToTake(holder('b'), 'b')
    await leases.tryToTake(holder('a'), 'a')
    await leases.tryToTake(holder('a'), 'a')
    const [, other, next, last] = backend.ask.mock.calls.map(([, asker]) => asker)
    expect(next).toBe(own.asker)
    expect(new Set([other, next, last]).size).toBe(3)
  })

  test('is released again, until that succeeds', async () => {
    const { backend, held: own } = await unreleased()
    backend.release.mockRejectedValueOnce(new Error('no server'))
    await vi.advanceTimersByTimeAsync(250)
    expect(backend.release).toHaveBeenCalledExactlyOnceWith([own])
    await vi.advanceTimersByTimeAsync(250)
    expect(backend.release).toHaveBeenCalledTimes(2)
    await vi.advanceTimersByTimeAsync(LEASE_MS)
    expect(backend.release).toHaveBeenCalledTimes(2)
  })

  test('is forgotten when it has ended by itself', async () => {
    const { backend, leases, held: own } = await unreleased()
    backend.release.mockRejectedValue(new Error('no server'))
    await vi.advanceTimersByTimeAsync(LEASE_MS + 1_000)
    const tries = backend.release.mock.calls.length
    expect(tries).toBeLessThan(LEASE_MS / 250)
    await vi.advanceTimersByTimeAsync(LEASE_MS)
    expect(backend.release).toHaveBeenCalledTimes(tries)
    await leases.tryToTake(holder('a'), 'a')
    expect(backend.ask.mock.lastCall?.[1]).not.toBe(own.asker)
  })

  test('is forgotten when the cache is closed', async () => {
    const { backend, leases } = await unreleased()
    leases.close()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(backend.release).not.toHaveBeenCalled()
  })
})

describe('a lease that is held', () => {
  test('is renewed every third of its time, until it is ended', async () => {
    const { take, backend, leases } = newLeases()
    backend.ask.mockResolvedValueOnce(taken())
    const who = holder('a')
    await take(who)
    await vi.advanceTimersByTimeAsync(LEASE_MS / 3 - 1)
    expect(backend.renew).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(backend.renew).toHaveBeenLastCalledWith([{ hash: 'a', asker: backend.ask.mock.calls[0]?.[1] }])
    await vi.advanceTimersByTimeAsync(LEASE_MS)
    expect(backend.renew).toHaveBeenCalledTimes(4)
    expect(leases.end(who)).toMatchObject({ hash: 'a' })
    expect(vi.getTimerCount()).toBe(0)
    await vi.advanceTimersByTimeAsync(LEASE_MS)
    expect(backend.renew).toHaveBeenCalledTimes(4)
  })

  test('is renewed together with the others', async () => {
    const { take, backend, leases } = newLeases()
    const holders = ['a', 'b', 'c'].map(holder)
    for (const who of holders) {
      backend.ask.mockResolvedValueOnce(taken())
      await take(who)
    }
    await vi.advanceTimersByTimeAsync(LEASE_MS / 3)
    expect(backend.renew).toHaveBeenCalledOnce()
    expect(backend.renew.mock.calls[0]?.[0]).toHaveLength(3)
    leases.end(holders[1] as { hash: string })
    await vi.advanceTimersByTimeAsync(LEASE_MS / 3)
    expect(backend.renew.mock.calls[1]?.[0]).toMatchObject([{ hash: 'a' }, { hash: 'c' }])
    for (const who of holders) leases.end(who)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('is not renewed once it was lost, and its put can still name its asker', async () => {
    const { take, backend, leases } = newLeases()
    backend.ask.mockResolvedValueOnce(taken())
    backend.renew.mockResolvedValueOnce([false])
    const who = holder('a')
    await take(who)
    await vi.advanceTimersByTimeAsync(LEASE_MS)
    expect(backend.renew).toHaveBeenCalledOnce()
    expect(leases.end(who)).toMatchObject({ hash: 'a' })
    expect(vi.getTimerCount()).toBe(0)
  })

  test('survives a renewal that fails', async () => {
    const { take, backend, leases } = newLeases()
    backend.ask.mockResolvedValueOnce(taken())
    backend.renew.mockRejectedValueOnce(new Error('no server'))
    const who = holder('a')
    await take(who)
    await vi.advanceTimersByTimeAsync(LEASE_MS / 3)
    await vi.advanceTimersByTimeAsync(LEASE_MS / 3)
    expect(backend.renew).toHaveBeenCalledTimes(2)
    expect(leases.end(who)).toMatchObject({ hash: 'a' })
  })

  test('is not renewed twice at the same time', async () => {
    const { take, backend } = newLeases()
    backend.ask.mockResolvedValueOnce(taken())
    await take(holder('a'))
    const renewal = gate<readonly boolean[]>()
    backend.renew.mockReturnValueOnce(renewal.promise)
    await vi.advanceTimersByTimeAsync(LEASE_MS)
    expect(backend.renew).toHaveBeenCalledOnce()
    renewal.open([true])
    await vi.advanceTimersByTimeAsync(LEASE_MS / 3)
    expect(backend.renew).toHaveBeenCalledTimes(2)
  })

  test('belongs to its call alone, also if a second call loads the same entry', async () => {
    const { take, backend, leases } = newLeases()
    backend.ask.mockResolvedValueOnce(taken()).mockResolvedValueOnce(taken())
    const [invalidated, next] = [holder('a'), holder('a')]
    await take(invalidated)
    await take(next)
    const [one, two] = backend.ask.mock.calls.map(([, asker]) => asker)
    expect(one).not.toBe(two)
    expect(leases.end(invalidated)).toEqual({ hash: 'a', asker: one })
    expect(leases.end(invalidated)).toBeUndefined()
    expect(vi.getTimerCount()).toBe(1)
    expect(leases.end(next)).toEqual({ hash: 'a', asker: two })
    expect(vi.getTimerCount()).toBe(0)
  })
})
