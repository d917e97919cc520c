// The scripts and their twins in process, held against each other: the same steps leave the same entries.
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MemoryStore, type NewEntry, type Place, RedisFuncCache, type Store } from '../../src/index.ts'
import { COMBINATIONS, hasServer, openTarget, type Target, unique } from './target.ts'

type Step =
  | { readonly do: 'get' | 'invalidate'; readonly hashes: readonly string[] }
  | {
      readonly do: 'put'
      readonly entries: readonly { hash: string; value: string; ttlMs: number | undefined }[]
    }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'resize'; readonly maxSize: number }

/** Sequences a combination. */
const RUNS = Number(process.env['TWIN_RUNS'] ?? 40)

const hash = fc.constantFrom(...'abcdefghijkl')
const hashes = fc.uniqueArray(hash, { minLength: 1, maxLength: 5 })
const entry = fc.record({
  hash,
  value: fc.string(),
  ttlMs: fc.constantFrom(undefined, 60_000, 100_000, 200_000),
})
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('get'), hashes }) },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('put'),
      entries: fc.array(entry, { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('invalidate'), hashes }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pass'), ms: fc.constantFrom(30_000, 150_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('resize'), maxSize: fc.integer({ min: 1, max: 8 }) }) },
) as fc.Arbitrary<Step>

/** The server's clock cannot be set; moving all ends toward the present comes to the same. */
const PASS = `
  for _, member in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do redis.call('ZINCRBY', KEYS[1], -ARGV[1], member) end`

describe.runIf(hasServer)('scripts and twins', () => {
  let target: Target
  beforeAll(async () => {
    target = await openTarget()
  })
  afterAll(() => target.close())

  const random = ({ policy }: { policy: string }): boolean => policy === 'rr'
  test.each(COMBINATIONS.filter((combination) => !random(combination)))(
    '$policy, scope $scope, keys $keys: the same entries after every step',
    async ({ create }) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => compare(create, steps)),
        { numRuns: RUNS },
      )
    },
  )

  test.each(COMBINATIONS.filter(random))(
    '$policy, scope $scope, keys $keys: consistent after every step',
    async ({ create }) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
          const { place, resize } = newPlace(create)
          const store = target.newStore()
          for (const each of steps) {
            if (each.do === 'resize') resize(each.maxSize)
            else await take(store, place, each)
            await target.inspect(store, each.do === 'put' ? place : unbounded(place))
          }
        }),
        { numRuns: RUNS },
      )
    },
  )

  async function compare(
    create: (typeof COMBINATIONS)[number]['create'],
    steps: readonly Step[],
  ): Promise<void> {
    const { place, resize } = newPlace(create)
    const store = target.newStore()
    let nowMs = Date.now()
    const twin = new MemoryStore({ clock: () => nowMs })
    let passedMs = 0
    for (const each of steps) {
      if (each.do === 'resize') {
        resize(each.maxSize)
        continue
      }
      if (each.do === 'pass') {
        nowMs += each.ms
        passedMs += each.ms
        const expiry = `${place.keys[1]}:expiry`
        await target.raw(expiry, 'EVAL', PASS, '1', expiry, String(each.ms))
        continue
      }
      nowMs = Date.now() + passedMs
      expect(await take(store, place, each)).toEqual(await take(twin, place, each))
      const there = await target.inspect(store, each.do === 'put' ? place : unbounded(place))
      const here = [...twin.entriesOf(place)]
      expect(there.hashes.toSorted()).toEqual(here.map(([name]) => name).toSorted())
      for (const [name, , expiresAtMs] of here) {
        // Two clocks: what took place between reading them may come between.
        if (expiresAtMs === undefined) expect(there.expiry.has(name)).toBe(false)
        else expect(Math.abs((there.expiry.get(name) ?? 0) + passedMs - expiresAtMs)).toBeLessThan(10_000)
      }
    }
  }
})

/** Does a step, and returns what can be compared of its outcome. */
async function take(store: Store, place: Place, step: Exclude<Step, { do: 'resize' }>): Promise<unknown> {
  switch (step.do) {
    case 'get': {
      const lookups = await store.get(place, step.hashes)
      return lookups.map(({ value }) => value?.toString())
    }
    case 'put': {
      const entries: NewEntry[] = step.entries.map((each) => ({ ...each, token: undefined }))
      return store.put(place, entries)
    }
    case 'invalidate':
      return store.invalidate(place, step.hashes)
    case 'pass':
      return undefined
  }
}

/** Only puts bring the size below a bound that was lowered. */
const unbounded = (place: Place): Place => ({
  ...place,
  limits: { ...place.limits, maxSize: Number.POSITIVE_INFINITY },
})

function newPlace(create: (typeof COMBINATIONS)[number]['create']): {
  place: Place
  resize: (maxSize: number) => void
} {
  const cache = new RedisFuncCache(unique('twins'), create(), { store: new MemoryStore() })
  const { identity } = cache.wrap(async () => {}, { name: 'f' })
  const limits = { maxSize: 5, ttlMs: 600_000, sliding: true }
  const place: Place = { policy: cache.policy, keys: cache.policy.calcKeys(identity), limits, ext: [] }
  return {
    place,
    resize: (maxSize) => {
      limits.maxSize = maxSize
    },
  }
}
