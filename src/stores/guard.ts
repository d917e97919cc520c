import { type BreakerState, CircuitBreaker } from '../flow/circuit-breaker.ts'
import type { Deadlines } from '../flow/deadlines.ts'
import type { CacheSettings } from '../options/cache-settings.ts'
import type { StoreHealth } from '../telemetry/store-health.ts'
import { GuardedStore } from './guarded-store.ts'
import type { Store } from './store.ts'

/** The deadline of commands on a whole key pair, unless `storeTimeout` is longer. */
const WHOLE_TIMEOUT_MS = 5_000

/** The store of a cache with a deadline and a breaker around it. A store in this process needs neither. */
export function guard(
  { store, storeTimeoutMs, breaker }: CacheSettings,
  deadlines: Deadlines,
  health: StoreHealth,
  onChange: (state: BreakerState, from: BreakerState) => void,
): Store {
  if (store.isInProcess === true) return store
  return new GuardedStore(store, {
    timeoutMs: storeTimeoutMs,
    wholeTimeoutMs: Math.max(storeTimeoutMs, WHOLE_TIMEOUT_MS),
    deadlines,
    breaker: breaker === undefined ? undefined : new CircuitBreaker(breaker, onChange),
    health,
  })
}
