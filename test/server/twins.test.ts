// The scripts and their twins in process, held against each other: the same steps leave the same entries.
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  MemoryStore,
  type EntryMetadata,
  type HeldLease,
  type KeySpace,
  RedisFuncCache,
  type Store,
} from './library.ts'
import { MOVE_ENTRIES, namesOf } from './places.ts'
import { hasChangeLog } from '../../src/stores/store.ts'
import type { InvalidationReport } from '../../src/store.ts'
import { COMBINATIONS, hasServer, inspectMemory, openTarget, type Target, unique } from './target.ts'
import { runs } from '../random.ts'

interface StepEntry {
  readonly hash: string
  readonly value: string
  readonly ttlMs: number | undefined
  readonly metadata: EntryMetadata | undefined
  /** Which of the tokens taken so far it proves itself with, and which of the leases it hands over; none for no such. */
  readonly token: number | undefined
  readonly lease: number | undefined
}

type Step =
  | { readonly do: 'get'; readonly hashes: readonly string[] }
  | { readonly do: 'put'; readonly entries: readonly StepEntry[] }
  | { readonly do: 'invalidate'; readonly hashes: readonly string[]; readonly soft: boolean }
  | { readonly do: 'invalidateTags'; readonly tags: readonly string[]; readonly soft: boolean }
  | { readonly do: 'invalidateFunction'; readonly part: string; readonly soft: boolean }
  | { readonly do: 'purge' | 'size' | 'take token' | 'renew' | 'release' }
  | { readonly do: 'lease'; readonly hashes: readonly string[]; readonly seen: 'nothing' | 'what is there' }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'resize'; readonly maxSize: number }

/** Sequences a combination. */
const RUNS = runs(40)

/** No sum of the times that pass is one of these, nor the difference of two: the clocks differ by milliseconds. */
const PASSES_MS = [30_000, 150_000]
const ENDS_MS = [65_000, 101_000, 203_000]
const FRESH_MS = [40_000, 112_000]
const LEASE_MS = 70_000

/** What the hashes of two functions begin with. */
const PARTS = ['function', 'functioN']
const ALL_HASHES = PARTS.flatMap((part) => [...'abcdef'].map((each) => part + each))
/** Also such as the index of tags is made of. */
const TAGS = ['a', 'aa', 'a=', 'h9:functiona=', 't1:a=', '>', '\0', '😀']

const hash = fc.constantFrom(...ALL_HASHES)
const hashes = fc.uniqueArray(hash, { minLength: 1, maxLength: 5 })
const tags = fc.uniqueArray(fc.constantFrom(...TAGS), { maxLength: 4 })
const soft = fc.boolean()
const entry = fc.record({
  hash,
  value: fc.string(),
  ttlMs: fc.constantFrom(undefined, ...ENDS_MS),
  metadata: fc.option(
    fc.record(
      {
        freshMs: fc.constantFrom(...FRESH_MS),
        tags,
        overrules: fc.constant(true),
        ifRoom: fc.constant(true),
      },
      { requiredKeys: [] },
    ),
    { nil: undefined },
  ),
  token: fc.option(fc.nat({ max: 5 }), { nil: undefined }),
  lease: fc.option(fc.nat({ max: 5 }), { nil: undefined }),
})
const step: fc.Arbitrary<Step> = fc.oneof(
  // What is read again before the policy is told of it counts twice.
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('get'), hashes: fc.array(hash, { minLength: 1, maxLength: 6 }) }),
  },
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('put'),
      entries: fc.array(entry, { minLength: 1, maxLength: 4 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('invalidate'), hashes, soft }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('invalidateTags'),
      tags: fc.uniqueArray(fc.constantFrom(...TAGS), { minLength: 1, maxLength: 3 }),
      soft,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('invalidateFunction'), part: fc.constantFrom(...PARTS), soft }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('take token', 'size', 'renew', 'release') }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('lease'),
      hashes,
      seen: fc.constantFrom('nothing', 'what is there'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pass'), ms: fc.constantFrom(...PASSES_MS) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('resize'), maxSize: fc.integer({ min: 1, max: 8 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('purge') }) },
) as fc.Arbitrary<Step>
const steps = fc.array(step, { minLength: 5, maxLength: 40 })

/** What seldom comes about by chance: a lease that ended, then another one is asked for, and both are to be renewed. */
const EXAMPLES: [Step[]][] = [
  [
    [
      { do: 'lease', hashes: ['functiona'], seen: 'nothing' },
      { do: 'pass', ms: 150_000 },
      { do: 'lease', hashes: ['functionb'], seen: 'nothing' },
      { do: 'renew' },
    ],
  ],
]

/** The server's clock cannot be set; moving all ends toward the present comes to the same. */
const PASS = `
  for i = 1, 3 do
    for _, member in ipairs(redis.call('ZRANGE', KEYS[i], 0, -1)) do
      redis.call('ZINCRBY', KEYS[i], -ARGV[1] * (i == 1 and 1 or 1000), member)
    end
  end
  ${MOVE_ENTRIES('KEYS[4]')}`

describe.runIf(hasServer)('scripts and twins', () => {
  let target: Target
  beforeAll(async () => {
    target = await openTarget()
  })
  afterAll(() => target.close())

  // Of the styles of key names one: a script is given its keys, and does not look at their names.
  const combinations = COMBINATIONS.filter(({ keys }) => keys === 'cluster')
  const random = ({ policy }: { policy: string }): boolean => policy === 'rr'
  test.each(combinations.filter((combination) => !random(combination)))(
    '$policy, scope $scope: the same entries after every step',
    async ({ create }) => {
      await fc.assert(
        fc.asyncProperty(steps, (each) => compare(create, each)),
        { numRuns: RUNS, examples: EXAMPLES },
      )
    },
  )

  test.each(combinations.filter(random))(
    '$policy, scope $scope: consistent after every step',
    async ({ create }) => {
      await fc.assert(
        fc.asyncProperty(steps, async (all) => {
          const { place, resize } = newPlace(create)
          const store = target.newStore()
          const actor = new Actor(store, place)
          for (const each of all) {
            if (each.do === 'resize') resize(each.maxSize)
            else await actor.take(each)
            await target.inspect(store, each.do === 'put' ? place : unbounded(place))
          }
        }),
        { numRuns: RUNS },
      )
    },
  )

  async function compare(
    create: (typeof COMBINATIONS)[number]['create'],
    all: readonly Step[],
  ): Promise<void> {
    const { place, resize } = newPlace(create)
    const store = target.newStore()
    let passedMs = 0
    const twin = new MemoryStore({ clock: () => Date.now() + passedMs })
    const there = new Actor(store, place)
    const here = new Actor(twin, place)
    await Promise.all([there.told(), here.told()])
    for (const each of all) {
      if (each.do === 'resize') {
        resize(each.maxSize)
        continue
      }
      if (each.do === 'pass') {
        passedMs += each.ms
        const [, values] = place.keys
        const keys = ['expiry', 'leases', 'fence'].map((name) => `${values}:${name}`)
        await target.raw(values, 'EVAL', PASS, '4', ...keys, values, String(each.ms))
        there.move(-each.ms * 1_000)
        continue
      }
      expect(await there.take(each)).toEqual(await here.take(each))
      expect(await there.told()).toEqual(await here.told())
      await expectSame(each.do === 'put' ? place : unbounded(place), store, twin, passedMs)
    }
  }

  /** The same entries, with the same ends, notes and tags. */
  async function expectSame(
    place: KeySpace,
    store: Store,
    twin: MemoryStore,
    passedMs: number,
  ): Promise<void> {
    const there = await target.inspect(store, place)
    const here = inspectMemory(twin, place)
    expect(there.hashes.toSorted()).toEqual(here.hashes.toSorted())
    expect(new Map(there.tags)).toEqual(new Map(here.tags))
    expectSameTimes(there.expiry, here.expiry, passedMs)
    for (const time of ['untilMs', 'storedMs'] as const) {
      const timesOf = (fresh: typeof here.fresh) =>
        new Map([...fresh].map(([name, metadata]) => [name, metadata[time]]))
      expectSameTimes(timesOf(there.fresh), timesOf(here.fresh), passedMs)
    }
    const [inServer, inProcess] = await Promise.all(
      [store, twin].map(async (each) =>
        (await each.get(place, ALL_HASHES, { isTagged: true })).map(({ value, isTagged }) => [
          value?.toString(),
          isTagged,
        ]),
      ),
    )
    expect(inServer).toEqual(inProcess)
  }
})

/** Two clocks: what took place between reading them may come between. */
function expectSameTimes(
  there: ReadonlyMap<string, number>,
  here: ReadonlyMap<string, number>,
  passedMs: number,
): void {
  expect([...there.keys()].toSorted()).toEqual([...here.keys()].toSorted())
  for (const [name, atMs] of here) {
    expect(Math.abs((there.get(name) ?? 0) + passedMs - atMs)).toBeLessThan(10_000)
  }
}

/** Does the steps with one store, each of which has tokens and leases of its own. */
class Actor {
  readonly #store: Store
  readonly #place: KeySpace
  #tokens: number[] = []
  #held: HeldLease[] = []
  #askers = 0
  #heard: number | undefined

  constructor(store: Store, place: KeySpace) {
    this.#store = store
    this.#place = place
  }

  /** Tokens are moments. */
  move(byUs: number): void {
    this.#tokens = this.#tokens.map((token) => token + byUs)
  }

  /** What was told of changes since the last time. */
  async told(): Promise<unknown> {
    if (!hasChangeLog(this.#store)) throw new Error('This store has no log of changes.')
    const since = await this.#store.listen(this.#place, this.#heard, 86_400_000)
    this.#heard = since.number
    return [since.isWhole, since.hasEntries, namesOf(since.messages)]
  }

  /** Does a step, and returns what can be compared of its outcome. */
  async take(step: Exclude<Step, { do: 'resize' }>): Promise<unknown> {
    switch (step.do) {
      case 'get': {
        const lookups = await this.#store.get(this.#place, step.hashes, { isTimed: true, isTagged: true })
        await this.#store.touch(this.#place, step.hashes)
        return lookups.map(({ value, isTagged }) => [value?.toString(), isTagged])
      }
      case 'put': {
        const {
          atUs: _,
          changes,
          ...report
        } = await this.#store.put(
          this.#place,
          step.entries.map(({ token, lease, metadata, ...entry }) => {
            const held = lease === undefined ? undefined : this.#held[lease]
            return {
              ...entry,
              hash: held?.hash ?? entry.hash,
              token: token === undefined ? undefined : this.#tokens[token],
              metadata: held === undefined ? metadata : { ...metadata, asker: held.asker },
            }
          }),
        )
        return { ...report, isRecorded: changes !== undefined }
      }
      case 'invalidate':
        return this.#counted(this.#store.invalidate(this.#place, step.hashes, step.soft))
      case 'invalidateTags':
        return this.#counted(this.#store.invalidateTags(this.#place, step.tags, step.soft))
      case 'invalidateFunction':
        return this.#counted(this.#store.invalidateFunction(this.#place, step.part, step.soft))
      case 'purge':
        return this.#counted(this.#store.purge(this.#place))
      case 'size':
        return this.#store.size(this.#place)
      case 'take token':
        this.#tokens.push(await this.#store.now(this.#place))
        return undefined
      case 'lease':
        return this.#lease(step.hashes, step.seen === 'nothing')
      case 'renew':
        return this.#renew()
      case 'release': {
        const released = this.#held.splice(0, 2)
        if (released.length > 0) await this.#store.release(this.#place, released)
        return undefined
      }
      case 'pass':
        return undefined
    }
  }

  async #counted(invalidated: Promise<InvalidationReport>): Promise<unknown> {
    const { count, changes } = await invalidated
    return { count, isRecorded: changes !== undefined }
  }

  async #lease(hashes: readonly string[], isUnseen: boolean): Promise<unknown> {
    const seen = await this.#store.get(this.#place, hashes)
    const requests = hashes.map((hash, i) => ({
      hash,
      seenMs: isUnseen || seen[i]?.value === undefined ? undefined : (seen[i]?.freshUntilMs ?? 0),
      // Some have asked before, and may have the lease.
      asker: `asker ${(this.#askers = (this.#askers * 7 + 3) % 13)}`,
    }))
    const answers = await this.#store.lease(this.#place, requests, LEASE_MS)
    answers.forEach((answer, i) => {
      if (answer.state === 'taken') this.#held.push(requests[i] as HeldLease)
    })
    return answers.map(({ state }) => state)
  }

  /** Keeps those that were lost: nothing may come of them. */
  async #renew(): Promise<unknown> {
    if (this.#held.length === 0) return undefined
    return this.#store.renew(this.#place, this.#held, LEASE_MS)
  }
}

/** Only puts bring the size below a bound that was lowered. */
const unbounded = (place: KeySpace): KeySpace => ({
  ...place,
  limits: { ...place.limits, maxSize: Number.POSITIVE_INFINITY },
})

function newPlace(create: (typeof COMBINATIONS)[number]['create']): {
  place: KeySpace
  resize: (maxSize: number) => void
} {
  const cache = new RedisFuncCache(unique('twins'), create(), { store: new MemoryStore() })
  const { identity } = cache.wrap(async () => {}, { name: 'f' })
  // The pair as a whole lives longer than all that passes.
  const limits = { maxSize: 5, idleTtlMs: 86_400_000 }
  const place: KeySpace = {
    policy: cache.policy,
    keys: cache.policy.calcKeys(identity),
    limits,
    ext: [],
  }
  return {
    place,
    resize: (maxSize) => {
      limits.maxSize = maxSize
    },
  }
}
