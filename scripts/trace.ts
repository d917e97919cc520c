// Replays a request trace through a cache and prints what it hit:
//   npm run trace -- --trace web12 --size 150 --policy lru [--store memory]
import { parseArgs } from 'node:util'
import { openStore } from '../examples/open-store.ts'
import * as library from '../src/index.ts'
import { readTrace, replay } from './replay.ts'

const POLICIES = {
  fifo: library.FifoPolicy,
  'fifo-t': library.FifoTPolicy,
  lru: library.LruPolicy,
  'lru-t': library.LruTPolicy,
  mru: library.MruPolicy,
  lfu: library.LfuPolicy,
  rr: library.RrPolicy,
} as const

const { values } = parseArgs({
  options: {
    trace: { type: 'string', default: 'web12' },
    size: { type: 'string', default: '150' },
    policy: { type: 'string', default: 'lru' },
    store: { type: 'string', default: 'server' },
  },
})

const name = values.policy.replace('_', '-') as keyof typeof POLICIES
const Policy = POLICIES[name]
if (Policy === undefined)
  throw new Error(`--policy ${values.policy}: choose one of ${Object.keys(POLICIES).join(', ')}`)

const keys = readTrace(values.trace)
const { store, description, close } = await openStore({ memoryOnly: values.store === 'memory' })
const cache = new library.RedisFuncCache(`trace-${process.pid}`, new Policy(), {
  store,
  maxSize: Number(values.size),
})
try {
  const { requests, misses } = await replay(cache, keys)
  const ratio = (100 * (requests - misses)) / requests
  console.log(`${values.trace}, ${name}, ${values.size} entries, ${description}`)
  console.log(
    `requests ${requests}  hits ${requests - misses}  misses ${misses}  hit ratio ${ratio.toFixed(2)} %`,
  )
} finally {
  await cache.purge()
  await close()
}
