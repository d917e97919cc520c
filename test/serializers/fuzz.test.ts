import { describe, expect, test } from 'vitest'
import { SerializerError } from '../../src/errors.ts'
import { decode, encode } from '../../src/serializers/encoding.ts'
import { resolveSerializer, type SerializerName } from '../../src/serializers/resolve-serializer.ts'
import { Random, runs } from '../random.ts'

const names: readonly SerializerName[] = [
  'auto',
  'json',
  'v8',
  'msgpack',
  'cbor',
  'bson',
  'superjson',
  'yaml',
]

const cycle: Record<string, unknown> = { name: 'cycle' }
cycle['self'] = cycle

const values: readonly unknown[] = [
  { a: 1, b: [1, 2, { c: 'x' }], d: 'text ü', e: null },
  [1.5, -1, 1e300, null, true, 2 ** 40],
  'hello',
  12_345,
  { date: new Date(0), big: 10n ** 30n, re: /a+/g, bytes: Buffer.from('abc') },
  {
    map: new Map<unknown, unknown>([
      [1, 2],
      ['a', new Set([1])],
    ]),
    f: new Float64Array(2),
  },
  { error: new RangeError('x') },
  Array.from({ length: 40 }, (_, id) => ({ id, name: `n${id}` })),
  cycle,
]

/** What the format makes of those values that it takes. */
function seedsOf(name: SerializerName): Buffer[] {
  return values.flatMap((value) => {
    try {
      return [Buffer.from(encode(resolveSerializer(name), value))]
    } catch {
      return []
    }
  })
}

function mutated(random: Random, seeds: readonly Buffer[]): Buffer {
  let bytes: Buffer = Buffer.from(random.pick(seeds))
  for (let left = 1 + random.below(6); left > 0; left--) {
    const at = random.below(bytes.length + 1)
    const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)]
    const mutate: readonly (() => Buffer)[] = [
      () => Buffer.concat([head, Buffer.of(random.below(256)), tail.subarray(1)]),
      () => Buffer.concat([head, Buffer.of((tail[0] ?? 0) ^ (1 << random.below(8))), tail.subarray(1)]),
      () => head,
      () => Buffer.concat([head, Buffer.of(random.below(256), random.below(256)), tail]),
      () => Buffer.concat([head, bytes.subarray(random.below(at + 1))]),
      () => {
        const other = random.pick(seeds)
        return Buffer.concat([head, other.subarray(random.below(other.length))])
      },
    ]
    bytes = random.pick(mutate)()
  }
  return bytes
}

describe('bytes that nothing wrote', () => {
  test.each(names)(
    '%s: a value or a SerializerError, and nothing else changes',
    { timeout: 600_000 },
    (name) => {
      const serializer = resolveSerializer(name)
      const seeds = seedsOf(name)
      const random = new Random(`bytes of ${name}`)
      // Reading YAML takes some thirty times as long.
      const cases = runs(name === 'yaml' ? 330 : 6_600)
      for (let i = 0; i < cases; i++) {
        const stored = mutated(random, seeds)
        try {
          decode(serializer, stored)
        } catch (error) {
          if (!(error instanceof SerializerError)) throw new Error(stored.toString('hex'), { cause: error })
        }
        if (Object.keys(Object.prototype).length > 0) expect.fail(`polluted by ${stored.toString('hex')}`)
      }
      // The serializer still works.
      for (const seed of seeds) decode(serializer, seed)
    },
  )
})
