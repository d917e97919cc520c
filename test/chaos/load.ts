import { setTimeout as sleep } from 'node:timers/promises'
import type { CachedFunction, RedisFuncCache, WrapOptions } from '../../src/index.ts'

const IDS = 300
/** Of the caches: fewer than there are ids, so that entries are evicted. */
export const MAX_SIZE = 200
const COMPUTE_MS = 20
const STEP_MS = 10
const INVALIDATE_EVERY_MS = 50
/** Calls that are not over by then are taken for lost. */
const LAST_CALLS_MS = 15_000
const FILLER = 'x'.repeat(200)

/** A result that tells which call it belongs to, and how new it is. */
interface Value {
  readonly function: string
  readonly id: number
  readonly version: number
  /** The process whose source has that version. */
  readonly by: number
  readonly filler: string
}

type Compute = (id: number) => Promise<Value>

/** A cached function, and what its callers may rely on. */
interface Watched {
  readonly name: string
  readonly isLeased: boolean
  /** What the source of the function has at present, by id. */
  readonly versions: number[]
  /** The oldest version that a call may still get: no older than what was invalidated. */
  readonly promised: number[]
  readonly call: CachedFunction<Compute>
}

interface CallUnderWay {
  readonly startMs: number
  readonly isLeased: boolean
}

/** Calls cached functions all the time, and notes how long callers wait and what they get. */
export class Load {
  calls = 0
  errors = 0
  wrong = 0
  old = 0
  longestWaitMs = 0
  longestLeasedWaitMs = 0
  readonly invalidations = { sent: 0, rejected: 0, longestMs: 0 }
  readonly #functions: readonly Watched[]
  readonly #note: (what: string) => void
  /** When each call began that is under way. */
  readonly #underWay = new Set<CallUnderWay>()
  #isOver = false
  #next = 0

  constructor(caches: readonly RedisFuncCache[], note: (what: string) => void) {
    this.#functions = caches.flatMap((cache) => [watch(cache, false), watch(cache, true)])
    this.#note = note
  }

  /** Calls and invalidates until {@link stop}. */
  async run(callsPerSecond: number): Promise<void> {
    const startMs = performance.now()
    let invalidatedMs = startMs
    let due = 0
    while (!this.#isOver) {
      await sleep(STEP_MS)
      const nowMs = performance.now()
      due = Math.floor(((nowMs - startMs) / 1_000) * callsPerSecond)
      while (this.calls < due) void this.#call(this.#nextFunction(), anyId())
      if (nowMs - invalidatedMs < INVALIDATE_EVERY_MS) continue
      invalidatedMs = nowMs
      void this.#invalidate(this.#nextFunction(), anyId())
    }
  }

  /** Makes no more calls, and waits for those that are under way. */
  async stop(): Promise<void> {
    this.#isOver = true
    const deadline = performance.now() + LAST_CALLS_MS
    while (this.#underWay.size > 0 && performance.now() < deadline) await sleep(STEP_MS)
    for (const call of this.#underWay) {
      this.errors++
      this.#note('call: never ended')
      this.#waited(call)
    }
  }

  #nextFunction(): Watched {
    this.#next = (this.#next + 1) % this.#functions.length
    return this.#functions[this.#next] as Watched
  }

  async #call(of: Watched, id: number): Promise<void> {
    this.calls++
    const atLeast = of.promised[id] ?? 0
    const call = { startMs: performance.now(), isLeased: of.isLeased }
    this.#underWay.add(call)
    try {
      this.#check(of, id, atLeast, await of.call(id))
    } catch (error) {
      if (!this.#underWay.has(call)) return
      this.errors++
      this.#note(`call: ${String(error)}`)
    } finally {
      this.#underWay.delete(call)
      this.#waited(call)
    }
  }

  #check(of: Watched, id: number, atLeast: number, value: Partial<Value> | null | undefined): void {
    if (value?.function !== of.name || value.id !== id || value.filler !== FILLER) {
      this.wrong++
      this.#note(`${of.name}(${id}) got ${JSON.stringify(value)?.slice(0, 60)}`)
    } else if (value.by === process.pid && (value.version ?? -1) < atLeast) {
      this.old++
    }
  }

  async #invalidate(of: Watched, id: number): Promise<void> {
    const version = (of.versions[id] ?? 0) + 1
    of.versions[id] = version
    this.invalidations.sent++
    const startMs = performance.now()
    try {
      await of.call.invalidate(id)
      of.promised[id] = Math.max(version, of.promised[id] ?? 0)
    } catch (error) {
      this.invalidations.rejected++
      this.#note(`invalidate: ${String(error)}`)
    }
    this.invalidations.longestMs = Math.max(this.invalidations.longestMs, performance.now() - startMs)
  }

  #waited({ startMs, isLeased }: CallUnderWay): void {
    const ms = performance.now() - startMs
    if (isLeased) this.longestLeasedWaitMs = Math.max(this.longestLeasedWaitMs, ms)
    else this.longestWaitMs = Math.max(this.longestWaitMs, ms)
  }
}

/** Few ids get most of the calls, so that the first hit after a fault is not long in coming. */
const anyId = (): number => Math.floor(IDS * Math.random() ** 3)

function watch(cache: RedisFuncCache, isLeased: boolean): Watched {
  const versions: number[] = []
  const name = `${cache.name} ${isLeased ? 'leased' : 'alone'}`
  const compute = async (id: number): Promise<Value> => {
    const version = versions[id] ?? 0
    await sleep(COMPUTE_MS)
    return { function: name, id, version, by: process.pid, filler: FILLER }
  }
  const options: WrapOptions<Compute> = { name, ttl: '1m', tags: (_, id) => [`ten:${id % 10}`] }
  const call = cache.wrap(compute, isLeased ? { ...options, singleFlight: 'global' } : options)
  return { name, isLeased, versions, promised: [], call }
}
