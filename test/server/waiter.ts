// One of the processes that want the same result at the same time: started by processes.test.ts.
import { LruTPolicy, RedisFuncCache } from '../../src/index.ts'
import { connectTo } from './connect-urls.ts'

/** What a process is told when it starts. */
export interface WaiterOrder {
  /** One server, or some nodes of a cluster. */
  readonly urls: readonly string[]
  /** Counts the runs of the functions, by their cache. */
  readonly counters: string
}

/** Calls that a process is told to make. */
export interface WaiterCalls {
  readonly cache: string
  readonly calls: number
  /** How long the function runs. */
  readonly runMs: number
  readonly lease: '1s' | '10s'
}

/** What it tells: that it is ready; that its function runs; and what became of its calls. */
export type WaiterReport =
  | { readonly state: 'ready' | 'runs' | 'waits' }
  | {
      readonly state: 'done'
      readonly results: readonly string[]
      readonly errors: readonly string[]
      /** When the function had its result here, and when the first and the last call had it; milliseconds since 1970. */
      readonly at: { readonly computed: number | undefined; readonly first: number; readonly last: number }
    }

const order = JSON.parse(process.argv[2] as string) as WaiterOrder
const client = await connectTo(order.urls)

const tell = (report: WaiterReport): void => void process.send?.(report)
const nowMs = (): number => performance.timeOrigin + performance.now()

async function call({ cache: name, calls, runMs, lease }: WaiterCalls): Promise<void> {
  const errors: string[] = []
  let computed: number | undefined
  const cache = new RedisFuncCache(name, new LruTPolicy(), { client })
  cache.on('error', ({ during, error }) => errors.push(`${during}: ${String(error)}`))
  cache.on('wait', () => tell({ state: 'waits' }))
  const work = cache.wrap(
    async (key: string) => {
      const run = await client.hIncrBy(order.counters, name, 1)
      tell({ state: 'runs' })
      await new Promise((resolve) => setTimeout(resolve, runMs))
      computed = nowMs()
      return `result ${run} of ${key}`
    },
    { name: 'work', source: false, singleFlight: { lease, wait: '30s' } },
  )
  let first: number | undefined
  let last = 0
  const results = await Promise.all(
    Array.from({ length: calls }, async () => {
      const result = await work('key').catch((error: unknown) => {
        errors.push(String(error))
        return ''
      })
      last = nowMs()
      first ??= last
      return result
    }),
  )
  await cache.close()
  tell({ state: 'done', results: [...new Set(results)], errors, at: { computed, first: first ?? 0, last } })
}

process.on('message', (calls) => void call(calls as WaiterCalls))
process.once('disconnect', () => client.destroy())
tell({ state: 'ready' })
