// Who holds copies of entries, and drops what the log of changes names, holds what the store has: whatever happens, and whichever
// keys are lost.
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ChangeLog, ChangeMessage, KeySpace, Lookup, Store } from '../../src/store.ts'
import { hasChangeLog } from '../../src/stores/store.ts'
import { entry, newPlace } from './places.ts'
import { hasServer, openTarget, POLICIES, type Target } from './target.ts'
import { runs } from '../random.ts'

/** Sequences for each policy. */
const RUNS = runs(40)

const TTL_MS = 60_000
const PARTS = ['one', 'two']
const HASHES = PARTS.flatMap((part) => [...'abcde'].map((each) => part + each))
const TAGS = ['x', 'y', 'z']
/** The index of tags more often than others, since more has to come together then. */
const LOSABLE = [':0', ':1', ':1:tags', ':1:tags', ':1:tags', ':1:expiry', ':1:fence', ':1:changes'] as const

let target: Target
beforeAll(async () => {
  target = await openTarget()
})
afterAll(() => target.close())

interface Copy {
  readonly lookup: Lookup
  /** As of which change it was read. */
  readonly label: number
  readonly tags: readonly string[] | undefined
}

/** A process that holds copies, and asks for what has changed. */
class Holder {
  readonly copies = new Map<string, Copy>()
  readonly #store: Store & ChangeLog
  readonly #place: KeySpace
  #heard: number | undefined

  constructor(store: Store & ChangeLog, place: KeySpace) {
    this.#store = store
    this.#place = place
  }

  async read(hashes: readonly string[], tagsOf: ReadonlyMap<string, readonly string[] | undefined>) {
    const lookups = await this.#store.get(this.#place, hashes, { isNumbered: true, isTagged: true })
    lookups.forEach((lookup, i) => {
      const hash = hashes[i] as string
      const label = lookup.changes?.number
      const tags = tagsOf.get(hash)
      // What a lookup would not serve is not held, nor what is not known to be as of a number.
      if (lookup.value === undefined || (tags && !lookup.isTagged) || label === undefined) return
      this.copies.set(hash, { lookup, label, tags })
    })
  }

  /** Hears what has changed. From then on its copies are right. */
  async hear(): Promise<void> {
    const since = await this.#store.listen(this.#place, this.#heard, TTL_MS)
    if (!since.isWhole || !since.hasEntries) this.copies.clear()
    for (const message of since.messages) this.#drop(message)
    this.#heard = since.number
  }

  #drop({ number, isAll, hashes, parts }: ChangeMessage): void {
    for (const [hash, { label }] of this.copies) {
      const isNamed = isAll || hashes.includes(hash) || parts.some((part) => hash.startsWith(part))
      if (isNamed && number > label) this.copies.delete(hash)
    }
  }
}

const hashes = fc.uniqueArray(fc.constantFrom(...HASHES), { minLength: 1, maxLength: 4 })
const tags = fc.uniqueArray(fc.constantFrom(...TAGS), { minLength: 1, maxLength: 2 })
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('read' as const), hashes }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('put' as const),
      hashes,
      tags: fc.option(tags, { nil: undefined }),
      hasGrace: fc.boolean(),
      isOld: fc.nat({ max: 4 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('invalidate' as const), hashes, soft: fc.boolean() }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('invalidateTags' as const), tags, soft: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('invalidateFunction' as const),
      part: fc.constantFrom(...PARTS),
      soft: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('resize' as const), maxSize: fc.integer({ min: 1, max: 8 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('purge' as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('hear' as const) }) },
  ...(hasServer
    ? [
        {
          weight: 3,
          arbitrary: fc.record({ do: fc.constant('lose' as const), key: fc.constantFrom(...LOSABLE) }),
        },
      ]
    : []),
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

/** Does the steps, and checks the copies whenever their holder has heard what has changed. */
async function run(Policy: (typeof POLICIES)[keyof typeof POLICIES], steps: readonly Step[]): Promise<void> {
  const store = target.newStore()
  if (!hasChangeLog(store)) throw new Error('no log of changes')
  const limits = { maxSize: 5, idleTtlMs: 600_000 }
  const place: KeySpace = { ...newPlace(new Policy()), limits }
  const holder = new Holder(store, place)
  const tagsOf = new Map<string, readonly string[] | undefined>()
  let count = 0
  const old = await store.now(place)
  const act = async (each: Step): Promise<unknown> => {
    switch (each.do) {
      case 'read':
        return holder.read(each.hashes, tagsOf)
      case 'put': {
        const token = each.isOld === 0 ? old : undefined
        const ends = each.hasGrace ? { ttlMs: 7_200_000 } : {}
        const { stored } = await store.put(
          place,
          each.hashes.map((hash) =>
            entry(hash, {
              value: `value ${++count}`,
              token,
              ...ends,
              metadata: { tags: each.tags, ...(each.hasGrace && { freshMs: 3_600_000 }) },
            }),
          ),
        )
        each.hashes.forEach((hash, i) => stored[i] && tagsOf.set(hash, each.tags))
        return undefined
      }
      case 'invalidate':
        return store.invalidate(place, each.hashes, each.soft)
      case 'invalidateTags': {
        await store.invalidateTags(place, each.tags, each.soft)
        await holder.hear()
        const nowMs = (await store.now(place)) / 1_000
        const wrong = [...holder.copies].filter(
          // What is stale already does not change by a soft invalidation.
          ([, { lookup, tags: own }]) =>
            own?.some((tag) => each.tags.includes(tag)) === true &&
            !((lookup.freshUntilMs ?? nowMs + 1) <= nowMs),
        )
        expect(wrong).toEqual([])
        return undefined
      }
      case 'invalidateFunction':
        return store.invalidateFunction(place, each.part, each.soft)
      case 'resize':
        limits.maxSize = each.maxSize
        return undefined
      case 'purge':
        return store.purge(place)
      case 'hear':
        return holder.hear()
      case 'lose': {
        const [index, values] = place.keys
        const key = each.key === ':0' ? index : values + each.key.slice(2)
        return target.raw(key, 'DEL', key)
      }
    }
  }
  for (const each of steps) {
    await act(each)
    if (each.do !== 'hear') continue
    const lookups = await store.get(place, HASHES)
    HASHES.forEach((hash, i) => {
      const copy = holder.copies.get(hash)?.lookup
      if (copy === undefined) return
      const { value, freshUntilMs, expiresAtMs } = lookups[i] as Lookup
      expect([hash, copy.value, copy.freshUntilMs, copy.expiresAtMs]).toEqual([
        hash,
        value,
        freshUntilMs,
        expiresAtMs,
      ])
    })
  }
}

describe('copies', () => {
  test.each(Object.entries(POLICIES))(
    'are what the store has: %s',
    { timeout: Math.max(120_000, RUNS * 1_000) },
    async (_, Policy) => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), (steps) => run(Policy, steps)),
        { numRuns: RUNS },
      )
    },
  )
})
