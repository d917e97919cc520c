// A call that begins after an invalidation never gets an older result, whatever is in flight in whichever process.
import { setTimeout as pause } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Duration, LruTPolicy, RedisFuncCache } from './library.ts'
import type { Store } from '../../src/store.ts'
import { gated } from './gated.ts'
import { quiet, slowed } from './slow-store.ts'
import { hasServer, openTarget, type Target, unique } from './target.ts'
import { timeless } from './timeless-store.ts'
import { runs } from '../random.ts'

/** Sequences a mode. */
const RUNS = runs(100)
const SEED = Number(process.env['CONSISTENCY_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

const KEYS = ['a', 'b'] as const
type Key = (typeof KEYS)[number]

const UNDOES = ['args', 'function', 'tag', 'purge', 'refresh', 'prime'] as const

/** `p` and `run` are taken modulo how many there are. */
type Step =
  | { readonly do: 'read' | 'peek' | 'soften'; readonly p: number; readonly key: Key }
  /** The source changes, and then the cache is told of it. */
  | { readonly do: 'change'; readonly p: number; readonly key: Key; readonly how: (typeof UNDOES)[number] }
  /** A run of the function returns what the source had when it began, or throws. */
  | { readonly do: 'finish' | 'fail'; readonly run: number }
  /** A process is not heard any more; its runs may end, but its leases are not renewed. */
  | { readonly do: 'kill'; readonly p: number }
  /** What a process sends, or is sent, is held up, until it is freed. */
  | { readonly do: 'hold'; readonly p: number; readonly way: 'there' | 'back' }
  | { readonly do: 'free'; readonly p: number }

const p = fc.nat({ max: 2 })
const key = fc.constantFrom(...KEYS)
const run = fc.nat({ max: 7 })
const weighted = (weight: number, fields: Record<string, fc.Arbitrary<unknown>>) => ({
  weight,
  arbitrary: fc.record(fields),
})
const step = fc.oneof(
  weighted(8, { do: fc.constant('read'), p, key }),
  weighted(6, { do: fc.constant('finish'), run }),
  weighted(5, { do: fc.constant('change'), p, key, how: fc.constantFrom(...UNDOES) }),
  weighted(2, { do: fc.constant('hold'), p, way: fc.constantFrom('there', 'back') }),
  weighted(2, { do: fc.constant('free'), p }),
  weighted(1, { do: fc.constant('fail'), run }),
  weighted(1, { do: fc.constant('peek'), p, key }),
  weighted(1, { do: fc.constant('soften'), p, key }),
  weighted(1, { do: fc.constant('kill'), p }),
) as fc.Arbitrary<Step>

/** Not at all, served while it is refreshed, or served in place of errors. */
const GRACES = [{}, { ttl: '1h', staleWhileRevalidate: '1h' }, { ttl: '1h', staleIfError: '1h' }] as const

const setup = fc.record({
  scope: fc.constantFrom('cache', 'function'),
  processes: fc.constantFrom(2, 3),
  grace: fc.constantFrom(...GRACES),
  slow: fc.boolean(),
  putWait: fc.constantFrom<Duration>(0, '1ms', Number.POSITIVE_INFINITY),
  timed: fc.boolean(),
})
type Setup = typeof setup extends fc.Arbitrary<infer T> ? T : never

const MODES = {
  process: 'process',
  cluster: { lease: '40ms', wait: '5s' },
} as const

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

/** What all processes read from, and what may be read of it. */
class Source {
  readonly #versions = new Map<Key, number>()
  /** The version at the last invalidation that has completed. */
  readonly #floors = new Map<Key, number>()
  /** Soft invalidations that have begun and that have ended. */
  readonly #softened = { begun: 0, ended: 0 }

  now(key: Key): number {
    return this.#versions.get(key) ?? 1
  }

  change(key: Key): void {
    this.#versions.set(key, this.now(key) + 1)
  }

  floor(key: Key): number {
    return this.#floors.get(key) ?? 1
  }

  raise(key: Key, version: number): void {
    this.#floors.set(key, Math.max(this.floor(key), version))
  }

  async soften(softening: Promise<unknown>): Promise<void> {
    this.#softened.begun++
    await softening
    this.#softened.ended++
  }

  /** Tells later whether no soft invalidation came since: it keeps what is stale, and a refresh under way from replacing it. */
  undisturbed(): () => boolean {
    const { begun, ended } = this.#softened
    return () => begun === ended && begun === this.#softened.begun
  }
}

/** One run of the function. */
interface Run {
  readonly key: Key
  readonly version: number
  resolve(version: number): void
  reject(error: Error): void
}

/** Processes that share a cache and a source, and all that is under way in them. */
class World {
  readonly #source = new Source()
  readonly #runs: Run[] = []
  readonly #underWay = new Set<Promise<unknown>>()
  readonly #faults: string[] = []
  readonly #processes: ReturnType<World['process']>[]
  readonly #slow: boolean
  /** An eye of the test's own, which nothing holds up. */
  readonly #eye: ReturnType<World['process']>

  constructor(
    { scope, processes, grace, slow, timed, putWait }: Setup,
    singleFlight: (typeof MODES)[keyof typeof MODES],
  ) {
    const name = unique('consistency')
    const shared = target.newStore()
    const newProcess = () => {
      const store = hasServer ? target.newStore() : shared
      return this.process(timed ? store : timeless(store), name, scope, grace, putWait, singleFlight)
    }
    this.#processes = Array.from({ length: processes }, newProcess)
    this.#eye = newProcess()
    this.#slow = slow
  }

  process(
    store: Store,
    name: string,
    scope: Setup['scope'],
    grace: Setup['grace'],
    putWait: Setup['putWait'],
    singleFlight: (typeof MODES)[keyof typeof MODES],
  ) {
    const line = slowed(store)
    const cache = new RedisFuncCache(name, new LruTPolicy({ scope }), { store: line.store, putWait })
    const load = cache.wrap(
      (key: Key) =>
        new Promise<number>((resolve, reject) => {
          this.#runs.push({ key, version: this.#source.now(key), resolve, reject })
        }),
      {
        name: 'load',
        source: false,
        singleFlight,
        tags: (_, key) => [`tag of ${key}`],
        ...grace,
      },
    )
    return { cache, load, line, store }
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'read':
        this.#look(step, (process) => process.load(step.key))
        break
      case 'peek':
        this.#look(step, (process) => process.load.peek(step.key))
        break
      case 'soften':
        this.#follow(this.#source.soften(this.#of(step).load.with({ soft: true }).invalidate(step.key)))
        break
      case 'change':
        this.#change(step)
        break
      case 'finish':
      case 'fail':
        this.#end(step)
        break
      case 'kill':
        this.#of(step).store.renew = async (_place, held) => held.map(() => false)
        break
      case 'hold':
        if (this.#slow) this.#of(step).line.hold(step.way)
        break
      case 'free':
        this.#of(step).line.free()
    }
    await this.#settle()
    for (const key of KEYS) this.#look({ do: 'peek', key }, () => this.#eye.load.peek(key))
    await this.#settle()
    this.#assertFaultless()
  }

  /** Lets all that is under way come to its end. */
  async finish(): Promise<void> {
    for (const { line } of this.#processes) line.free()
    for (let rounds = 0; this.#underWay.size > 0; rounds++) {
      if (rounds > 2_000) throw new Error(`${this.#underWay.size} are still under way`)
      await this.#settle()
      if (this.#runs.length === 0) await pause(1)
      for (const each of this.#runs.splice(0)) each.resolve(each.version)
    }
    await this.#settle()
    for (const each of this.#runs.splice(0)) each.resolve(each.version)
    await this.#settle()
    this.#assertFaultless()
    await Promise.all([...this.#processes, this.#eye].map(({ cache }) => cache.close()))
  }

  #of({ p }: { readonly p: number }): ReturnType<World['process']> {
    return this.#processes[p % this.#processes.length] as ReturnType<World['process']>
  }

  #settle(): Promise<void> {
    return quiet([...this.#processes, this.#eye].map(({ line }) => line))
  }

  /** A lookup that begins now must not find anything from before the last invalidation. */
  #look(
    step: { readonly do: string; readonly p?: number; readonly key: Key },
    look: (process: ReturnType<World['process']>) => Promise<number | undefined>,
  ): void {
    const { key, p = 0 } = step
    const floor = this.#source.floor(key)
    const looking = look(this.#of({ p })).then((version) => {
      if (version === undefined && step.do === 'peek') return
      if (version === undefined || version < floor || version > this.#source.now(key)) {
        this.#faults.push(`${JSON.stringify(step)} got ${version}, the least to be had was ${floor}`)
      }
    })
    this.#follow(looking)
  }

  #change({ p, key, how }: Step & { do: 'change' }): void {
    const source = this.#source
    const { cache, load, line } = this.#of({ p })
    // What is known to a process is stored whatever was invalidated while it was on its way: the last one to say so wins.
    if (how === 'prime' && line.isHeld()) return
    source.change(key)
    const undone = how === 'function' || how === 'purge' ? KEYS : [key]
    const versions = undone.map((each) => [each, source.now(each)] as const)
    const undo = {
      args: () => load.invalidate(key),
      function: () => load.invalidateAll(),
      tag: () => cache.invalidateTags(`tag of ${key}`),
      purge: () => cache.purge(),
      refresh: () => load.refresh(key),
      prime: () => load.prime([key], source.now(key)),
    }
    const isUndisturbed = how === 'refresh' ? source.undisturbed() : () => true
    const undoing: Promise<unknown> = undo[how]()
    this.#follow(
      undoing.then(() => {
        if (!isUndisturbed()) return
        for (const [each, version] of versions) source.raise(each, version)
      }),
    )
  }

  #end({ do: how, run }: { readonly do: 'finish' | 'fail'; readonly run: number }): void {
    if (this.#runs.length === 0) return
    const [ended] = this.#runs.splice(run % this.#runs.length, 1) as [Run]
    if (how === 'finish') ended.resolve(ended.version)
    else ended.reject(new Error('as the test wants it'))
  }

  #follow(doing: Promise<unknown>): void {
    const followed = doing
      .catch((error: Error) => {
        if (error.message !== 'as the test wants it') this.#faults.push(String(error.stack))
      })
      .finally(() => this.#underWay.delete(followed))
    this.#underWay.add(followed)
  }

  #assertFaultless(): void {
    if (this.#faults.length > 0) throw new Error(this.#faults.join('\n'))
  }
}

describe.each(Object.keys(MODES) as (keyof typeof MODES)[])('single flight by %s', (mode) => {
  test(
    `no call gets what was invalidated before it began (seed ${SEED})`,
    async () => {
      await fc.assert(
        fc.asyncProperty(setup, fc.array(step, { minLength: 4, maxLength: 40 }), async (chosen, steps) => {
          const world = new World(chosen, MODES[mode])
          try {
            for (const each of steps) await world.take(each)
          } finally {
            await world.finish()
          }
        }),
        { numRuns: RUNS, seed: SEED },
      )
    },
    30_000 + RUNS * 200,
  )
})

describe('a call that joins one in flight in its process, after an invalidation in another process,', () => {
  type Options = NonNullable<Parameters<typeof gated<string>>[0]['options']>

  function pair(options: Options = {}) {
    const name = unique('joins')
    const shared = target.newStore()
    const line = slowed(shared)
    const here = gated({ name, store: line.store, options })
    const there = gated({ name, store: hasServer ? target.newStore() : shared, options })
    return { here, there, line }
  }

  /** The new result, as far as it has to be computed. */
  async function expectNew(it: ReturnType<typeof pair>['here'], joined: Promise<string>, run: number) {
    await it.running(run + 1)
    it.end(run, 'new')
    expect(await joined).toBe('new')
  }

  test('gets none that was found before', async () => {
    const { here, there, line } = pair()
    await here.load.prime(['a'], 'old')
    line.hold('back')
    const first = here.load('a')
    await quiet([line])
    await there.load.invalidate('a')
    const joined = here.load('a')
    line.free()
    expect(await first).toBe('old')
    await expectNew(here, joined, 0)
  })

  test('gets none that was stored before', async () => {
    const { here, there, line } = pair()
    const first = here.load('a')
    await here.running(1)
    line.hold('back')
    here.end(0, 'old')
    await quiet([line])
    await there.load.invalidate('a')
    const joined = here.load('a')
    line.free()
    expect(await first).toBe('old')
    await expectNew(here, joined, 1)
  })

  test('gets none that another process has stored before, and for which the call waited', async () => {
    const { here, there, line } = pair({ singleFlight: { lease: '60s', wait: '60s' } })
    const first = there.load('a')
    await there.running(1)
    const second = here.load('a')
    await here.untilEmitted('wait')
    line.hold('back')
    there.end(0, 'old')
    await first
    await quiet([line])
    line.free() // the answer to the question for the lease
    line.hold('back')
    await quiet([line])
    await there.load.invalidate('a')
    const joined = here.load('a')
    line.free()
    await here.running(1)
    here.end(0, 'new')
    expect(['old', 'new']).toContain(await second)
    expect(await joined).toBe('new')
  })

  test('gets none that was kept as a fallback', async () => {
    const { here, there } = pair({ ttl: '1h', staleIfError: '1h' })
    await here.load.prime(['a'], 'old')
    await here.load.with({ soft: true }).invalidate('a')
    const first = here.load('a')
    await here.running(1)
    await there.load.invalidate('a')
    const joined = here.load('a')
    here.fail(0, new Error('no'))
    expect(await first).toBe('old')
    await expectNew(here, joined, 1)
  })

  test('and those that came before share what was found', async () => {
    const { here } = pair()
    await here.load.prime(['a'], 'known')
    const { stats } = await here.cache.withStats(() =>
      Promise.all(Array.from({ length: 50 }, () => here.load('a'))),
    )
    expect(stats).toMatchObject({ calls: 50, read: 1, joined: 49 })
  })

  test('and those that came while it was computed share what was stored', async () => {
    const { here } = pair()
    const first = here.load('a')
    await here.running(1)
    const { stats } = await here.cache.withStats(async () => {
      const joined = Array.from({ length: 50 }, () => here.load('a'))
      here.end(0, 'result')
      expect(await Promise.all([first, ...joined])).toEqual(Array(51).fill('result'))
    })
    expect(stats).toMatchObject({ calls: 50, read: 0, joined: 50, execute: 0 })
  })
})

describe('a load under way', () => {
  test.each(['refresh', 'prime'] as const)('does not replace what a %s has stored since', async (how) => {
    const name = unique('overruled')
    const shared = target.newStore()
    const here = gated({ name, store: shared })
    const there = gated({ name, store: hasServer ? target.newStore() : shared })
    const first = here.load('a')
    await here.running(1)
    if (how === 'prime') {
      await there.load.prime(['a'], 'new')
    } else {
      const refreshed = there.load.refresh('a')
      await there.running(1)
      there.end(0, 'new')
      await refreshed
    }
    const joined = here.load('a')
    here.end(0, 'old')
    expect(await first).toBe('old')
    expect(await joined).toBe('new')
    expect(await there.load.peek('a')).toBe('new')
    expect(here.events('skip')).toMatchObject([{ reason: 'invalidated' }])
  })

  test('that began after a refresh is stored', async () => {
    const name = unique('overruled')
    const shared = target.newStore()
    const here = gated({ name, store: shared })
    const there = gated({ name, store: hasServer ? target.newStore() : shared })
    const refreshed = there.load.refresh('a')
    await there.running(1)
    const second = here.load.refresh('a')
    await here.running(1)
    there.end(0, 'old')
    await refreshed
    here.end(0, 'new')
    await second
    expect(await there.load.peek('a')).toBe('new')
  })

  test.each(['refresh', 'prime'] as const)(
    'is waited for no longer when a %s has stored its result',
    async (how) => {
      const name = unique('overruled')
      const shared = target.newStore()
      const options = { singleFlight: { lease: '60s', wait: '60s' } } as const
      const here = gated({ name, store: shared, options })
      const there = gated({ name, store: hasServer ? target.newStore() : shared, options })
      const first = here.load('a')
      await here.running(1)
      const second = there.load('a')
      await there.untilEmitted('wait')
      if (how === 'prime') {
        await there.load.prime(['a'], 'new')
      } else {
        const refreshed = there.load.refresh('a')
        await there.running(1)
        there.end(0, 'new')
        await refreshed
      }
      expect(await second).toBe('new')
      here.end(0, 'old')
      expect(await first).toBe('old')
      expect(await there.load('a')).toBe('new')
    },
  )
})
