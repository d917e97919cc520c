import assert from 'node:assert/strict'
import { LruTPolicy, MemoryStore, type RedisFuncCache, type SerializerOption } from '../index.ts'
import { type Caches, caseOf, type ConformanceCase } from './conformance-case.ts'
import { assertSame, overwrite } from './same-value.ts'
import { SAMPLES, type SampleName } from './sample-values.ts'

/** What a serializer does with a value that it does not bring back as it was, and why. */
export interface Shortcoming {
  /** The reason, which the title of the case repeats. */
  readonly reason: string
  /** The value that comes back instead; without it, the serializer has to refuse the value by throwing. */
  readonly becomes?: unknown
}

/** Options of {@link serializerConformance}. */
export interface SerializerConformanceOptions {
  /**
   * The values that the serializer does not bring back as they were. It has to bring back all others.
   * @default none
   */
  readonly shortcomings?: Readonly<Partial<Record<SampleName, Shortcoming>>> | undefined
  /**
   * The option `lossy` of the cache.
   * @default false
   */
  readonly lossy?: boolean | undefined
}

/**
 * Returns the cases that every serializer has to pass: which values come back as they were, changed as it is said, or are
 * refused; and that results share no memory with each other or with what is stored.
 *
 * @example
 * for (const { name, run } of serializerConformance([encode, decode], { shortcomings })) test(name, run)
 */
export function serializerConformance(
  serializer: SerializerOption,
  options: SerializerConformanceOptions = {},
): readonly ConformanceCase[] {
  const { shortcomings = {}, lossy = false } = options
  const open = (caches: Caches) => {
    const cache = caches.open(new LruTPolicy(), new MemoryStore(), { serializer, lossy, onError: 'execute' })
    // Otherwise each loss that is tried would be a warning of the process.
    return cache.on('error', () => {})
  }
  const kept = names.filter((name) => shortcomings[name] === undefined)
  return [
    ...kept.map((name) =>
      caseOf(`brings back ${name}`, async (caches) => {
        assertSame(await throughStore(open(caches), SAMPLES[name]), SAMPLES[name]())
      }),
    ),
    ...names.flatMap((name) => {
      const shortcoming = shortcomings[name]
      return shortcoming === undefined ? [] : [lacking(open, name, shortcoming)]
    }),
    caseOf('stores undefined, whatever it makes of it', async (caches) => {
      assert.equal(await throughStore(open(caches), () => undefined), undefined)
    }),
    caseOf('gives each result memory of its own', async (caches) => {
      const cache = open(caches)
      const all = () => kept.map((name) => SAMPLES[name]())
      overwrite(await throughStore(cache, all))
      assertSame(await throughStore(cache, all), all())
    }),
    caseOf('is not changed by what happens to a result after it was stored', async (caches) => {
      const cache = open(caches)
      const value = {
        list: [1, { a: 'b' }],
        text: 'x'.repeat(10_000),
        more: kept.map((name) => SAMPLES[name]()),
      }
      await assert.doesNotReject(cache.set('key', value))
      overwrite(value)
      const stored = await cache.peek<typeof value>('key')
      assertSame(
        stored?.more,
        kept.map((name) => SAMPLES[name]()),
      )
      assert.deepEqual(stored?.list, [1, { a: 'b' }])
    }),
    caseOf('has no limit of properties', async (caches) => {
      // 65,535 is one for headers of two bytes.
      const value = Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`p${i}`, i]))
      assertSame(await throughStore(open(caches), () => value), value)
    }),
    caseOf('goes on after a failure', async (caches) => {
      const cache = open(caches)
      const trap = (): unknown => Object.defineProperty({}, 'a', { enumerable: true, get: fail })
      await assert.rejects(cache.set('trap', [{ d: 'e' }, trap()]))
      assertSame(await throughStore(cache, () => ({ a: [1] })), { a: [1] })
    }),
  ]
}

const names = Object.keys(SAMPLES) as SampleName[]

function lacking(
  open: (caches: Caches) => RedisFuncCache,
  name: SampleName,
  shortcoming: Shortcoming,
): ConformanceCase {
  if (!('becomes' in shortcoming)) {
    return caseOf(`refuses ${name}: ${shortcoming.reason}`, async (caches) => {
      await assert.rejects(open(caches).set('key', SAMPLES[name]()), { name: 'SerializerError' })
    })
  }
  return caseOf(`brings back ${name} changed: ${shortcoming.reason}`, async (caches) => {
    assertSame(await throughStore(open(caches), SAMPLES[name]), shortcoming.becomes)
  })
}

/** Stores a result, and returns what is served of it later. */
async function throughStore(cache: RedisFuncCache, create: () => unknown): Promise<unknown> {
  await cache.getOrSet('key', create)
  return cache.getOrSet('key', () => assert.fail('the result was not stored, or could not be read'))
}

function fail(): never {
  throw new Error('thrown while it was serialized')
}
