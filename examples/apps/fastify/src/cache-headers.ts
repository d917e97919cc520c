import type { DetailedResult } from 'redis-func-cache'

const seconds = (ms: number): number => Math.max(0, Math.round(ms / 1_000))

/** What HTTP caches may know of a result: how old it is, for how long it is fresh in all, and where it came from. */
export function cacheHeaders({
  status,
  storedAt,
  freshUntil,
}: DetailedResult<unknown>): Record<string, string> {
  // Not stored, as while Redis is away: nobody else should keep it either.
  if (storedAt === undefined || freshUntil === undefined)
    return { 'x-cache': status, 'cache-control': 'no-store' }
  return {
    'x-cache': status,
    age: String(seconds(Date.now() - storedAt.getTime())),
    'cache-control': `max-age=${seconds(freshUntil.getTime() - storedAt.getTime())}, stale-while-revalidate=300`,
  }
}
