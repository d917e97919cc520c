import { inspect } from 'node:util'
import { type Check, freshName, holds, same, type Surroundings, thrownBy } from './check.ts'

/** Pairs that are not equal, each made anew at every call. */
const PAIRS: Record<string, () => readonly [unknown, unknown]> = {
  Dates: () => [new Date(1), new Date(2)],
  Maps: () => [new Map([['a', 1]]), new Map([['a', 2]])],
  Sets: () => [new Set([1]), new Set([2])],
  RegExps: () => [/a/, /a/i],
  Buffers: () => [Buffer.from('a'), Buffer.from('b')],
  'typed arrays': () => [new Uint8Array([1]), new Uint8Array([2])],
  'arrays of floats': () => [new Float32Array([1]), new Float64Array([1])],
  URLs: () => [new URL('https://a.example'), new URL('https://b.example')],
  'search parameters': () => [new URLSearchParams('a=1'), new URLSearchParams('a=2')],
  errors: () => [new RangeError('a'), new TypeError('a')],
  objects: () => [{ a: [1, { b: 2 }] }, { a: [1, { b: 3 }] }],
  'objects without a prototype': () => [Object.assign(Object.create(null), { a: 1 }), { a: 2 }],
  'a list and its text': () => [[1, 2], '1,2'],
}

function keyOf({ library }: Surroundings): (value: unknown) => string {
  const { RedisFuncCache, LruTPolicy, MemoryStore } = library
  const cache = new RedisFuncCache(freshName(), new LruTPolicy(), { store: new MemoryStore() })
  const get = cache.wrap(async (value: unknown) => String(value), { name: 'get' })
  return (value) => String(get.keyOf(value).hash)
}

const toldApart = Object.entries(PAIRS).map(
  ([name, make]): Check => ({
    name: `${name} as arguments`,
    run: async (surroundings) => {
      const key = keyOf(surroundings)
      const [one, other] = make()
      const [again] = make()
      same(key(one), key(again), 'an equal one is the same call')
      holds(key(one) !== key(other), `${inspect(one)} and ${inspect(other)} are taken for the same call`)
      holds(key({ in: [one] }) !== key({ in: [other] }), 'inside they are taken for the same call')
    },
  }),
)

const refused: Check = {
  name: 'a function as an argument is refused, and where it stands is told',
  run: async (surroundings) => {
    const error = await thrownBy(() => keyOf(surroundings)({ a: [() => {}] }))
    holds(error instanceof surroundings.library.ArgumentsError, inspect(error))
    same((error as { path?: string }).path, 'arguments[0].a[0]', 'path')
  },
}

export const ARGUMENTS: readonly Check[] = [...toldApart, refused]
