// Whether the zstd of the runtime can be relied on.
import { expect, test } from 'vitest'
import { OptionError } from '../../../src/errors.ts'
import { LruTPolicy, MemoryStore, RedisFuncCache } from '../../../src/index.ts'
import { byZstd } from './by-zstd.ts'
import { reliableZstd, type Zstd, zstd } from '../../../src/serializers/envelope/zstd.ts'

test('none is taken that yields what is cut off as if it were the whole', () => {
  const yieldingNothing = { zstdDecompressSync: () => Buffer.alloc(0) } as unknown as Partial<Zstd>
  expect(reliableZstd(yieldingNothing)).toBeUndefined()
  expect(reliableZstd({})).toBeUndefined()
})

test('one is taken that refuses what is cut off', () => {
  const refusing = {
    zstdDecompressSync: () => {
      throw new RangeError('unexpected end of file')
    },
  } as unknown as Partial<Zstd>
  expect(reliableZstd(refusing)).toBe(refusing)
})

test('that of this runtime refuses a compressed text at each length at which it can be cut off', ({
  skip,
}) => {
  const found = zstd()
  skip(found === undefined, `Node ${process.versions.node} has no zstd that can be relied on`)
  const whole = byZstd('a text that repeats itself, '.repeat(100))
  expect(found?.zstdDecompressSync(whole)).toHaveLength(2_800)
  for (let length = 1; length < whole.length; length++) {
    expect(() => found?.zstdDecompressSync(whole.subarray(0, length)), String(length)).toThrow(
      /end of file|buffer error|corrupt/i,
    )
  }
})

test('where there is none, the option says so', ({ skip }) => {
  skip(zstd() !== undefined, 'this Node has zstd that can be relied on')
  const make = () =>
    new RedisFuncCache('zstd', new LruTPolicy(), { store: new MemoryStore(), compress: { format: 'zstd' } })
  expect(make).toThrow(OptionError)
  expect(make).toThrow(/^compress\.format: .*'zstd'.*Node to 24 or newer/)
})
