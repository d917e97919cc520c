// One of the processes of the demo; started by it.
import { once } from 'node:events'
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

const [task] = (await once(process, 'message')) as [Task]
const client = await connectTo(task.url)
const cache = openCache(task.cacheName, { client })
const start = once(process, 'message')
tell({ ready: true })
await start
const times = await serveVisitors(cache, task.seed, task.durationMs, (tally) => tell({ tally }))
client.destroy()
process.send?.({ times } satisfies Report, () => process.disconnect())
