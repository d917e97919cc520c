import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FunctionIdentity } from '../../src/keys/function-identity.ts'
import { KeyNames, type KeyStyle, type Scope } from '../../src/keys/key-pair.ts'
import { keySlot } from '../../src/redis/key-slot.ts'

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

  test.each(STYLES.filter(({ style }) => style === 'cluster'))(
    'of scope $scope keep a pair in one slot, with all that is named after it',
    ({ scope, style }) => {
      const name = fc.string({ unit: 'binary' }).filter((text) => !/[{}]/.test(text))
      fc.assert(
        fc.property(
          name,
          name,
          name.filter((text) => text !== ''),
          (prefix, cache, functionName) => {
            const names = new KeyNames(prefix, cache, 'lru', scope, style)
            const [index, values] = names.pairOf(identityOf(functionName))
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

  test('of two versions of a function differ', () => {
    const names = new KeyNames('p:', 'a', 'lru', 'function', 'cluster')
    const one = new FunctionIdentity(() => 1, { name: 'f' })
    const other = new FunctionIdentity(() => 2, { name: 'f' })
    expect(names.pairOf(one)).not.toEqual(names.pairOf(other))
    expect(names.pairOf(one)).toBe(names.pairOf(one))
  })
})
