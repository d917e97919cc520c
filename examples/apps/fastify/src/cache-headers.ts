import type { DetailedResult } from 'redis-func-cache'

const seconds = (ms: number): number => Math.max(0, Math.round(ms / 1_000))

/** Headers for HTTP caches: the age of a result, for how long it is fresh, and where it came from. */
export function cacheHeaders({
  status,
  storedAt,
  freshUntil,
}: DetailedResult<unknown>): Record<string, string> {
  // The result was not stored, for instance since Redis is down: HTTP caches should not store it either.
  if (storedAt === undefined || freshUntil === undefined)
    return { 'x-cache': status, 'cache-control': 'no-store' }
  return {
    'x-cache': status,
    age: String(seconds(Date.now() - storedAt.getTime())),
    'cache-control': `max-age=${seconds(freshUntil.getTime() - storedAt.getTime())}, stale-while-revalidate=300`,
  }
}
