// Processes that share a cache and wait for each other's loads.
import type { KeySpace, Store } from './library.ts'
import { type GatedCache, gated } from './gated.ts'
import { hasServer, type Target, unique } from './target.ts'

export const GLOBAL = { singleFlight: 'global' } as const
/** Long enough that a test which needs it to run out fails. */
export const LONG = { singleFlight: { lease: '60s', wait: '60s' } } as const

export type LeaseOptions = Omit<Parameters<typeof gated<string>>[0], 'name' | 'store'>

/** Stores as three processes have them; in process they are one store. */
function newStores(target: Target): [Store, Store, Store] {
  const store = target.newStore()
  return hasServer ? [store, target.newStore(), target.newStore()] : [store, store, store]
}

/** Caches of one name in several processes. */
export function processes(
  target: Target,
  options: LeaseOptions,
  wrapStore: (store: Store) => Store = (store) => store,
) {
  const name = unique('leases')
  const [first, second, third] = newStores(target)
  return {
    here: gated({ name, store: wrapStore(first), ...options }),
    there: gated({ name, store: second, ...options }),
    elsewhere: gated({ name, store: third, ...options }),
  }
}

/** The key of the leases, which is also the channel on which their ends are published. */
export const leasesOf = ({ keys }: KeySpace): string => `${keys[1]}:leases`

/** Calls of one key: the function runs in one process, while another one waits for its lease. */
export async function oneLoadsOneWaits(holder: GatedCache, waiter: GatedCache) {
  const first = holder.load('a')
  await holder.running(1)
  const second = waiter.load('a')
  await waiter.untilEmitted('wait')
  return { first, second }
}

export const elapsedMs = async (act: () => Promise<unknown>): Promise<number> => {
  const startMs = performance.now()
  await act()
  return performance.now() - startMs
}
