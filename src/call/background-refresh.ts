import type { Lookup } from '../stores/store.ts'
import { tryForLease } from './acquire-permit.ts'
import type { Call } from './call.ts'
import { loadWithPermit } from './load.ts'

/** REFRESH: one of all processes loads an entry again in the background, while callers get the old one. */
export function refreshBehind(call: Call, lookup: Lookup, reason: 'early' | 'stale'): void {
  const { partition, hash, context, fn } = call
  if (!context.mode.write || !context.mode.execute) return
  if (isRefreshed(call) || partition.failures.causeOfPause(hash) !== undefined) return
  const refresh = call.again()
  partition.refreshing.start(hash, refresh)
  const refreshed = refreshOnce(refresh, lookup, reason)
    .catch((error: unknown) => fn.report.failed(call, 'refresh', error))
    .finally(() => partition.refreshing.end(hash, refresh))
  fn.cache.background.addBehind(refreshed, refresh)
}

/** Whether the entry of a call is being refreshed in the background. */
export function isRefreshed({ partition, hash }: Call): boolean {
  const refresh = partition.refreshing.get(hash)
  return refresh !== undefined && !refresh.isStuck
}

async function refreshOnce(call: Call, lookup: Lookup, reason: 'early' | 'stale'): Promise<void> {
  const permit = await tryForLease(call, lookup)
  if (permit === undefined) return
  call.fn.report.refreshes(call, reason)
  const { value, isError } = await loadWithPermit(call, permit, 'served')
  if (isError) throw value
}
