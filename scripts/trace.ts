// Replays a request trace through a cache and prints what it hit:
//   npm run trace -- --trace web12 --size 150 --policy lru [--shards 4] [--store memory]
import { parseArgs } from 'node:util'
import { openStore } from '../examples/open-store.ts'
import { RedisFuncCache } from '../src/index.ts'
import { POLICIES } from '../src/policies/index.ts'
import { missesOf, readTrace, replay } from './replay.ts'

const USAGE =
  'npm run trace -- --trace <name, or file of one key a line> --size 150 --policy lru [--shards 4] [--store memory]'

/** What is asked for, checked. */
function readOptions() {
  const { values } = parseArgs({
    options: {
      trace: { type: 'string', default: 'web12' },
      size: { type: 'string', default: '150' },
      policy: { type: 'string', default: 'lru' },
      shards: { type: 'string', default: '1' },
      store: { type: 'string', default: 'server' },
    },
  })
  const policy = values.policy.toLowerCase().replace('-', '_')
  const size = Number(values.size)
  if (!Object.hasOwn(POLICIES, policy))
    throw new Error(`--policy ${values.policy}: choose one of ${Object.keys(POLICIES).join(', ')}.`)
  if (!(Number.isSafeInteger(size) && size > 0))
    throw new Error(`--size ${values.size}: give a whole number of entries above 0.`)
  if (!['server', 'memory'].includes(values.store))
    throw new Error(`--store ${values.store}: choose server or memory.`)
  return {
    trace: values.trace,
    keys: readTrace(values.trace),
    size,
    policy: policy as keyof typeof POLICIES,
    shards: Number(values.shards),
    memoryOnly: values.store === 'memory',
  }
}

async function run(): Promise<void> {
  const { trace, keys, size, policy, shards, memoryOnly } = readOptions()
  const opened = await openStore({ memoryOnly })
  const { store, description } = opened
  const cache = new RedisFuncCache(`trace-${process.pid}`, new POLICIES[policy]({ shards }), {
    store,
    maxSize: size,
    onError: 'throw', // a count with misses of a failing server in it would be wrong
  })
  try {
    const misses = missesOf(await replay(cache, keys))
    const requests = keys.length
    const ratio = (100 * (requests - misses)) / requests
    console.log(
      `${trace}, ${policy}, ${size} entries${shards === 1 ? '' : `, ${shards} shards`}, ${description}`,
    )
    console.log(
      `requests ${requests}  hits ${requests - misses}  misses ${misses}  hit ratio ${ratio.toFixed(2)} %`,
    )
  } finally {
    await opened.erase(cache).catch(() => {})
    await opened.close()
  }
}

try {
  await run()
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\nusage: ${USAGE}`)
  process.exitCode = 1
}
