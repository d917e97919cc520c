import { expect, test } from 'vitest'
import { OptionError } from '../../src/index.ts'
import { markOf, readStamp, writeStamp } from '../../src/partitions/stamp.ts'

test.each([
  { what: 'nothing', numbers: [] },
  { what: 'numbers', numbers: [1, 1_795_741_594_123_456] },
  { what: 'a number that is not known', numbers: [undefined, 5] },
])('$what comes back as it was', ({ numbers }) => {
  for (const isPartial of [false, true]) {
    const stamp = { numbers: new Map(numbers.map((number, i) => [markOf(`${i}`), number])), isPartial }
    expect(readStamp(writeStamp(stamp))).toEqual(stamp)
  }
})

test.each([
  '',
  '2',
  '1.abc',
  '1.abcdef.',
  '1.abcdef.A',
  '1.abcdef.123456789012',
  'x'.repeat(1_000),
  undefined,
  7,
])('%j is no stamp', (text) => {
  expect(() => readStamp(text as string)).toThrow(OptionError)
})
