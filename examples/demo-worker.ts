// One of the processes of the demo; started by it.
import { openCache, serveVisitors, type Tally, type Times } from './demo-visits.ts'
import { connectTo } from './open-store.ts'

/** What the demo tells a worker, first that, then `'go'`. */
export interface Task {
  readonly url: string
  readonly cacheName: string
  readonly seed: number
  readonly durationMs: number
}

/** What a worker tells the demo, in this order; `tally` many times. */
export type Report = { readonly ready: true } | { readonly tally: Tally } | { readonly times: Times }

const tell = (report: Report): void => void process.send?.(report)

process.on('disconnect', () => process.exit()) // the demo is gone
process.on('SIGINT', () => {}) // Ctrl-C reaches the demo too, which ends its workers
process.once('message', async (task: Task) => {
  const client = await connectTo(task.url)
  const cache = openCache(task.cacheName, { client })
  process.once('message', async () => {
    const times = await serveVisitors(cache, task.seed, task.durationMs, (tally) => tell({ tally }))
    client.destroy()
    process.send?.({ times } satisfies Report, () => process.disconnect())
  })
  tell({ ready: true })
})
