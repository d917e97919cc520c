// A process that is stopped while its function runs: started by frozen.test.ts.
import { LruTPolicy, RedisFuncCache } from '../../src/index.ts'
import { connectTo } from './connect-urls.ts'
import { FROZEN_OPTIONS, type FrozenKind, type FrozenOrder, type FrozenReport } from './frozen-options.ts'

const order = JSON.parse(process.argv[2] as string) as FrozenOrder
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
