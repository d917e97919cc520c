import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { CircuitBreaker } from '../../src/flow/circuit-breaker.ts'
import { Deadlines } from '../../src/flow/deadlines.ts'
import { LruTPolicy, MemoryStore, RedisFuncCache, StoreError } from '../../src/index.ts'
import type { KeySpace, Store } from '../../src/store.ts'
import { GuardedStore } from '../../src/stores/guarded-store.ts'
import { isUnavailable } from '../../src/stores/unavailable.ts'
import { StoreHealth } from '../../src/telemetry/store-health.ts'
import { hanging } from './hanging-store.ts'

const TIMEOUT_MS = 30

function newGuard(...held: (MemoryStore | keyof Store)[]) {
  const memory = held.find((each) => typeof each !== 'string') ?? new MemoryStore()
  const behind = hanging(memory, ...held.filter((each) => typeof each === 'string'))
  const time = { ms: 0 }
  const health = new StoreHealth()
  const breaker = new CircuitBreaker(
    { failures: 2, openForMs: 100, maxOpenForMs: 1_000 },
    (state) => health.changed(state),
    () => time.ms,
    () => 1,
  )
  const deadlines = new Deadlines(true)
  const guard = new GuardedStore(behind.store, {
    timeoutMs: TIMEOUT_MS,
    wholeTimeoutMs: TIMEOUT_MS,
    deadlines,
    breaker,
    health,
  })
  const cache = new RedisFuncCache('guard', new LruTPolicy(), { store: memory })
  const space: KeySpace = {
    policy: cache.policy,
    keys: ['a', 'b'],
    limits: { maxSize: 10, idleTtlMs: undefined },
    ext: [],
  }
  return { ...behind, guard, space, memory, time, health, breaker }
}

const TOO_LATE = { name: 'StoreError', reason: 'timeout', message: expect.stringContaining('storeTimeout') }

describe('the deadline', () => {
  test('rejects what is not answered, and ignores a later answer', async () => {
    const { guard, space, health, answerAll } = newGuard('get')
    const late = [guard.get(space, ['x']), guard.get(space, ['x'])]
    for (const each of late) await expect(each).rejects.toMatchObject(TOO_LATE)
    expect(health.timeouts).toBe(2)
    answerAll(new Error('a late failure'))
    await turn()
    expect(health.lastError).toMatchObject(TOO_LATE)
  })

  test('is that of what is asked of the log of changes, too', async () => {
    const { guard, space, health } = newGuard('changes', 'listen')
    await expect(guard.changes(space)).rejects.toMatchObject(TOO_LATE)
    await expect(guard.listen(space, undefined, 1_000)).rejects.toMatchObject(TOO_LATE)
    expect(health.timeouts).toBe(2)
  })

  test('leaves alone what is answered', async () => {
    const { guard, space, asked, health } = newGuard('get')
    const lookup = guard.get(space, ['x'])
    asked[0]?.answer()
    expect(await lookup).toMatchObject([{ value: undefined }])
    await sleep(2 * TIMEOUT_MS) // by now it would be over
    expect(health.timeouts).toBe(0)
  })

  test('is not over where the process was busy, and the answer has only not been read', async () => {
    const { guard, space, asked, health } = newGuard('get')
    const lookup = guard.get(space, ['x'])
    setImmediate(() => {
      // The answer comes at the end of a turn that takes too long.
      const untilMs = performance.now() + 2 * TIMEOUT_MS
      while (performance.now() < untilMs);
      setImmediate(() => asked[0]?.answer())
    })
    expect(await lookup).toMatchObject([{ value: undefined }])
    expect(health.timeouts).toBe(0)
  })

  test('gives a lease back that was granted too late', async () => {
    const { guard, space, memory, answerAll } = newGuard('lease')
    await expect(
      guard.lease(space, [{ hash: 'x', asker: 'late', seenMs: undefined }], 60_000),
    ).rejects.toMatchObject(TOO_LATE)
    const release = vi.spyOn(memory, 'release')
    answerAll()
    await vi.waitFor(() => expect(release).toHaveBeenCalledOnce())
    expect(
      await memory.lease(space, [{ hash: 'x', asker: 'next', seenMs: undefined }], 60_000),
    ).toMatchObject([{ state: 'taken' }])
  })

  test('gives it back while the breaker lets only its trial through, too', async () => {
    const { guard, space, memory, asked, answerAll, breaker, time } = newGuard('lease', 'get')
    const lease = guard.lease(space, [{ hash: 'x', asker: 'late', seenMs: undefined }], 60_000)
    for (const each of [lease, guard.get(space, ['x'])]) await expect(each).rejects.toMatchObject(TOO_LATE)
    time.ms = 100
    const trial = guard.get(space, ['x'])
    expect(breaker.state).toBe('half-open')
    const release = vi.spyOn(memory, 'release')
    asked[0]?.answer()
    await vi.waitFor(() => expect(release).toHaveBeenCalledOnce(), { interval: 1 })
    answerAll()
    await trial
  })

  test('of what is done in portions is that of one portion', async () => {
    const store = new (class extends MemoryStore {
      override async invalidateTags(
        ...[, , , onPortion]: Parameters<Store['invalidateTags']>
      ): ReturnType<Store['invalidateTags']> {
        for (let portion = 0; portion < 3; portion++) {
          await sleep(TIMEOUT_MS / 2)
          onPortion?.()
        }
        return { count: 3, changes: undefined }
      }
    })()
    const { guard, space } = newGuard(store)
    expect((await guard.invalidateTags(space, ['a'])).count).toBe(3)
  })

  test('of a portion that does not end is over', async () => {
    const { guard, space } = newGuard('invalidateTags')
    await expect(guard.invalidateTags(space, ['a'])).rejects.toMatchObject(TOO_LATE)
  })
})

describe('the breaker', () => {
  async function opened() {
    const it = newGuard('get', 'invalidate')
    for (let i = 0; i < 2; i++) await expect(it.guard.get(it.space, ['x'])).rejects.toMatchObject(TOO_LATE)
    expect(it.breaker.state).toBe('open')
    it.asked.length = 0
    return it
  }

  test('while open, sends nothing, and says why', async () => {
    const { guard, space, asked, health } = await opened()
    await expect(guard.get(space, ['x'])).rejects.toMatchObject({ reason: 'open', cause: health.lastError })
    await expect(guard.put(space, [])).rejects.toMatchObject({ reason: 'open' })
    await expect(guard.watch(space, { ended() {}, lost() {}, restored() {} })).rejects.toBeInstanceOf(
      StoreError,
    )
    for (const ask of [
      () => guard.changes(space),
      () => guard.listen(space, undefined, 1_000),
      () => guard.watchChanges(space, { changed() {}, lost() {}, restored() {} }),
    ])
      await expect(ask()).rejects.toMatchObject({ reason: 'open' })
    expect(asked).toEqual([])
  })

  test('closes when the command that tries is refused: the store has answered', async () => {
    const { guard, space, asked, time, breaker } = await opened()
    time.ms = 100
    const trial = guard.get(space, ['x'])
    expect(breaker.state).toBe('half-open')
    const refused = new StoreError('WRONGTYPE', { cause: new Error('WRONGTYPE of the server') })
    asked[0]?.answer(refused)
    await expect(trial).rejects.toBe(refused)
    expect(breaker.state).toBe('closed')
  })

  test('lets one command try the store when its time is over', async () => {
    const { guard, space, asked, time, breaker } = await opened()
    time.ms = 100
    const trial = guard.get(space, ['x'])
    await expect(guard.get(space, ['x'])).rejects.toMatchObject({ reason: 'open' })
    asked[0]?.answer()
    await trial
    expect(breaker.state).toBe('closed')
  })

  test.each([
    ['an answer', undefined],
    ['a refusal', new StoreError('WRONGTYPE', { cause: new Error('WRONGTYPE of the server') })],
  ])('lets one command try the store as soon as %s comes late', async (_, late) => {
    const it = newGuard('get')
    const lost = [it.guard.get(it.space, ['x']), it.guard.get(it.space, ['x'])]
    for (const each of lost) await expect(each).rejects.toMatchObject(TOO_LATE)
    expect(it.breaker.state).toBe('open')
    it.asked.shift()?.answer(new Error('connect ECONNREFUSED'))
    await turn()
    await expect(it.guard.get(it.space, ['x'])).rejects.toMatchObject({ reason: 'open' })
    it.asked.shift()?.answer(late)
    await turn()
    const trial = it.guard.get(it.space, ['x'])
    expect(it.breaker.state).toBe('half-open')
    it.answerAll()
    await trial
    expect(it.breaker.state).toBe('closed')
  })

  test('lets invalidations through, whose success closes it', async () => {
    const { guard, space, asked, breaker } = await opened()
    const invalidated = guard.invalidate(space, ['x'])
    asked[0]?.answer()
    expect((await invalidated).count).toBe(0)
    expect(breaker.state).toBe('closed')
  })

  test('and lets them fail', async () => {
    const { guard, space } = await opened()
    await expect(guard.invalidate(space, ['x'])).rejects.toMatchObject(TOO_LATE)
  })

  test('does not count refusals that concern some commands only', async () => {
    const { guard, space, asked, breaker } = newGuard('put')
    for (let i = 0; i < 5; i++) {
      const put = guard.put(space, [])
      asked.at(-1)?.answer(
        new StoreError('no', {
          cause: new Error("OOM command not allowed when used memory > 'maxmemory'."),
        }),
      )
      await expect(put).rejects.toThrow('no')
    }
    expect(breaker.state).toBe('closed')
  })
})

const failure = (message: string, name = 'Error') =>
  new StoreError(`The server failed at get: ${message}`, {
    cause: Object.assign(new Error(message), { name }),
  })

describe('a failure', () => {
  test.each([
    'connect ECONNREFUSED 127.0.0.1:6379',
    'Socket closed unexpectedly',
    'Connection is closed.',
    'Command timed out',
    'Reached the max retries per request limit (which is 20).',
    'LOADING Redis is loading the dataset in memory',
    'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    'CLUSTERDOWN The cluster is down',
    'NOAUTH Authentication required.',
    'something that nobody has ever heard of',
  ])('says that the store is not there: %s', (message) => {
    expect(isUnavailable(failure(message))).toBe(true)
    expect(isUnavailable(new Error(message))).toBe(true)
  })

  test.each([
    "OOM command not allowed when used memory > 'maxmemory'.",
    'MISCONF Redis is configured to save RDB snapshots, but it is currently not able to persist on disk.',
    'NOREPLICAS Not enough good replicas to write.',
    "READONLY You can't write against a read only replica.",
    'WRONGTYPE Operation against a key holding the wrong kind of value',
    "NOPERM this user has no permissions to run the 'hmget' command",
    'ERR value is not an integer or out of range',
    'TRYAGAIN Multiple keys request during rehashing of slot',
  ])('concerns some commands only: %s', (message) => {
    expect(isUnavailable(failure(message))).toBe(false)
  })
})
