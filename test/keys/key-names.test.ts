import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FunctionIdentity } from '../../src/keys/function-identity.ts'
import { KeyNames, type KeyStyle, type Scope } from '../../src/keys/key-names.ts'
import { keySlot } from '../../src/keys/key-slot.ts'
import { runs } from '../random.ts'

const identityOf = (name: string): FunctionIdentity => new FunctionIdentity(() => {}, { name, source: false })

const STYLES: readonly { scope: Scope; style: KeyStyle }[] = [
  { scope: 'cache', style: 'plain' },
  { scope: 'cache', style: 'cluster' },
  { scope: 'function', style: 'plain' },
  { scope: 'function', style: 'cluster' },
]

describe('key names', () => {
  const fn = identityOf('getUser')

  test('of each scope and style are those of the Python package', () => {
    expect(fn.checksum).toMatch(/^[\w+/]{22}$/)
    const bases = STYLES.map(({ scope, style }) => {
      const [index, values] = new KeyNames('fcache:', 'users', 'lru_t', scope, style).pairOf(fn)
      expect([index.slice(-2), values.slice(-2)]).toEqual([':0', ':1'])
      expect(index.slice(0, -2)).toBe(values.slice(0, -2))
      return index.slice(0, -2)
    })
    expect(bases).toEqual([
      'fcache:users:lru_t',
      'fcache:{users:lru_t-c}',
      `fcache:users:lru_t-m:getUser#${fn.checksum}`,
      `fcache:users:lru_t-cm:getUser#{${fn.checksum}}`,
    ])
  })

  test('of shards tell their number, and so the number of this one', () => {
    const base = (scope: Scope, style: KeyStyle) =>
      new KeyNames('fcache:', 'users', 'lru_t', scope, style, 16).pairOf(fn, 3)[0].slice(0, -2)
    expect(base('cache', 'plain')).toBe('fcache:users:lru_t-s16#3')
    expect(base('function', 'plain')).toBe(`fcache:users:lru_t-ms16:getUser#${fn.checksum}#3`)
    expect(base('cache', 'cluster')).toMatch(/^fcache:\{users:lru_t-cs16#3\.\d+\}$/)
    expect(base('function', 'cluster').replace(/\.\d+\}$/, '}')).toBe(
      `fcache:users:lru_t-cms16:getUser#{${fn.checksum}#3}`,
    )
  })

  test.each(STYLES.filter(({ style }) => style === 'cluster'))(
    'of scope $scope put each shard into its part of the slots',
    ({ scope, style }) => {
      const name = fc.string({ unit: 'binary' }).filter((text) => !/[{}]/.test(text))
      fc.assert(
        fc.property(name, name, fc.integer({ min: 2, max: 64 }), (prefix, cache, shards) => {
          const names = new KeyNames(prefix, cache, 'lru', scope, style, shards)
          const slots = Array.from({ length: shards }, (_, shard) => keySlot(names.pairOf(fn, shard)[0]))
          expect(slots.map((slot) => Math.floor((slot * shards) / 16_384))).toEqual([...slots.keys()])
        }),
      )
    },
  )

  test.each(STYLES.filter(({ style }) => style === 'cluster'))(
    'of scope $scope keep a pair in one slot, with all that is named after it',
    ({ scope, style }) => {
      const name = fc.string({ unit: 'binary' }).filter((text) => !/[{}]/.test(text))
      fc.assert(
        fc.property(
          name,
          name,
          name.filter((text) => text !== ''),
          fc.constantFrom(1, 2, 16, 100),
          (prefix, cache, functionName, shards) => {
            const names = new KeyNames(prefix, cache, 'lru', scope, style, shards)
            const [index, values] = names.pairOf(identityOf(functionName), shards - 1)
            const slots = [index, values, `${values}:expiry`, `${values}:fence`, `${index}:stamps`].map(
              keySlot,
            )
            expect(new Set(slots).size).toBe(1)
          },
        ),
      )
    },
  )

  test.each(STYLES)(
    'of scope $scope, $style, differ where caches, policies or functions do',
    ({ scope, style }) => {
      const pairs = ['a', 'b'].flatMap((cache) =>
        ['lru', 'lru_t'].flatMap((policy) =>
          ['f', 'g'].map(
            (name) => new KeyNames('p:', cache, policy, scope, style).pairOf(identityOf(name))[0],
          ),
        ),
      )
      expect(new Set(pairs).size).toBe(scope === 'function' ? 8 : 4)
    },
  )

  /** Every key that a cache may write to, and every channel that it may subscribe to. */
  function keysOf({ prefix, cache, policy, scope, style, shards, functions }: Cache): string[] {
    const names = new KeyNames(prefix, cache, policy, scope, style, shards)
    const pairs = functions.flatMap((fn) =>
      Array.from({ length: shards }, (_, shard) => names.pairOf(fn, shard)),
    )
    const beside = pairs.flatMap(([index, values]) => [
      ...['stamps', 'functions', 'fence', 'x-m'].map((structure) => `${index}:${structure}`),
      ...['expiry', 'fence', 'fresh', 'tags', 'leases'].map((name) => `${values}:${name}`),
    ])
    return [...pairs.flat(), ...beside, ...(scope === 'function' ? [names.registry] : [])]
  }

  interface Cache {
    readonly prefix: string
    readonly cache: string
    readonly policy: string
    readonly scope: Scope
    readonly style: KeyStyle
    readonly shards: number
    readonly functions: readonly FunctionIdentity[]
  }

  /** Whose key each is, as bytes: a server knows no half characters. Two owners are a fault. */
  function owners(caches: readonly Cache[]): Map<string, string> {
    const found = new Map<string, string>()
    for (const each of caches) {
      const { functions: _, ...parts } = each
      const owner = JSON.stringify(parts)
      for (const key of keysOf(each)) {
        const bytes = Buffer.from(key).toString('latin1')
        if ((found.get(bytes) ?? owner) !== owner) throw new Error(`${key}: ${owner}, ${found.get(bytes)}`)
        found.set(bytes, owner)
      }
    }
    return found
  }

  /** Each scope and style, without shards and with two numbers of them. */
  const KINDS = STYLES.flatMap((each) => [1, 2, 3].map((shards) => ({ ...each, shards })))

  const functionsOf = (...names: readonly string[]) => names.map(identityOf)

  test.each([
    ['a longer prefix', ['fc:t1', '2x', 'lru'], ['fc:t12', 'x', 'lru']],
    ['a prefix of two parts', ['fc:', 't1:x', 'lru'], ['fc:t1:', 'x', 'lru']],
    ['a prefix of the beginning of another', ['fc', ':x', 'lru'], ['fc:', 'x', 'lru']],
    ['a name of two parts', ['fc:', 'a:b', 'c'], ['fc:', 'a', 'b:c']],
    ['half a character in the name', ['fc:', '\ud800', 'lru'], ['fc:', '\udfff', 'lru']],
    ['half a character, and what it becomes', ['fc:', 'a\ud800', 'lru'], ['fc:', 'a\ufffd', 'lru']],
    ['half a character in the prefix', ['\ud800:', 'a', 'lru'], ['\ud801:', 'a', 'lru']],
    ['half a character in the policy', ['fc:', 'a', 'x\udc00'], ['fc:', 'a', 'x\udc01']],
    ['half a character here, half there', ['fc:\ud83d', '\ude00', 'lru'], ['fc:', '\ud83d\ude00', 'lru']],
  ] as const)('of two caches that differ in their parts are never the same: %s', (_, one, other) => {
    const caches = [one, other].flatMap(([prefix, cache, policy]) =>
      KINDS.map((kind) => ({ prefix, cache, policy, ...kind, functions: functionsOf('f') })),
    )
    expect(owners(caches).size).toBe(caches.flatMap(keysOf).length)
  })

  test('of two caches that differ in anything are never the same, whatever they are called', () => {
    // The pieces that key names are made of, cut anywhere.
    const piece = fc.constantFrom(
      ...'a b : # - m c s -m -cm -c -s2 -cs2 -ms3 0 1 2 #0 #1 .0 :0 :1 functions lru fence %'.split(' '),
      ...'\ud800,\udc00,\ufffd,\u0000, '.split(','),
      fn.checksum,
      `#${fn.checksum}`,
      `:f#${fn.checksum}`,
    )
    const text = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''))
    const cuts = fc.tuple(fc.nat(), fc.nat())
    // One text cut at two places, and again elsewhere: most likely to be the same when put together.
    const parts = fc
      .tuple(text, fc.array(cuts, { minLength: 2, maxLength: 4 }), text)
      .map(([all, places, more]) =>
        places.map(([a, b]) => {
          const [from, to] = [a % (all.length + 1), b % (all.length + 1)].sort((x, y) => x - y) as [
            number,
            number,
          ]
          return { prefix: all.slice(0, from), cache: all.slice(from, to), policy: `${all.slice(to)}${more}` }
        }),
      )
    const functions = fc.array(
      text.filter((name) => name !== ''),
      { minLength: 1, maxLength: 2 },
    )
    fc.assert(
      fc.property(parts, functions, (all, names) => {
        owners(
          all.flatMap((each) =>
            KINDS.map((kind) => ({ ...each, ...kind, functions: functionsOf('f', ...names) })),
          ),
        )
      }),
      { numRuns: runs(1_000) },
    )
  })

  test('end with a checksum only where the parts could not be told apart otherwise', () => {
    const baseOf = (prefix: string, cache: string, policy: string, scope: Scope, style: KeyStyle) =>
      new KeyNames(prefix, cache, policy, scope, style).pairOf(fn)[0].slice(0, -2)
    const mark = '#[\\w+/]{22}'
    expect(baseOf('fc:t1', '2x', 'lru', 'cache', 'plain')).toMatch(new RegExp(`^fc:t12x:lru${mark}$`))
    expect(baseOf('fc:', 'a:b', 'lru', 'function', 'plain')).toMatch(
      new RegExp(`^fc:a:b:lru-m${mark}:getUser${mark}$`),
    )
    expect(baseOf('fc', 'a:b', 'lru', 'cache', 'cluster')).toBe('fc{a:b:lru-c}')
    expect(baseOf('fc:', 'a', 'my:lru', 'cache', 'cluster')).toMatch(
      new RegExp(`^fc:\\{a:my:lru-c${mark}\\}$`),
    )
    expect(baseOf('fc:', 'a\ud800', 'lru', 'cache', 'plain')).toMatch(new RegExp(`^fc:a\ufffd:lru${mark}$`))
    expect(baseOf('app:v2:', 'shop/eu-1', 'lru_t', 'cache', 'plain')).toBe('app:v2:shop/eu-1:lru_t')
    expect(baseOf('fc:', 'a', 'lru', 'function', 'plain')).toBe(`fc:a:lru-m:getUser#${fn.checksum}`)
  })

  test('of two versions of a function differ', () => {
    const names = new KeyNames('p:', 'a', 'lru', 'function', 'cluster')
    const one = new FunctionIdentity(() => 1, { name: 'f', version: 1 })
    const other = new FunctionIdentity(() => 1, { name: 'f', version: 2 })
    expect(names.pairOf(one)).not.toEqual(names.pairOf(other))
    expect(names.pairOf(one)).toBe(names.pairOf(one))
  })
})

describe('the pairs that a cache can have made', () => {
  const text = fc.string({ unit: 'binary' }).filter((each) => !/[{}]/.test(each))

  const kinds = STYLES.flatMap((each) => [1, 3].map((shards) => ({ ...each, shards })))

  test.each(kinds)(
    'of scope $scope, $style, $shards, are its own and no other',
    ({ scope, style, shards }) => {
      fc.assert(
        fc.property(text, text, text, text, text, (prefix, cache, otherPrefix, otherCache, functionName) => {
          const names = new KeyNames(prefix, cache, 'lru', scope, style, shards)
          const fn = identityOf(`f${functionName}`)
          const [index, values] = names.pairOf(fn, shards - 1)
          expect(names.canHaveMade([index, values])).toBe(true)
          expect(names.canHaveMade([values, index])).toBe(false)
          expect(names.canHaveMade([index, index])).toBe(false)
          expect(names.canHaveMade([`${index}x`, values])).toBe(false)
          for (const number of [1, 2, 3].filter((each) => each !== shards)) {
            expect(
              new KeyNames(prefix, cache, 'lru', scope, style, number).canHaveMade([index, values]),
            ).toBe(false)
          }
          const other = new KeyNames(otherPrefix, otherCache, 'lru', scope, style, shards)
          const isOther = other.pairOf(fn, shards - 1)[0] !== index
          expect(other.canHaveMade([index, values])).toBe(!isOther)
          expect(names.canHaveMade([names.registry, names.registry])).toBe(false)
        }),
        { numRuns: runs(300) },
      )
    },
  )
})
