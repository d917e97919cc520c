import { type AbstractPolicy, type Hash, type KeyPair, MemoryStore, StoreError } from '../../../src/index.ts'
import type {
  ChangeLog,
  ChangesAt,
  ChangesSince,
  ChangeWatcher,
  HeldLease,
  InvalidationReport,
  KeySpace,
  LeaseAnswer,
  LeaseRequest,
  Lookup,
  LookupOptions,
  NewEntry,
  PutReport,
  Store,
  Watch,
} from '../../../src/store.ts'
import type { Random } from '../../random.ts'
import type { FailingServer, Receiver } from './failing-server.ts'

const RECONNECT_MS = 40

/** How often of a hundred times something happens to what is sent. */
const LATE = 8
const VERY_LATE = 2
const LOST = 2
const MESSAGE_LOST = 10
const MESSAGE_DOUBLED = 10

const TWIN = new MemoryStore()

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** The server as one process sees it: over connections that are slow, lose what they carry, and are cut. */
export class FailingLink implements Store, ChangeLog {
  /** Puts that were sent and may still be carried out. */
  putsUnderWay = 0
  readonly #server: FailingServer
  readonly #random: Random
  readonly #logTtlMs: number
  readonly #receivers = new Set<Receiver>()
  /** Counts the connections: what was sent over one that was cut gets no reply. */
  #connection = 0
  #frozenUntilMs = 0
  #cutUntilMs = 0

  /** @param logTtlMs How long the log of changes lives at most, whatever is asked for. */
  constructor(server: FailingServer, random: Random, logTtlMs: number) {
    this.#server = server
    this.#random = random
    this.#logTtlMs = logTtlMs
  }

  get isFrozen(): boolean {
    return Date.now() < this.#frozenUntilMs
  }

  /** Nothing reaches the process for so long. */
  freeze(ms: number): void {
    this.#frozenUntilMs = Date.now() + ms
  }

  /** All connections of the process are lost, for so long. */
  cut(ms: number): void {
    this.#connection++
    this.#cutUntilMs = Date.now() + ms
    const receivers = [...this.#receivers]
    for (const receiver of receivers) receiver.watcher.lost()
    void this.#reconnect(receivers)
  }

  accept(policy: AbstractPolicy): void {
    TWIN.accept(policy)
  }

  /** The number is read first, and a moment later the entries. */
  async get(
    space: KeySpace,
    hashes: readonly Hash[],
    options: LookupOptions = {},
  ): Promise<readonly Lookup[]> {
    return this.#ask(async (store) => {
      const changes = options.isNumbered === true ? await store.changes(space) : undefined
      if (changes !== undefined) await sleep(this.#random.below(3))
      const lookups = await store.get(space, hashes, { ...options, isNumbered: false })
      return lookups.map((lookup) => Object.assign(lookup, { changes }))
    })
  }

  touch(space: KeySpace, hashes: readonly Hash[]): Promise<void> {
    return this.#ask((store) => store.touch(space, hashes))
  }

  async put(space: KeySpace, entries: readonly NewEntry[]): Promise<PutReport> {
    this.putsUnderWay++
    try {
      return await this.#ask((store) => store.put(space, entries))
    } finally {
      this.putsUnderWay--
    }
  }

  invalidate(space: KeySpace, hashes: readonly Hash[], soft?: boolean): Promise<InvalidationReport> {
    return this.#ask((store) => store.invalidate(space, hashes, soft))
  }

  invalidateFunction(space: KeySpace, part: Hash, soft?: boolean): Promise<InvalidationReport> {
    return this.#ask((store) => store.invalidateFunction(space, part, soft))
  }

  invalidateTags(space: KeySpace, tags: readonly string[], soft?: boolean): Promise<InvalidationReport> {
    return this.#ask((store) => store.invalidateTags(space, tags, soft))
  }

  purge(space: KeySpace): Promise<InvalidationReport> {
    return this.#ask((store) => store.purge(space))
  }

  size(space: KeySpace): Promise<number> {
    return this.#ask((store) => store.size(space))
  }

  now(): Promise<number> {
    return this.#ask((store) => store.now())
  }

  register(registry: string, space: KeySpace): Promise<void> {
    return this.#ask((store) => store.register(registry, space))
  }

  registered(registry: string): Promise<readonly KeyPair[]> {
    return this.#ask((store) => store.registered(registry))
  }

  lease(
    space: KeySpace,
    requests: readonly LeaseRequest[],
    leaseMs: number,
  ): Promise<readonly LeaseAnswer[]> {
    return this.#ask((store) => store.lease(space, requests, leaseMs))
  }

  renew(space: KeySpace, held: readonly HeldLease[], leaseMs: number): Promise<readonly boolean[]> {
    return this.#ask((store) => store.renew(space, held, leaseMs))
  }

  release(space: KeySpace, held: readonly HeldLease[]): Promise<void> {
    return this.#ask((store) => store.release(space, held))
  }

  async watch(): Promise<Watch | undefined> {
    return undefined
  }

  recordsChanges(policy: AbstractPolicy): boolean {
    return TWIN.recordsChanges(policy)
  }

  changes(space: KeySpace): Promise<ChangesAt> {
    return this.#ask((store) => store.changes(space))
  }

  listen(space: KeySpace, heard: number | undefined, ttlMs: number): Promise<ChangesSince> {
    return this.#ask((store) => store.listen(space, heard, Math.min(ttlMs, this.#logTtlMs)))
  }

  async watchChanges(space: KeySpace, watcher: ChangeWatcher): Promise<Watch> {
    const receiver: Receiver = { space, watcher: this.#lossy(watcher) }
    await this.#ask(async () => this.#server.receive(receiver))
    this.#receivers.add(receiver)
    return {
      close: async () => {
        this.#receivers.delete(receiver)
        await this.#server.receiveNoMore(receiver)
      },
    }
  }

  async close(): Promise<void> {}

  async #ask<T>(act: (store: MemoryStore) => Promise<T>): Promise<T> {
    const connection = this.#connection
    const fate = this.#random.below(100)
    await sleep(this.#delayMs())
    if (fate < LOST) throw this.#broken()
    if (connection !== this.#connection || Date.now() < this.#cutUntilMs) throw this.#broken()
    const result = await this.#server.do(act)
    await this.#arrive(this.#delayMs())
    if (fate >= 100 - LOST || connection !== this.#connection) throw this.#broken()
    return result
  }

  #broken(): StoreError {
    return new StoreError('connection lost')
  }

  #delayMs(): number {
    const chance = this.#random.below(100)
    if (chance < VERY_LATE) return this.#random.below(700)
    return chance < VERY_LATE + LATE ? this.#random.below(100) : this.#random.below(4)
  }

  /** A frozen process gets nothing before it goes on. */
  async #arrive(ms: number): Promise<void> {
    await sleep(ms)
    while (this.isFrozen) await sleep(this.#frozenUntilMs - Date.now())
  }

  /** Messages are lost, come late, twice, and in another order. */
  #lossy(watcher: ChangeWatcher): ChangeWatcher {
    return {
      lost: () => watcher.lost(),
      restored: () => watcher.restored(),
      changed: (message) => {
        const chance = this.#random.below(100)
        const times = chance < MESSAGE_LOST ? 0 : chance < MESSAGE_LOST + MESSAGE_DOUBLED ? 2 : 1
        for (let i = 0; i < times; i++) {
          void this.#arrive(this.#delayMs()).then(() => watcher.changed(message))
        }
      },
    }
  }

  async #reconnect(receivers: readonly Receiver[]): Promise<void> {
    const connection = this.#connection
    for (const receiver of receivers) await this.#server.receiveNoMore(receiver)
    await sleep(Math.max(0, this.#cutUntilMs - Date.now()) + this.#random.below(RECONNECT_MS))
    for (const receiver of receivers) {
      if (connection !== this.#connection || !this.#receivers.has(receiver)) return
      await this.#server.receive(receiver)
      receiver.watcher.restored()
    }
  }
}
