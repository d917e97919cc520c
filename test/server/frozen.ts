// A process that is stopped while its function runs: started by frozen.test.ts.
import { LruTPolicy, RedisFuncCache } from '../../src/index.ts'
import { connectTo } from './connect-urls.ts'

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

async function run(order: FrozenOrder): Promise<void> {
  const client = await connectTo(order.urls)
  const tell = (report: FrozenReport): void => void process.send?.(report)
  const cache = new RedisFuncCache(order.cache, new LruTPolicy(), { client })
  cache.on('skip', ({ reason }) => tell(`skipped ${reason}`))
  const loads = Object.fromEntries(
    Object.entries(FROZEN_OPTIONS).map(([kind, options]) => [
      kind,
      cache.wrap(
        async () => {
          tell('runs')
          // The message waits while the process is stopped.
          await new Promise((resolve) => process.once('message', resolve))
          return 'v1'
        },
        { ...options, name: kind },
      ),
    ]),
  )
  process.once('message', async (kind: FrozenKind) => {
    const result = await loads[kind]?.()
    tell(`returned ${result}`)
    await cache.drain({ timeout: '30s' })
    tell('done')
    await cache.close()
    client.destroy()
    process.disconnect()
  })
  tell('ready')
}

if (process.argv[2] !== undefined && process.send !== undefined && process.argv[1]?.endsWith('frozen.ts')) {
  await run(JSON.parse(process.argv[2]) as FrozenOrder)
}
