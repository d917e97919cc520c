import { clearTimeout, setTimeout } from '../flow/timers.ts'
import type { Lookup } from '../stores/store.ts'
import type { Call } from './call.ts'
import { load } from './load.ts'
import type { FallbackKind, Settlement } from './settlement.ts'

/** The fallback of a call whose entry was not looked up: there may be one. */
export const fallbackUnseen = ({ fn }: Call): FallbackKind =>
  fn.settings.freshness === undefined ? 'none' : 'fallback'

/** LOAD with a fallback (`staleIfError`), which is served if the function fails or takes longer than `softTimeout`. */
export async function loadWithFallback(
  call: Call,
  lookup: Lookup | undefined,
  fallback: Settlement,
): Promise<Settlement> {
  const { partition, hash, fn } = call
  const { softTimeoutMs } = fn.settings
  let isServed = false
  const loading = load(call, lookup, 'fallback')
  // From now on the load is a refresh in the background. Later callers look up by themselves whether there still is a fallback.
  const serve = () => {
    isServed = true
    fn.cache.background.tell(loading, call)
    partition.refreshing.start(hash, call)
    fn.report.stale(call, 'soft-timeout')
    call.hasLeft = true
    call.askers = undefined
    call.settle(fallback)
  }
  const timer = softTimeoutMs === undefined ? undefined : setTimeout(serve, softTimeoutMs)
  try {
    const loaded = await loading
    const { isError, yieldsToFallback, value } = loaded
    if (isError && (yieldsToFallback || isServed)) fn.report.failed(call, 'refresh', value)
    if (!yieldsToFallback) return loaded
    if (!isServed) fn.report.stale(call, 'error')
    return fallback // `validAsOf` is that of its lookup: it may have been invalidated since
  } catch (error) {
    if (isServed) fn.report.failed(call, 'refresh', error)
    throw error
  } finally {
    clearTimeout(timer)
    if (isServed) partition.refreshing.end(hash, call)
  }
}
