// The table of states at the head of src/call/call-runner.ts: each transition once, by the names that it has there.
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  CacheMissError,
  type CacheOptions,
  DeadlockError,
  LruTPolicy,
  MemoryStore,
  RedisFuncCache,
  type WrapOptions,
} from '../../src/index.ts'
import type { Store } from '../../src/store.ts'

vi.mock('../../src/flow/timers.ts', () => import('../flow/replaceable-timers.ts'))

type Load = (key: string) => Promise<string>
type Options = Omit<WrapOptions<Load>, 'name' | 'source'>

const SECOND = 1_000

/**
 * What is seen of the states: the commands of the store, and the events. A token that comes with the lookup is no command
 * of its own, so that of PERMIT only leases are seen, and tokens that are asked for without a lookup.
 */
const COMMANDS: Partial<Record<keyof Store, string>> = {
  get: 'LOOKUP',
  lease: 'PERMIT',
  now: 'PERMIT',
  put: 'PUT',
  changes: 'PROOF',
}
const EVENTS = { join: 'FOLLOW', miss: 'MISS', refresh: 'REFRESH', wait: 'WAIT' } as const

let nowMs: number
beforeEach(() => {
  nowMs = Date.UTC(2030, 0)
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

const newStore = () => new MemoryStore({ clock: () => nowMs })

/** All that can be done without time going by. */
async function quiet(): Promise<void> {
  for (let i = 0; i < 5; i++) await turn()
}

async function pass(ms: number): Promise<void> {
  nowMs += ms
  await vi.advanceTimersByTimeAsync(ms)
  await quiet()
}

/** A process that notes through which states its calls go. Its function runs until the test ends it. */
function newProcess(
  options: Options = {},
  cacheOptions: Partial<CacheOptions> = {},
  store: Store = newStore(),
) {
  const steps: string[] = []
  const failing = new Set<keyof Store>()
  const held = new Set<keyof Store>()
  const noting = new Proxy(store, {
    get(target, name: keyof Store) {
      const method = Reflect.get(target, name) as ((...args: unknown[]) => Promise<unknown>) | undefined
      if (typeof method !== 'function') return method
      return (...args: unknown[]): unknown => {
        const step = COMMANDS[name]
        if (step !== undefined) steps.push(step)
        if (failing.has(name)) return Promise.reject(new Error(`no ${name}`))
        return held.has(name) ? new Promise(() => {}) : method.apply(target, args)
      }
    },
  })
  const cache = new RedisFuncCache('states', new LruTPolicy(), { ...cacheOptions, store: noting })
  for (const [event, step] of Object.entries(EVENTS)) {
    cache.on(event as keyof typeof EVENTS, () => steps.push(step))
  }
  for (const event of ['error', 'undecodable', 'invalid', 'skip', 'overdue'] as const)
    cache.on(event, () => {}) // no warnings
  const runs: { resolve(value: string): void; reject(error: unknown): void }[] = []
  const load = cache.wrap<Load>(
    () => {
      steps.push('EXECUTE')
      return new Promise((resolve, reject) => runs.push({ resolve, reject }))
    },
    { ...(options as WrapOptions<Load>), name: 'load', source: false },
  )
  /** Calls, and notes when and how the call settles. */
  const call = (run: () => Promise<unknown> = () => load('a')): Promise<void> =>
    run().then(
      (value) => void steps.push(`SETTLE ${String(value)}`),
      (error: unknown) => void steps.push(`SETTLE ${(error as Error).message}`),
    )
  /** The states since it was asked last. */
  const seen = (): string[] => steps.splice(0)
  /** Calls, and ends the run of the function. */
  const loaded = async (value = 'new'): Promise<void> => {
    const done = call()
    await quiet()
    end(runs, value)
    await done
  }
  /** Calls, and lets the function fail. */
  const failed = async (): Promise<void> => {
    const done = call()
    await quiet()
    fail(runs)
    await done
  }
  /** Stores an entry by a call. */
  const stored = async (): Promise<void> => {
    await loaded('old')
    await quiet()
    seen()
  }
  return { cache, store, load, runs, failing, held, call, seen, loaded, failed, stored }
}

const end = (runs: readonly { resolve(value: string): void }[], value: string): void =>
  runs.at(-1)?.resolve(value)
const fail = (runs: readonly { reject(error: unknown): void }[]): void =>
  runs.at(-1)?.reject(new Error('failed'))

describe('call', () => {
  test('without read and write → EXECUTE → caller', async () => {
    const { cache, call, load, runs, seen } = newProcess()
    const done = cache.bypass(() => call(() => load('a')))
    end(runs, 'new')
    await done
    expect(seen()).toEqual(['EXECUTE', 'SETTLE new'])
  })

  test('without key → error', async () => {
    const { cache, seen } = newProcess()
    const keyed = cache.wrap(async (key: unknown) => key, { name: 'keyed' })
    await expect(keyed(new WeakMap())).rejects.toThrow(/WeakMap/)
    expect(seen()).toEqual([])
  })

  test('without read → LEAD → MISS', async () => {
    const { cache, call, runs, seen } = newProcess()
    const done = cache.writeOnly(() => call())
    await quiet()
    end(runs, 'new')
    await done
    expect(seen()).toEqual(['PERMIT', 'EXECUTE', 'PUT', 'SETTLE new'])
  })
})

describe('NEAR', () => {
  /** A process that holds its entry, and has a proof of that. */
  async function newHolder(store?: Store) {
    const it = newProcess({}, { near: true }, store)
    await it.stored()
    await it.call()
    it.seen()
    return it
  }

  test('held near, fresh, proven recently enough → NEAR → caller', async () => {
    const { call, seen } = await newHolder()
    await call()
    expect(seen()).toEqual(['SETTLE old'])
  })

  test('proven too long ago → waits for the proof → NEAR → caller', async () => {
    const { call, seen } = await newHolder()
    await pass(2 * SECOND)
    await call()
    expect(seen()).toEqual(['PROOF', 'SETTLE old'])
  })

  test('without a proof → LEAD → LOOKUP', async () => {
    const { call, seen, failing } = await newHolder()
    await pass(2 * SECOND)
    failing.add('changes')
    await call()
    expect(seen()).toEqual(['PROOF', 'LOOKUP', 'SETTLE old'])
  })

  test('changed by another process → LEAD → LOOKUP', async () => {
    const store = newStore()
    const { loaded, seen } = await newHolder(store)
    await newProcess({}, {}, store).load.invalidate('a')
    await loaded()
    expect(seen()).toEqual(['LOOKUP', 'MISS', 'EXECUTE', 'PUT', 'SETTLE new'])
  })

  test('not fresh → LEAD → LOOKUP', async () => {
    const { loaded, seen } = await newHolder()
    await pass(3_600 * SECOND)
    await loaded()
    expect(seen()).toEqual(['LOOKUP', 'MISS', 'EXECUTE', 'PUT', 'SETTLE new'])
  })
})

describe('FOLLOW', () => {
  test('→ leader settles → value', async () => {
    const { call, runs, seen } = newProcess()
    const done = [call(), call()]
    await quiet()
    end(runs, 'new')
    await Promise.all(done)
    expect(seen()).toEqual(['FOLLOW', 'LOOKUP', 'MISS', 'EXECUTE', 'PUT', 'SETTLE new', 'SETTLE new'])
  })

  test('→ leader settles → error', async () => {
    const { call, runs, seen } = newProcess()
    const done = [call(), call()]
    await quiet()
    fail(runs)
    await Promise.all(done)
    expect(seen().slice(-2)).toEqual(['SETTLE failed', 'SETTLE failed'])
  })

  test('→ what may be older than the call → starts over', async () => {
    const store = newStore()
    const { call, runs, seen } = newProcess({}, {}, store)
    const other = newProcess({}, {}, store)
    const first = call()
    await quiet()
    await other.load.invalidate('a')
    const late = call()
    end(runs, 'old')
    await first
    await quiet()
    end(runs, 'new')
    await late
    expect(seen()).toEqual([
      'LOOKUP',
      'MISS',
      'EXECUTE',
      'FOLLOW',
      'PUT',
      'SETTLE old',
      'LOOKUP',
      'MISS',
      'EXECUTE',
      'PUT',
      'SETTLE new',
    ])
  })

  test('→ no copy can be made → EXECUTE for itself', async () => {
    const { cache, seen } = newProcess()
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    let runs = 0
    const opaque = cache.wrap(async () => ({ run: ++runs, stream: () => {} }), { name: 'opaque' })
    const results = await Promise.all([opaque(), opaque()])
    expect(results.map(({ run }) => run)).toEqual([1, 2])
    expect(seen()).toEqual(['FOLLOW', 'LOOKUP', 'MISS'])
  })

  test('→ the leader waits for this call → error', async () => {
    const { cache } = newProcess()
    const own = cache.wrap(async (): Promise<string> => own(), { name: 'own' })
    await expect(own()).rejects.toThrow(DeadlockError)
  })
})

describe('LOOKUP', () => {
  test('→ store error → MISS', async () => {
    const { failing, loaded, seen } = newProcess()
    failing.add('get')
    await loaded()
    expect(seen()).toEqual(['LOOKUP', 'MISS', 'EXECUTE', 'SETTLE new'])
  })

  test("→ store error → SETTLE(error), with onError 'throw'", async () => {
    const { call, failing, seen } = newProcess({}, { onError: 'throw' })
    failing.add('get')
    await call()
    expect(seen()).toEqual(['LOOKUP', 'SETTLE no get'])
  })
})

describe('READ', () => {
  test.each<{ none: string; options: Options }>([
    {
      none: 'it cannot be decoded',
      options: {
        serializer: {
          serialize: (value) => String(value),
          deserialize: () => {
            throw new Error('undecodable')
          },
        },
      },
    },
    {
      none: 'the schema refuses it',
      options: {
        schema: {
          '~standard': { version: 1, vendor: 'test', validate: () => ({ issues: [{ message: 'no' }] }) },
        },
      },
    },
  ])('→ none, since $none → MISS', async ({ options }) => {
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const { loaded, seen, stored } = newProcess(options)
    await stored()
    await loaded()
    expect(seen()).toEqual(['LOOKUP', 'MISS', 'EXECUTE', 'PUT', 'SETTLE new'])
  })
})

describe('JUDGE', () => {
  test('→ fresh → SETTLE(hit)', async () => {
    const { call, seen, stored } = newProcess({ ttl: 100 })
    await stored()
    await call()
    expect(seen()).toEqual(['LOOKUP', 'SETTLE old'])
  })

  test('→ early → SETTLE, REFRESH behind', async () => {
    const { call, runs, seen } = newProcess({ ttl: 100, earlyRefresh: true })
    const first = call()
    await pass(SECOND) // for so long the function runs
    end(runs, 'old')
    await first
    seen()
    await pass(99 * SECOND)
    vi.spyOn(Math, 'random').mockReturnValue(0.99)
    await call()
    await quiet()
    end(runs, 'new')
    await quiet()
    expect(seen()).toEqual(['LOOKUP', 'SETTLE old', 'PERMIT', 'REFRESH', 'EXECUTE', 'PUT'])
  })

  test('→ stale → SETTLE, REFRESH behind', async () => {
    const { call, runs, seen, stored } = newProcess({ ttl: 100, staleWhileRevalidate: 50 })
    await stored()
    await pass(100 * SECOND)
    await call()
    await quiet()
    end(runs, 'new')
    await quiet()
    expect(seen()).toEqual(['LOOKUP', 'SETTLE old', 'PERMIT', 'REFRESH', 'EXECUTE', 'PUT'])
    await call()
    expect(seen()).toEqual(['LOOKUP', 'SETTLE new'])
  })

  test('→ expired → MISS', async () => {
    const { loaded, seen, stored } = newProcess({ ttl: 100 })
    await stored()
    await pass(100 * SECOND)
    await loaded()
    expect(seen()).toEqual(['LOOKUP', 'MISS', 'EXECUTE', 'PUT', 'SETTLE new'])
  })

  test('→ fallback → MISS with a fallback → LOAD → SETTLE(value)', async () => {
    const { loaded, seen, stored } = newProcess({ ttl: 100, staleIfError: 50 })
    await stored()
    await pass(100 * SECOND)
    await loaded()
    expect(seen()).toEqual(['LOOKUP', 'MISS', 'EXECUTE', 'PUT', 'SETTLE new'])
  })
})

describe('MISS', () => {
  test('without execute → SETTLE(error)', async () => {
    const { cache, load, seen } = newProcess()
    await expect(cache.readOnly(() => load('a'))).rejects.toThrow(CacheMissError)
    expect(seen()).toEqual(['LOOKUP', 'MISS'])
  })

  test('with a fallback, after a failure → SETTLE(fallback)', async () => {
    const { call, failed, seen, stored } = newProcess({ ttl: 100, staleIfError: 50 })
    await stored()
    await pass(100 * SECOND)
    await failed()
    seen()
    await call()
    expect(seen()).toEqual(['LOOKUP', 'MISS', 'SETTLE old'])
  })
})

describe('PERMIT', () => {
  const GLOBAL = { singleFlight: 'global' } as const

  test('→ lease taken → LOAD', async () => {
    const { loaded, seen } = newProcess(GLOBAL)
    await loaded()
    expect(seen()).toEqual(['LOOKUP', 'MISS', 'PERMIT', 'EXECUTE', 'PUT', 'SETTLE new'])
  })

  test('→ lease held by another process → wait → LOOKUP → SETTLE', async () => {
    const store = newStore()
    const [here, there] = [newProcess(GLOBAL, {}, store), newProcess(GLOBAL, {}, store)]
    const first = there.call()
    await quiet()
    const second = here.call()
    await quiet()
    end(there.runs, 'new')
    await Promise.all([first, second])
    expect(here.seen()).toEqual(['LOOKUP', 'MISS', 'PERMIT', 'WAIT', 'LOOKUP', 'SETTLE new'])
  })

  test('→ lease held for too long → LOAD without a lease', async () => {
    const store = newStore()
    const options = { singleFlight: { wait: '400ms', lease: '60s' } } as const
    const [there, here] = [newProcess(options, {}, store), newProcess(options, {}, store)]
    void there.call()
    await quiet()
    const done = here.call()
    await quiet()
    await pass(SECOND / 2)
    end(here.runs, 'new')
    await done
    expect(here.seen()).toEqual([
      'LOOKUP',
      'MISS',
      'PERMIT',
      'WAIT',
      'PERMIT',
      'PERMIT',
      'EXECUTE',
      'PUT',
      'SETTLE new',
    ])
  })

  test('→ store error → LOAD without a lease', async () => {
    const { failing, loaded, seen } = newProcess(GLOBAL)
    failing.add('lease')
    await loaded()
    expect(seen()).toEqual(['LOOKUP', 'MISS', 'PERMIT', 'EXECUTE', 'PUT', 'SETTLE new'])
  })
})

describe('LOAD', () => {
  test('→ SETTLE, PUT: the result is there for the next call', async () => {
    const { call, loaded, seen } = newProcess()
    await loaded()
    expect(seen()).toEqual(['LOOKUP', 'MISS', 'EXECUTE', 'PUT', 'SETTLE new'])
    await call()
    expect(seen()).toEqual(['LOOKUP', 'SETTLE new'])
  })

  test('→ PUT takes longer than putWait → SETTLE before it', async () => {
    const { call, held, runs, seen } = newProcess({ putWait: '25ms' })
    held.add('put')
    void call()
    await quiet()
    end(runs, 'new')
    await quiet()
    expect(seen()).toEqual(['LOOKUP', 'MISS', 'EXECUTE', 'PUT'])
    await pass(25)
    expect(seen()).toEqual(['SETTLE new'])
  })

  test('→ PUT fails → SETTLE', async () => {
    const { failing, loaded, seen } = newProcess()
    failing.add('put')
    await loaded()
    expect(seen().slice(-2)).toEqual(['PUT', 'SETTLE new'])
  })

  test('→ error → SETTLE(error)', async () => {
    const { failed, seen } = newProcess()
    await failed()
    expect(seen()).toEqual(['LOOKUP', 'MISS', 'EXECUTE', 'SETTLE failed'])
  })

  test('→ error, with a fallback → SETTLE(fallback)', async () => {
    const { failed, seen, stored } = newProcess({ ttl: 100, staleIfError: 50 })
    await stored()
    await pass(100 * SECOND)
    await failed()
    expect(seen()).toEqual(['LOOKUP', 'MISS', 'EXECUTE', 'SETTLE old'])
  })

  test('→ error, with cacheErrors → PUT(error)', async () => {
    const { call, failed, seen } = newProcess({ cacheErrors: { ttl: 10 } })
    await failed()
    expect(seen()).toEqual(['LOOKUP', 'MISS', 'EXECUTE', 'PUT', 'SETTLE failed'])
    await call()
    expect(seen()).toEqual(['LOOKUP', 'SETTLE failed'])
  })

  test('takes longer than softTimeout, with a fallback → SETTLE(fallback), and goes on behind', async () => {
    const options = { ttl: 100, staleIfError: 50, softTimeout: '1s' } as const
    const { call, runs, seen, stored } = newProcess(options)
    await stored()
    await pass(100 * SECOND)
    void call()
    await pass(SECOND)
    expect(seen()).toEqual(['LOOKUP', 'MISS', 'EXECUTE', 'SETTLE old'])
    await call()
    expect(seen()).toEqual(['LOOKUP', 'MISS', 'SETTLE old'])
    end(runs, 'new')
    await quiet()
    expect(seen()).toEqual(['PUT'])
    await call()
    expect(seen()).toEqual(['LOOKUP', 'SETTLE new'])
  })

  test('takes longer than maxComputeTime → the next call leads, and nothing is PUT', async () => {
    const { call, runs, seen } = newProcess({ maxComputeTime: '1s' })
    const first = call()
    await pass(SECOND)
    const second = call()
    await quiet()
    runs[0]?.resolve('late')
    runs[1]?.resolve('new')
    await Promise.all([first, second])
    const states = seen()
    expect(states).not.toContain('FOLLOW')
    expect(states.filter((state) => state === 'PUT')).toHaveLength(1)
    expect(states.filter((state) => state.startsWith('SETTLE')).toSorted()).toEqual([
      'SETTLE late',
      'SETTLE new',
    ])
  })
})

test('refresh → PERMIT that overrules → LOAD → SETTLE when it is PUT', async () => {
  const { call, held, load, runs, seen, stored } = newProcess({ putWait: '25ms' })
  await stored()
  held.add('put')
  void call(() => load.refresh('a'))
  await quiet()
  end(runs, 'new')
  await pass(SECOND)
  expect(seen()).toEqual(['PERMIT', 'EXECUTE', 'PUT'])
})
