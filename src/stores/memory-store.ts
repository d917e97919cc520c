import type { Hash } from '../keys/call-hash.ts'
import type { KeyPair } from '../keys/key-pair.ts'
import type { AbstractPolicy } from '../policies/abstract-policy.ts'
import type { EvictionOrder } from '../policies/eviction-order.ts'
import { ExpiryQueue } from './expiry-queue.ts'
import type { Lookup, NewEntry, Place, PutReport, Store } from './store.ts'

/** As in the scripts: how many invalidations are remembered, and for how long. */
const FENCE_LIMIT = 10_000
const FENCE_TTL_US = 86_400_000_000

/** As in the scripts: how many expired entries one write removes at the most. */
const SWEEP_LIMIT = 1_000

/** What is kept for one key pair. */
interface Content {
  readonly order: EvictionOrder
  readonly values: Map<string, Buffer>
  readonly expiry: ExpiryQueue
  /** When each was invalidated, in the order of time. */
  readonly fence: Map<string, number>
  /** Everything is deemed invalidated then. */
  floorUs: number
  /** When the whole ends. */
  expiresAtMs: number
}

/** What a `MemoryStore` can be told. */
export interface MemoryStoreOptions {
  /** Milliseconds since 1970; default `Date.now`. For tests that must not wait. */
  readonly clock?: () => number
}

/**
 * Entries in this process: the same policies, limits and guarantees, without a server.
 *
 * For tests, for development, and for a machine without Redis. Values are kept as serialized bytes, so that nobody's
 * change of a result reaches anybody else.
 */
export class MemoryStore implements Store {
  readonly #clock: () => number
  readonly #contents = new Map<string, Content>()
  readonly #registries = new Map<string, Map<string, KeyPair>>()
  #lastUs = 0

  constructor(options: MemoryStoreOptions = {}) {
    this.#clock = options.clock ?? Date.now
  }

  accept(policy: AbstractPolicy): void {
    policy.createOrder()
  }

  async get(place: Place, hashes: readonly Hash[]): Promise<readonly Lookup[]> {
    const lookups = this.#read(place, hashes)
    await this.touch(place, hashes)
    return lookups
  }

  async peek(place: Place, hashes: readonly Hash[]): Promise<readonly Lookup[]> {
    return this.#read(place, hashes)
  }

  async touch(place: Place, hashes: readonly Hash[]): Promise<void> {
    const content = this.#contentOf(place)
    // Those read together were read at the same time: in the index, equal scores are ordered by name.
    content.order.touch(hashes.map(text).sort())
    const { ttlMs, sliding } = place.limits
    if (sliding && ttlMs !== undefined && content.values.size > 0) content.expiresAtMs = this.#clock() + ttlMs
  }

  async put(place: Place, entries: readonly NewEntry[]): Promise<PutReport> {
    const content = this.#contentOf(place)
    const atUs = this.#tick()
    const atMs = Math.floor(atUs / 1000)
    const expired = this.#sweep(content, atMs)
    const { maxSize } = place.limits
    let evicted = makeRoom(content, 0, maxSize) // the bound may have been lowered
    const stored = entries.map(({ hash, value, ttlMs, token }) => {
      const name = text(hash)
      if (isRefused(content, name, token, atUs)) return false
      if (content.values.has(name)) {
        content.order.touch([name])
      } else {
        evicted += makeRoom(content, 1, maxSize)
        content.order.insert(name)
      }
      content.values.set(name, Buffer.from(value))
      if (ttlMs === undefined) content.expiry.delete(name)
      else content.expiry.set(name, atMs + ttlMs)
      return true
    })
    const { ttlMs, sliding } = place.limits
    if (ttlMs !== undefined && (sliding || content.expiresAtMs === Number.POSITIVE_INFINITY)) {
      content.expiresAtMs = atMs + ttlMs
    }
    return { evicted, expired, stored }
  }

  async invalidate(place: Place, hashes: readonly Hash[]): Promise<number> {
    const content = this.#contentOf(place)
    const atUs = this.#tick()
    this.#sweep(content, Math.floor(atUs / 1000))
    const names = hashes.map(text)
    const before = content.values.size
    content.order.remove(names)
    for (const name of names) {
      forget(content, name)
      content.fence.delete(name)
      content.fence.set(name, atUs)
    }
    for (const [name, invalidatedAtUs] of content.fence) {
      if (content.fence.size <= FENCE_LIMIT) break
      content.fence.delete(name)
      content.floorUs = invalidatedAtUs
    }
    return before - content.values.size
  }

  async purge(place: Place): Promise<number> {
    const size = await this.size(place)
    this.#contents.delete(place.keys[0])
    this.#contentOf(place).floorUs = this.#tick()
    return size
  }

  async size(place: Place): Promise<number> {
    const { values, expiry } = this.#contentOf(place)
    return values.size - expiry.countExpired(this.#clock())
  }

  async now(): Promise<number> {
    return this.#tick()
  }

  async register(registry: string, place: Place): Promise<void> {
    const pairs = this.#registries.get(registry) ?? new Map<string, KeyPair>()
    this.#registries.set(registry, pairs.set(place.keys[0], place.keys))
  }

  async registered(registry: string): Promise<readonly KeyPair[]> {
    return [...(this.#registries.get(registry)?.values() ?? [])]
  }

  /** What lies in a place, for tests and inspection: entries with when they end. */
  *entriesOf(
    place: Place,
  ): Generator<readonly [hash: string, value: Buffer, expiresAtMs: number | undefined]> {
    const { values, expiry } = this.#contentOf(place)
    for (const [hash, value] of values) yield [hash, value, expiry.get(hash)]
  }

  #read(place: Place, hashes: readonly Hash[]): readonly Lookup[] {
    const { values, expiry } = this.#contentOf(place)
    const atUs = this.#tick()
    return hashes.map((hash) => {
      const name = text(hash)
      const expiresAtMs = expiry.get(name)
      const isLive = (expiresAtMs ?? Number.POSITIVE_INFINITY) * 1000 > atUs
      return { atUs, value: isLive ? values.get(name) : undefined, expiresAtMs }
    })
  }

  #contentOf(place: Place): Content {
    const [index] = place.keys
    let content = this.#contents.get(index)
    if (content === undefined || content.expiresAtMs <= this.#clock()) {
      content = {
        order: place.policy.createOrder(),
        values: new Map(),
        expiry: new ExpiryQueue(),
        // What was invalidated stays so when the entries have ended.
        fence: content?.fence ?? new Map(),
        floorUs: content?.floorUs ?? 0,
        expiresAtMs: Number.POSITIVE_INFINITY,
      }
      this.#contents.set(index, content)
    }
    return content
  }

  #sweep(content: Content, nowMs: number): number {
    const expired = content.expiry.takeExpired(nowMs, SWEEP_LIMIT)
    content.order.remove(expired)
    for (const name of expired) forget(content, name)
    return expired.length
  }

  /** The clock in microseconds. No two ticks are equal, so that before and after are always told apart. */
  #tick(): number {
    this.#lastUs = Math.max(this.#clock() * 1000, this.#lastUs + 1)
    return this.#lastUs
  }
}

/** Hashes of bytes as text, one character a byte. */
const text = (hash: Hash): string => (typeof hash === 'string' ? hash : hash.toString('latin1'))

function forget(content: Content, name: string): void {
  content.values.delete(name)
  content.expiry.delete(name)
}

/** Evicts until so many more fit in. */
function makeRoom(content: Content, more: number, maxSize: number): number {
  const excess = content.order.size() + more - maxSize
  if (excess <= 0) return 0
  const victims = content.order.evict(excess)
  for (const victim of victims) forget(content, victim)
  return victims.length
}

function isRefused(content: Content, name: string, token: number | undefined, atUs: number): boolean {
  if (token === undefined) return false
  const invalidatedAtUs = Math.max(content.floorUs, content.fence.get(name) ?? 0)
  return invalidatedAtUs >= token || atUs - token >= FENCE_TTL_US
}
