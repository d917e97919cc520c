// Policies that give their entries new numbers in passes, a few entries with each access: the order is right at any time.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HyperbolicPolicy, LfuPolicy } from './library.ts'
import { FrequencyList } from '../policies/frequency-list.ts'
import { HyperbolicList } from '../policies/hyperbolic-list.ts'
import { Random, runs } from '../random.ts'
import { entry, filledPlace, orderOf, scoresOf, withLimits } from './places.ts'
import { hasServer, openTarget, type Target } from './target.ts'

/** So few that hyperbolic caching draws no lots: these come from the clock, which a pass sets back. */
const SIZE = 60
const STEPS = runs(400)

const SUBJECTS = [
  {
    name: 'lfu',
    policy: () => new LfuPolicy(),
    model: () => new FrequencyList(),
    counter: 'stamp',
    limit: 2 ** 26,
  },
  {
    name: 'lfu_da',
    policy: () => new LfuPolicy({ aging: true }),
    model: () => new FrequencyList(true),
    counter: 'stamp',
    limit: 2 ** 26,
  },
  {
    name: 'hyperbolic',
    policy: () => new HyperbolicPolicy(),
    model: () => new HyperbolicList(),
    counter: 'clock',
    limit: 2 ** 32,
    scoreOfOne: 2 ** 20,
  },
]

describe.runIf(hasServer)('numbers that are given anew in passes', () => {
  let target: Target
  beforeAll(async () => {
    target = await openTarget()
  })
  afterAll(() => target.close())

  describe.each(SUBJECTS)('$name', ({ name, policy, model, counter, limit, scoreOfOne }) => {
    async function full() {
      const store = target.newStore()
      const { place, hashes } = await filledPlace(store, policy(), SIZE)
      const list = model()
      for (const hash of hashes) list.insert(hash)
      const [index] = place.keys
      const state = `${index}:state`
      const raw = (verb: string, ...more: string[]) => target.raw(state, verb, state, ...more)
      const counted = async () => Number(String(await raw('HGET', counter)))
      return {
        store,
        place,
        hashes,
        list,
        counted,
        isPassing: async () => String(await raw('HEXISTS', 'passed')) === '1',
        /** Moves the counter ahead to a number. Births move along, so that ages stay. */
        async skipTo(to: number) {
          if ((await counted()) >= to) return
          if (scoreOfOne !== undefined) {
            const more = (to - (await counted())) * scoreOfOne
            const moved = [...(await scoresOf(target, index))].flatMap(([hash, score]) => [
              String(score + more),
              hash,
            ])
            await target.raw(index, 'ZADD', index, ...moved)
          }
          await raw('HSET', counter, String(to))
        },
      }
    }

    test('each victim is that of a list that is scanned, while passes begin, go on and are cut short', async () => {
      const { store, place, hashes, list, counted, isPassing, skipTo } = await full()
      const random = new Random(`passes ${name}`)
      const names = [...hashes, ...Array.from({ length: 60 }, (_, i) => `n${i}`)]
      let passes = 0
      let wasPassing = false
      for (let i = 0; i < STEPS; i++) {
        const isWithin = await isPassing()
        if (isWithin && !wasPassing) passes++
        wasPassing = isWithin
        if (!isWithin && random.below(8) === 0) {
          await skipTo((random.below(4) === 0 ? limit : (limit / 4) * 3) - 1 - random.below(8))
        }
        const read = Array.from(
          { length: 1 + random.below(3) },
          () => names[random.below(1 + random.below(names.length))] as string,
        )
        await store.touch(place, read)
        list.touch(read)
        const added = random.pick(names)
        await store.put(place, [entry(added)])
        if (list.has(added)) list.touch([added])
        else {
          if (list.size() === SIZE) list.evict(1)
          list.insert(added)
        }
        if (random.below(25) === 0) {
          await store.invalidate(place, read)
          list.remove(read)
        }
        if (random.below(40) === 0) {
          await store.put(withLimits(place, { maxSize: 10 }), [entry(`small ${i}`)])
          list.evict(Math.max(0, list.size() - 9))
          list.insert(`small ${i}`)
        }
        expect(await counted()).toBeLessThan(limit)
        const order = await orderOf(target, place)
        expect(order).toEqual(list instanceof FrequencyList ? list.order() : list.byBirth())
      }
      expect(passes).toBeGreaterThan(STEPS / 40)
    })
  })
})
