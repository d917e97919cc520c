// CostPolicy in the server, held against its twin in process and a list that is scanned.
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { scriptOf } from '../../src/lua/frame.ts'
import { COST, PRELUDE } from '../../src/lua/scripts.generated.ts'
import { CostOrder, type Weigh } from '../../src/policies/orders/cost-order.ts'
import {
  CostReference,
  type CostStep,
  costSteps,
  costStream,
  type StoreStep,
  take,
} from '../policies/cost-reference.ts'
import { hasServer, openTarget, type Target, unique } from './target.ts'
import { runs } from '../random.ts'

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

/** Does a step by one of the five functions. Reply: its outcome, and what is noted of how far priorities were lowered. */
const VERB = `
  local hashes = cjson.decode(ARGV[2])
  for _, result in ipairs(cjson.decode(ARGV[3])) do
    costs[result.hash], sizes[result.hash] = result.costMs, result.bytes
  end
  local victims = {}
  if ARGV[1] == 'evict' then victims = evict(tonumber(ARGV[2])) end
  if ARGV[1] == 'touch' then touch(hashes) end
  if ARGV[1] == 'insert' then insert(hashes) end
  if ARGV[1] == 'remove' then remove(hashes) end
  return answer({ victims, redis.call('GET', KEYS[#KEYS]) or '' })`

/** The functions of the policy in a partition of their own. */
class InServer {
  readonly #index = `{${unique('cost')}}:0`
  readonly #script: string
  readonly #present = new Set<string>()
  #state = ''

  constructor(weigh: Weigh, bits: number) {
    const policy = [
      `local WEIGHS_SIZE = ${weigh === 'cost/size'}`,
      ...COST.map((text) =>
        text.replace('local BITS = 28', `local BITS = ${bits}`).replace('local FEW = 8', 'local FEW = 2'),
      ),
    ]
    this.#script = scriptOf(PRELUDE, policy, [VERB])
  }

  async take(step: CostStep): Promise<readonly string[]> {
    if (step.do === 'evict') {
      const victims = await this.#run('evict', step.count)
      for (const victim of victims) this.#present.delete(victim)
      return victims
    }
    if (step.do === 'touch' || step.do === 'remove') {
      if (step.do === 'remove') for (const hash of step.hashes) this.#present.delete(hash)
      return this.#run(step.do, step.hashes)
    }
    return this.#store(step)
  }

  /** Whether an amount is being subtracted from the priorities, after the last step. */
  get isLowering(): boolean {
    return this.#state !== '' && this.#state.split(' ')[1] !== '0'
  }

  async #store({ do: what, hash, result }: StoreStep): Promise<readonly string[]> {
    if (what === 'insert' && this.#present.has(hash)) return []
    if (what === 'insert') this.#present.add(hash)
    return this.#run(what === 'insert' ? 'insert' : 'touch', [hash], [{ hash, ...result }])
  }

  async #run(verb: string, what: unknown, results: readonly object[] = []): Promise<string[]> {
    const index = this.#index
    const keys = [index, ...Array.from({ length: 8 }, (_, i) => `${index}:${i}`), `${index}:w`, `${index}:b`]
    // The number of fixed keys is that of the prelude.
    const fixed = Number(/FIXED_KEYS = (\d+)/.exec(PRELUDE)?.[1])
    const all = [...keys.slice(0, fixed), ...keys.slice(-2)]
    const args = [verb, JSON.stringify(what), JSON.stringify(results), 'PUBLISH', 'nonce']
    const reply = await target.raw(index, 'EVAL', this.#script, String(all.length), ...all, ...args)
    const [, [victims, state]] = reply as [unknown, [Buffer[], Buffer]]
    this.#state = String(state)
    return victims.map(String)
  }
}

/** Does the steps everywhere, and compares the victims. Returns how often priorities began to be lowered. */
async function sameVictims(weigh: Weigh, bits: number, steps: Iterable<CostStep>): Promise<number> {
  const server = new InServer(weigh, bits)
  const orders = [new CostOrder(weigh, bits), new CostReference(weigh)] as const
  const present = orders.map(() => new Set<string>())
  let [lowered, wasLowering] = [0, false]
  for (const step of [...steps, everything]) {
    const victims = await server.take(step)
    const others = orders.map((order, i) => take(order, present[i] as Set<string>, step))
    expect([victims, victims]).toEqual(others)
    if (server.isLowering && !wasLowering) lowered++
    wasLowering = server.isLowering
  }
  return lowered
}

const everything: CostStep = { do: 'evict', count: 1_000 }

describe.runIf(hasServer)('CostPolicy', () => {
  describe.each(['cost', 'cost/size'] as const)('weighed by %s', (weigh) => {
    test('evicts what the reference evicts', async () => {
      await fc.assert(
        fc.asyncProperty(costSteps(), async (steps) => {
          await sameVictims(weigh, 28, steps)
        }),
        { numRuns: runs(40) },
      )
    })

    // Two entries are lowered at a time, and others are set, evicted and removed meanwhile.
    test.each(['a', 'b'])('so it does while priorities are lowered, stream %s', async (seed) => {
      const stream = costStream(seed, 4_000, { entries: 120, costs: [1, 2, 16, 16], evictions: 36 })
      expect(await sameVictims(weigh, 12, stream)).toBeGreaterThan(3)
    })

    // All priorities are equal, and a level has 128 numbers.
    test.each([300, 700, 1_500])('so it does when numbers run short, %i steps', async (length) => {
      const stream = costStream(`${length}`, length, { entries: 25, costs: [0], evictions: 0 })
      await sameVictims(weigh, 46, stream)
    })
  })

  test('the same as its twin for whatever costs and sizes there are', async () => {
    const result = fc.record({
      costMs: fc.double({ min: 0, max: 1e12, noNaN: true }),
      bytes: fc.integer({ min: 1, max: 1e9 }),
    })
    await fc.assert(
      fc.asyncProperty(
        costSteps({ most: 100 }),
        fc.array(result, { minLength: 5 }),
        async (steps, results) => {
          const server = new InServer('cost/size', 28)
          const order = new CostOrder('cost/size')
          const present = new Set<string>()
          let used = 0
          for (const each of [...steps, everything]) {
            const given = results[used++ % results.length]
            const step =
              each.do === 'insert' || each.do === 'replace' ? { ...each, result: given as never } : each
            expect(await server.take(step)).toEqual(take(order, present, step))
          }
        },
      ),
      { numRuns: runs(100) },
    )
  })
})
