/** What a process is told to do. */
export interface FrozenOrder {
  /** One server, or some nodes of a cluster. */
  readonly urls: readonly string[]
  readonly cache: string
}

/** What it tells: that it is ready; that its function runs; what its call returned; that all work of the cache is done. */
export type FrozenReport = 'ready' | 'runs' | `returned ${string}` | `skipped ${string}` | 'done'

/** The options of its function, as both processes have them. */
export const FROZEN_OPTIONS = {
  refresh: { ttl: '50ms', staleWhileRevalidate: '1h', singleFlight: { lease: '150ms', wait: '30s' } },
  miss: { ttl: '1h', singleFlight: { lease: '150ms', wait: '30s' } },
} as const

export type FrozenKind = keyof typeof FROZEN_OPTIONS
