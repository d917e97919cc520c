import type { Lookup } from '../stores/store.ts'
import { tryForLease } from './acquire-permit.ts'
import type { Call } from './call.ts'
import { loadWithPermit } from './load.ts'

/** REFRESH: has one of all processes load an entry anew, behind those who are served the old one. */
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

/** Whether the entry of a call is being refreshed behind its callers. */
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
