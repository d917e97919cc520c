import { LruTPolicy, RedisFuncCache, StoreError } from '../../../src/index.ts'
import { Random } from '../../random.ts'
import { FailingLink } from './failing-link.ts'
import { FailingServer } from './failing-server.ts'

export const MAX_STALENESS_MS = 100
const KEYS = [0, 1, 2] as const
const PROCESSES = 3
/** With less than there are keys, entries are evicted, and each put of a new one is told. */
const MAX_SIZES = [2, 100] as const

/** How long unused values live, and the log of changes after somebody has listened: with the short ones, either is lost now and then. */
const IDLE_TTLS_MS = [600, 3_600_000] as const
const LOG_TTLS_MS = [300, 60_000] as const

interface Result {
  readonly key: number
  readonly version: number
}

/** A process with a near tier, and the function that it caches. */
type Process = ReturnType<World['start']>

/** A write that has been done: from then on, older versions of the key must not be served any more. */
interface Done {
  readonly version: number
  readonly atMs: number
  readonly process: Process
}

/** What a process had changed by a time, as a text that others may be handed. */
interface Stamped {
  readonly text: string
  readonly atMs: number
  readonly process: Process
}

const WAYS = ['invalidate', 'soft', 'all', 'tags', 'prime', 'refresh', 'purge'] as const

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/**
 * Processes that share a cache whose results have versions, over links and a server that fail; and what each of them may be served.
 * Everything that happens is decided by the seed. Time is that of fake timers.
 */
export class World {
  near = 0
  readonly story: string[] = []
  readonly #random: Random
  readonly #server: FailingServer
  readonly #maxSize: number
  readonly #idleTtlMs: number
  readonly #logTtlMs: number
  readonly #processes: Process[]
  readonly #versions = new Map<number, number>(KEYS.map((key) => [key, 1]))
  #done = new Map<number, Done[]>(KEYS.map((key) => [key, []]))
  #lastStamp: Stamped | undefined
  /** What was done when the replica was left behind: the rest will be lost. */
  #doneByReplica: Map<number, Done[]> | undefined
  #callsUnderWay = 0
  #writesUnderWay = 0
  #primesUnderWay = 0
  #failure: Error | undefined

  constructor(seed: string) {
    this.#random = new Random(seed)
    this.#maxSize = this.#random.pick(MAX_SIZES)
    this.#idleTtlMs = this.#random.pick(IDLE_TTLS_MS)
    this.#logTtlMs = this.#random.pick(LOG_TTLS_MS)
    this.#server = new FailingServer(() => {
      for (const { link } of this.#processes) link.cut(this.#random.below(50))
    })
    this.#processes = Array.from({ length: PROCESSES }, (_, id) => this.start(id))
  }

  /** @throws If somebody was served what is older than promised. */
  async run(steps: number): Promise<void> {
    const open: Promise<unknown>[] = []
    for (let i = 0; i < steps && this.#failure === undefined; i++) {
      const process = this.#random.pick(this.#processes)
      if (!process.link.isFrozen) open.push(this.#step(process, this.#random.pick(KEYS)))
      await sleep(this.#random.below(10) === 0 ? this.#random.below(200) : this.#random.below(12))
    }
    await Promise.all(open)
    await sleep(3_000)
    await this.#expectRecovery()
    await Promise.all(this.#processes.map(({ cache }) => cache.close()))
    if (this.#failure !== undefined) throw this.#failure
  }

  start(id: number) {
    const link = new FailingLink(this.#server, this.#random, this.#logTtlMs)
    const cache = new RedisFuncCache('near', new LruTPolicy(), {
      store: link,
      maxSize: this.#maxSize,
      idleTtl: this.#idleTtlMs / 1_000,
      near: { maxStaleness: MAX_STALENESS_MS / 1_000 },
      putWait: Number.POSITIVE_INFINITY,
    })
    let failures = 0
    cache.on('error', () => failures++)
    const read = cache.wrap((key: number) => this.#load(key), {
      name: 'read',
      ttl: this.#idleTtlMs / 2_000,
      staleWhileRevalidate: this.#idleTtlMs / 2_000,
      tags: ({ key }) => [`tag:${key}`],
    })
    return { id, link, cache, read, failures: () => failures }
  }

  /** The function: it reads the source, and takes a while. */
  async #load(key: number): Promise<Result> {
    const version = this.#versions.get(key) as number
    if (this.#random.below(3) === 0) await sleep(this.#random.below(60))
    return { key, version }
  }

  async #step(process: Process, key: number): Promise<void> {
    const chance = this.#random.below(100)
    if (chance < 54) return this.#call(process, key)
    if (chance < 72) return this.#callSince(process, key, this.#lastStamp)
    if (chance < 86) return this.#write(process, key, this.#random.pick(WAYS))
    if (chance < 88) return this.#freeze(process)
    if (chance < 91) return this.#cut(process)
    if (chance < 95) return this.#leaveBehind()
    if (chance < 99) return this.#failOver()
    return this.#restart()
  }

  /** Calls within `since`; without a stamp, as any other. */
  async #callSince(process: Process, key: number, stamped: Stamped | undefined): Promise<void> {
    if (stamped === undefined) return this.#call(process, key)
    await process.cache.since(stamped.text, () => this.#call(process, key, stamped))
  }

  async #call(process: Process, key: number, stamped?: Stamped): Promise<void> {
    const beganMs = Date.now()
    this.#callsUnderWay++
    try {
      const { value, status } = await process.read.detailed(key)
      if (stamped !== undefined) this.#judgeSince(process, value, status, stamped)
      this.#tell(
        `process ${process.id}: ${status} ${key} of version ${value.version}, asked at ${beganMs % 1e6}`,
      )
      if (status === 'near') this.near++
      this.#judge(process, value, status, beganMs)
    } finally {
      this.#callsUnderWay--
    }
  }

  #judge(process: Process, { key, version }: Result, status: string, beganMs: number): void {
    if (status === 'stale' || status === 'joined') return
    for (const done of this.#done.get(key) as Done[]) {
      if (version >= done.version) continue
      const isBound = status !== 'near' || done.process === process
      const lateMs = beganMs - done.atMs - (isBound ? 0 : MAX_STALENESS_MS)
      if (lateMs <= 0) continue
      const what = `process ${process.id} was served version ${version} of ${key} (${status})`
      this.#failure ??= new Error(
        `${what}, ${lateMs} ms too late: version ${done.version} came from ${done.process.id}`,
      )
    }
  }

  /** Nothing is older than what the process that made the stamp had changed by then. */
  #judgeSince(process: Process, { key, version }: Result, status: string, stamped: Stamped): void {
    if (status === 'stale' || status === 'joined') return
    for (const done of this.#done.get(key) as Done[]) {
      if (done.process !== stamped.process || done.atMs > stamped.atMs || version >= done.version) continue
      this.#failure ??= new Error(
        `process ${process.id} was served version ${version} of ${key} (${status}) within the stamp ${stamped.text} of process ` +
          `${stamped.process.id}, which had made version ${done.version}`,
      )
    }
  }

  async #write(process: Process, key: number, way: (typeof WAYS)[number]): Promise<void> {
    // The value of `prime` is stored even if it is outdated when it arrives.
    if (this.#primesUnderWay > 0 || (way === 'prime' && this.#writesUnderWay > 0)) return
    const primes = way === 'prime' ? 1 : 0
    this.#primesUnderWay += primes
    this.#writesUnderWay++
    await this.#carryOut(process, key, way)
    // One that has failed may still be on its way.
    while (way === 'prime' && process.link.putsUnderWay > 0) await sleep(5)
    this.#primesUnderWay -= primes
    this.#writesUnderWay--
  }

  async #carryOut(process: Process, key: number, way: (typeof WAYS)[number]): Promise<void> {
    const keys = way === 'all' || way === 'purge' ? KEYS : [key]
    const versions = keys.map((each) => {
      const version = (this.#versions.get(each) as number) + 1
      this.#versions.set(each, version)
      return { key: each, version }
    })
    const failures = process.failures()
    const done = this.#done
    try {
      await this.#change(process, key, way)
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      return
    }
    if (process.failures() > failures && (way === 'refresh' || way === 'prime')) return
    this.#tell(
      `process ${process.id}: ${way} done, versions ${versions.map((each) => `${each.key}:${each.version}`).join(' ')}`,
    )
    for (const each of versions) {
      done.get(each.key)?.push({ version: each.version, atMs: Date.now(), process })
    }
    this.#lastStamp = { text: process.cache.stamp(), atMs: Date.now(), process }
  }

  async #change({ cache, read }: Process, key: number, way: (typeof WAYS)[number]): Promise<unknown> {
    switch (way) {
      case 'invalidate':
        return read.invalidate(key)
      case 'soft':
        return cache.invalidateTags(`tag:${key}`, { soft: true })
      case 'all':
        return read.invalidateAll()
      case 'tags':
        return cache.invalidateTags(`tag:${key}`)
      case 'prime':
        return read.prime([key], { key, version: this.#versions.get(key) as number })
      case 'refresh':
        return read.refresh(key)
      case 'purge':
        return cache.purge()
    }
  }

  #freeze({ id, link }: Process): void {
    this.#tell(`process ${id} is frozen`)
    link.freeze(this.#random.below(400))
  }

  #cut({ id, link }: Process): void {
    this.#tell(`process ${id} is cut off`)
    link.cut(this.#random.below(200))
  }

  #leaveBehind(): void {
    if (this.#doneByReplica !== undefined || !this.#server.canFailOver) return
    this.#doneByReplica = new Map([...this.#done].map(([key, done]) => [key, [...done]]))
    this.#tell('the replica is left behind')
    this.#server.leaveBehind()
  }

  /** What the replica did not get does not count any more: nor does what is resolved after it. */
  #failOver(): void {
    if (this.#doneByReplica === undefined || !this.#server.canFailOver) return
    this.#done = this.#doneByReplica
    this.#tell('failover')
    this.#server.failOver()
  }

  /** Only while no load is under way: the fence that would refuse it is lost. */
  #restart(): void {
    if (this.#callsUnderWay > 0 || this.#processes.some(({ link }) => link.putsUnderWay > 0)) return
    this.#tell('restarted, empty')
    this.#server.restartEmpty()
  }

  /** When nothing has failed for a while, near tiers serve again. */
  async #expectRecovery(): Promise<void> {
    for (const process of this.#processes) {
      await this.#call(process, 0)
      await sleep(20)
      await this.#call(process, 0)
    }
  }

  #tell(what: string): void {
    this.story.push(`${String(Date.now() % 1e6).padStart(6)} ${what}`)
  }
}
