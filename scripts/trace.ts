// Replays a request trace through a cache and prints what it hit:
//   npm run trace -- --trace web12 --size 150 --policy lru [--shards 4] [--store memory]
// With --cost, also what misses cost by a model, simulated in process:
//   npm run trace -- --trace web12 --size 150 --policy lru --cost A
import { parseArgs } from 'node:util'
import { openStore } from '../examples/open-store.ts'
import { RedisFuncCache } from '../src/index.ts'
import { POLICIES } from '../src/policies/index.ts'
import { boundText } from '../src/simulation/bound.ts'
import { simulate } from '../src/simulation/simulate.ts'
import { COST_MODELS, type CostModel } from './cost-models.ts'
import { modelledTrace } from './modelled-trace.ts'
import { missesOf, readTrace, replay } from './replay.ts'

const USAGE =
  'npm run trace -- --trace <name, or file of one key a line> --size 150 --policy lru [--shards 4] [--store memory] [--cost A|B|C]'

/** What is asked for, checked. */
function readOptions() {
  const { values } = parseArgs({
    options: {
      trace: { type: 'string', default: 'web12' },
      size: { type: 'string', default: '150' },
      policy: { type: 'string', default: 'lru' },
      shards: { type: 'string', default: '1' },
      store: { type: 'string' },
      cost: { type: 'string' },
    },
  })
  const policy = values.policy.toLowerCase().replaceAll('-', '_')
  const size = Number(values.size)
  if (!Object.hasOwn(POLICIES, policy))
    throw new Error(`--policy ${values.policy}: choose one of ${Object.keys(POLICIES).join(', ')}.`)
  if (!(Number.isSafeInteger(size) && size > 0))
    throw new Error(`--size ${values.size}: give a whole number of entries above 0.`)
  const { store = 'server', cost } = values
  if (!['server', 'memory'].includes(store)) throw new Error(`--store ${store}: choose server or memory.`)
  if (cost !== undefined && !COST_MODELS.includes(cost as CostModel))
    throw new Error(`--cost ${cost}: choose one of ${COST_MODELS.join(', ')}.`)
  if (cost !== undefined && (values.shards !== '1' || values.store !== undefined))
    throw new Error('--cost: costs are simulated in process, without shards. Leave out --shards and --store.')
  return {
    trace: values.trace,
    keys: readTrace(values.trace),
    size,
    policy: policy as keyof typeof POLICIES,
    shards: Number(values.shards),
    memoryOnly: store === 'memory',
    cost: cost as CostModel | undefined,
  }
}

/** Prints what misses cost, by a model of costs. */
function printCosts({ trace, keys, size, policy }: ReturnType<typeof readOptions>, model: CostModel): void {
  const modelled = modelledTrace(keys, model)
  const bound = modelled.boundOf(size)
  const { misses, missMs } = simulate(modelled.trace, new POLICIES[policy]().createOrder(), bound)
  const ratio = (100 * (keys.length - misses)) / keys.length
  console.log(
    `${trace}, ${policy}, ${boundText(bound)}, costs of model ${model} (synthetic), simulated in process`,
  )
  console.log(
    `requests ${keys.length}  misses ${misses}  hit ratio ${ratio.toFixed(2)} %  recomputed ${(missMs / 1_000).toFixed(3)} s`,
  )
}

async function run(): Promise<void> {
  const options = readOptions()
  if (options.cost !== undefined) return printCosts(options, options.cost)
  const { trace, keys, size, policy, shards, memoryOnly } = options
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
