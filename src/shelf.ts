import { Batcher } from './flow/batcher.ts'
import { SingleFlight } from './flow/single-flight.ts'
import type { Hash, NewEntry, Place, Store, StoredEntry } from './stores/store.ts'

/** What a lookup found, and when by the clock of the store. */
export interface Lookup {
  readonly entry: StoredEntry | undefined
  readonly atUs: number
}

/** What became of an entry to store. */
export interface Stored {
  readonly stored: boolean
  /** Evictions by all that travelled together, told to the first of them. */
  readonly evicted: number
}

/** Entries that travel in one command: at this size client and server work at the same time. */
const PIECE = 64

/** A registration is renewed when this part of the place's lifetime has passed. */
const RENEW_AFTER = 0.1
const RENEW_AT_LATEST_MS = 3_600_000

/** One place of the store, and the traffic with it: what is asked for in one turn travels together. */
export class Shelf<Flight> {
  readonly place: Place
  /** Calls under way in this process, by call hash. */
  readonly flights = new SingleFlight<Flight>()
  readonly #store: Store
  readonly #registry: string | undefined
  readonly #reads: Batcher<Hash, Lookup>
  readonly #writes: Batcher<NewEntry, Stored>
  #registration: Promise<void> | undefined
  #renewAtMs = 0

  /** @param registry The list in which the place is to be noted as long as it is used, if in any. */
  constructor(store: Store, place: Place, registry?: string) {
    this.#store = store
    this.#registry = registry
    this.place = place
    this.#reads = new Batcher(
      (hashes) => this.#getAll(hashes),
      () => PIECE,
    )
    this.#writes = new Batcher(
      (entries) => this.#putAll(entries),
      () => PIECE,
    )
  }

  get(hash: Hash): Promise<Lookup> {
    return this.#reads.add(hash)
  }

  put(entry: NewEntry): Promise<Stored> {
    return this.#writes.add(entry)
  }

  async peek(hash: Hash): Promise<Lookup> {
    const { atUs, entries } = await this.#store.peek(this.place, [hash])
    return { entry: entries[0], atUs }
  }

  /** Keeps calls under way from being joined, and from being stored. */
  async invalidate(hash: Hash): Promise<boolean> {
    this.flights.drop(flightName(hash))
    return (await this.#store.invalidate(this.place, [hash])) > 0
  }

  /** A token for a computation that begins now. */
  now(): Promise<number> {
    return this.#store.now(this.place)
  }

  /** Notes the place in its registry, if that is due: before anything is computed for it, so that a purge finds it. */
  register(): Promise<void> | undefined {
    if (this.#registry === undefined) return undefined
    const nowMs = performance.now()
    if (nowMs >= this.#renewAtMs) {
      this.#renewAtMs =
        nowMs +
        Math.min((this.place.limits.ttlMs ?? Number.POSITIVE_INFINITY) * RENEW_AFTER, RENEW_AT_LATEST_MS)
      this.#registration = this.#store.register(this.#registry, this.place).then(
        () => {
          this.#registration = undefined
        },
        (error: unknown) => {
          this.#renewAtMs = 0
          throw error
        },
      )
    }
    return this.#registration
  }

  async #getAll(hashes: readonly Hash[]): Promise<Lookup[]> {
    this.register()?.catch(() => {}) // whoever computes hears of it
    const { atUs, entries } = await this.#store.get(this.place, hashes)
    return entries.map((entry) => ({ entry, atUs }))
  }

  async #putAll(entries: readonly NewEntry[]): Promise<Stored[]> {
    const { evicted, stored } = await this.#store.put(this.place, entries)
    return stored.map((flag, i) => ({ stored: flag, evicted: i === 0 ? evicted : 0 }))
  }
}

/** Hashes as keys of a map: of bytes, one character each. */
export const flightName = (hash: Hash): string => (typeof hash === 'string' ? hash : hash.toString('latin1'))
