import { type BreakerState, CircuitBreaker } from '../flow/circuit-breaker.ts'
import type { Deadlines } from '../flow/deadlines.ts'
import type { CacheSettings } from '../options/cache-settings.ts'
import type { StoreHealth } from '../telemetry/store-health.ts'
import { GuardedStore } from './guarded-store.ts'
import type { Store } from './store.ts'

/** The deadline of commands on a whole key pair, unless `storeTimeout` is longer. */
const WHOLE_TIMEOUT_MS = 5_000

/** The largest number of breakers of a cache. If there are more shards, several have one breaker. */
const MOST_BREAKERS = 16

/** A store as the partitions of a cache use it: with deadlines and breakers around it. */
export interface GuardedStores {
  /** For what is done to whole partitions, of one shard or of all. */
  readonly whole: Store
  /** For the calls whose entries lie in a shard; its breaker opens and closes by itself, since shards lie on several nodes. */
  ofShard(shard: number): Store
}

/** Told of the breakers of a cache. */
export interface BreakerListener {
  /** A breaker has changed its state. */
  changed(state: BreakerState): void
  /** The worst state of all breakers has changed. */
  worstChanged(state: BreakerState, from: BreakerState): void
}

/** The store of a cache with deadlines and breakers around it. A store in this process needs neither. */
export function guard(
  settings: CacheSettings,
  shards: number,
  deadlines: Deadlines,
  health: StoreHealth,
  listener: BreakerListener,
): GuardedStores {
  const { store, storeTimeoutMs, breaker: limits } = settings
  if (store.isInProcess === true) return { whole: store, ofShard: () => store }
  const states = new WorstState(listener)
  const guarded = (breaker: CircuitBreaker | undefined): Store =>
    new GuardedStore(store, {
      timeoutMs: storeTimeoutMs,
      wholeTimeoutMs: Math.max(storeTimeoutMs, WHOLE_TIMEOUT_MS),
      deadlines,
      breaker,
      health,
    })
  const ofShards = Array.from({ length: Math.min(shards, MOST_BREAKERS) }, (_, i) =>
    guarded(limits && new CircuitBreaker(limits, (state) => states.changed(i, state))),
  )
  // Shards of neighbouring numbers are likely to lie on one node.
  const ofShard = (shard: number): Store => ofShards[Math.floor((shard * ofShards.length) / shards)] as Store
  // What is done to all shards may fail for one of them, which says nothing about the others.
  return { whole: ofShards.length === 1 ? ofShard(0) : guarded(undefined), ofShard }
}

/** From the best state to the worst. */
const RANKS: readonly BreakerState[] = ['closed', 'half-open', 'open']

/** The worst state of several breakers, which is what is reported. */
class WorstState {
  readonly #listener: BreakerListener
  readonly #states: BreakerState[] = []
  #worst: BreakerState = 'closed'

  constructor(listener: BreakerListener) {
    this.#listener = listener
  }

  changed(breaker: number, state: BreakerState): void {
    this.#states[breaker] = state
    const from = this.#worst
    this.#worst = RANKS.findLast((rank) => this.#states.includes(rank)) ?? 'closed'
    if (this.#worst !== from) this.#listener.worstChanged(this.#worst, from)
    this.#listener.changed(state)
  }
}
